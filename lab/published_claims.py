"""What ``golab claims --json`` prints, as models whose JSON Schema ``golab schema claims`` publishes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lab.model.claim import Evidence, Register, Standing
from lab.model.outcome import ClaimVerdict, Ruling
from lab.model.rule import Figure

Verdict = Literal["supported", "refuted", "depends", "not decided", "untestable here", "not measured yet"]


class _Published(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ArticleFigure(_Published):
    """The article's figure: as it writes it and, where that is a number or a range, in a unit."""

    text: str
    low: float | None
    high: float | None
    unit: Literal["ns", "bytes", "count"] | None


class RuleVerdict(_Published):
    """What one rule of a claim says."""

    says: str
    verdict: Verdict
    estimate: float | None = Field(
        description="null where there is none, or where it lies beyond what was measured"
    )
    ci: tuple[float | None, float | None] = Field(
        description="95 % confidence interval; null where an end lies beyond what was measured, or where there is none"
    )
    unit: str = Field(description="ns, bytes, count, errno, ratio, slope or share")
    n: int | None = Field(description="processes")
    why: str = Field(description="by which numbers it is supported or refuted; where there is none, why")
    cells: list[str]


class RunUsed(_Published):
    """A run that a claim rests on, and what its rules say of it."""

    scenario: str
    run: str
    date: str
    record: str = Field(description="the folder that holds the run's record")
    engine: str
    cpu: str
    kernel: str
    go: list[str] = Field(description="releases of the cells that the rules look at")
    notes: list[str]
    rules: list[RuleVerdict]


class ClaimStanding(_Published):
    """One claim: its verdict, what it rests on, or the command that would measure it."""

    id: str
    section: str
    statement: str
    figure: ArticleFigure | None
    verdict: Verdict
    why: str
    scenarios: list[str]
    rests_on: list[RunUsed]
    command: str = Field(description="what measures it, or empty")
    needs: str = Field(description="what a machine must have for that, or empty")


class ClaimsResult(_Published):
    """``golab claims --json``."""

    format: Literal[1]
    article_go: str
    nearest_go: str = Field(description="the release nearest to the article's that is to be had")
    sections: dict[str, str]
    claims: list[ClaimStanding]
    counts: dict[Verdict, int]
    passed_over: list[str] = Field(description="runs that could not be used, and why")


def claims_result(
    register: Register, standings: Sequence[Standing], passed_over: Sequence[str]
) -> ClaimsResult:
    """Standings in their published form."""
    count = Counter(standing.verdict for standing in standings)
    return ClaimsResult(
        format=1,
        article_go=register.go,
        nearest_go=register.nearest_go,
        sections=dict(register.sections),
        claims=[_standing(each) for each in standings],
        counts={verdict.value: count[verdict] for verdict in ClaimVerdict},
        passed_over=list(passed_over),
    )


def _standing(standing: Standing) -> ClaimStanding:
    claim = standing.claim
    return ClaimStanding(
        id=claim.id,
        section=claim.section,
        statement=claim.statement,
        figure=_figure(claim.figure) if claim.figure else None,
        verdict=standing.verdict.value,
        why=standing.why,
        scenarios=list(claim.scenarios),
        rests_on=[_run(each) for each in standing.rests_on],
        command=standing.command,
        needs=claim.needs,
    )


def _figure(figure: Figure) -> ArticleFigure:
    return ArticleFigure(text=figure.text, low=figure.low, high=figure.high, unit=figure.unit)


def _run(evidence: Evidence) -> RunUsed:
    run = evidence.run
    return RunUsed(
        scenario=evidence.scenario,
        run=run.run,
        date=run.date,
        record=run.folder,
        engine=run.engine,
        cpu=run.cpu,
        kernel=run.kernel,
        go=list(run.go),
        notes=list(run.notes),
        rules=[_rule(each) for each in evidence.judged.rulings],
    )


def _rule(ruling: Ruling) -> RuleVerdict:
    found = ruling.estimate
    return RuleVerdict(
        says=ruling.says,
        verdict=ruling.verdict.value,
        estimate=_finite(found.value) if found else None,
        ci=(_finite(found.low), _finite(found.high)) if found else (None, None),
        unit=ruling.unit,
        n=found.n if found else None,
        why=ruling.why,
        cells=list(ruling.cells),
    )


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None
