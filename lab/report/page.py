"""A run as a page: what stands where, in words and pictures, before anybody makes HTML of it.

Theory of operation
-------------------
:class:`Told` is all that the page knows, filled by the caller from a record; :func:`page_of` is a pure function of it,
so the same record gives the same bytes: no clock, no random ids, and nothing of where the record lies. Texts are
plain here and escaped where they become HTML; pictures are markup already, with their own texts escaped.
"""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lab.model.dump import CellDump
from lab.model.outcome import CellSummary, ClaimVerdict, Judged, MeasuredMetric, Outcome
from lab.model.quality import Quality
from lab.model.run import Plan
from lab.model.scenario import GO_RELEASE, Scenario
from lab.model.units import duration_to_text
from lab.report import view
from lab.report.axis import Axis
from lab.report.badge import MEANINGS, Badge, badge_of, outcome_badge
from lab.report.course import LookedView, looked_view
from lab.report.dump import dump_lines
from lab.report.metric import MetricView, Points, metric_view
from lab.report.quality import quality_lines
from lab.report.svg import ForestLine, Picture, Words, forest, ratio_axis, small_ratio
from lab.report.text import counted
from lab.report.words import comparison_words

_URGENCY: Final = ("disagrees", "inconclusive", "no-ratio", "agrees", "not-predicted")
"""The verdicts, by how soon a reader has to see them."""
_CLAIM_KINDS: Final = {
    ClaimVerdict.SUPPORTED: "agrees",
    ClaimVerdict.REFUTED: "disagrees",
    ClaimVerdict.DEPENDS: "inconclusive",
    ClaimVerdict.NOT_DECIDED: "inconclusive",
    ClaimVerdict.UNTESTABLE: "none",
    ClaimVerdict.NOT_MEASURED: "none",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A run, as a page needs it. ``facts`` are the set-up's; ``points`` each metric's values by position in the run."""

    plan: Plan
    title: str
    scenarios: Mapping[str, Scenario]
    cells: tuple[CellSummary, ...]
    claims: tuple[Judged, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    points: Mapping[tuple[str, str], Points]
    quality: Quality | None = None
    begun_ns: int | None = None
    ended_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One metric of one cell. The fields that end in ``key`` are what a column is sorted by."""

    cell: str
    metric: MetricView
    cell_anchor: str
    n_key: int
    verdict_key: int
    measured_key: str
    predicted_key: str
    ratio_key: str
    margin: str
    margin_key: str
    small: Picture | None
    badge: Badge


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpView:
    """Where a cell's goroutines were when its first replicate was stuck: a title, what Go said before, a line each."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRow:
    """How the processes of one cell end, measured and predicted; in the table of metrics, under a name of its own."""

    cell: str
    cell_anchor: str
    name: str
    measured: str
    n: int
    predicted: str
    margin: str
    margin_key: str
    verdict_key: int
    badge: Badge


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """One cell's section."""

    id: str
    anchor: str
    levels: str
    outcomes: str
    is_unusual: bool
    ending: str
    dump: DumpView | None
    looked: LookedView | None
    forest: Picture | None
    metrics: tuple[MetricView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimView:
    """A claim with its verdict."""

    claim: Judged
    badge: Badge


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many rows have a verdict."""

    badge: Badge
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The whole page, from top to bottom."""

    title: str
    subtitle: str
    asks: str
    look_for: str
    warnings: tuple[str, ...]
    conclusion: str
    quality: tuple[str, ...]
    tallies: tuple[Tally, ...]
    outcomes: tuple[OutcomeRow, ...]
    rows: tuple[TableRow, ...]
    reasons: tuple[tuple[str, str], ...]
    claims: tuple[ClaimView, ...]
    failures: tuple[str, ...]
    excluded: tuple[str, ...]
    cautions: tuple[str, ...]
    cells: tuple[CellView, ...]
    correlation: str
    setup: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    command: str
    run: str
    meanings: tuple[tuple[Badge, str], ...]


def page_of(told: Told) -> Page:
    """Everything that the page says, in its order."""
    cells = tuple(_cell(told, number, cell) for number, cell in enumerate(told.cells, start=1))
    rows = _rows(told, cells)
    outcomes = _outcomes(told.cells, cells)
    claims, other_claims = view.measured_claims(told.claims)
    return Page(
        title=told.title,
        subtitle=_subtitle(told),
        asks="\n\n".join(scenario.blocks for scenario in told.scenarios.values()),
        look_for="\n\n".join(scenario.look_for for scenario in told.scenarios.values()),
        warnings=told.warnings,
        conclusion=f"{view.conclusion(told.cells)}.",
        quality=tuple(quality_lines(told.quality)) if told.quality else (),
        tallies=_tallies([*(each.badge for each in outcomes), *(each.badge for each in rows)]),
        outcomes=outcomes,
        rows=rows,
        reasons=tuple(
            (reason, counted(count, "line")) for reason, count in view.not_predicted(told.cells).items()
        ),
        claims=tuple(
            ClaimView(claim=each, badge=badge_of(_CLAIM_KINDS[each.verdict], each.verdict.value))
            for each in claims
        ),
        failures=view.failures(told.cells),
        excluded=tuple(
            f"{cell.id}: {counted(count, 'replicate')} excluded: {reason}"
            for cell in told.cells
            for reason, count in cell.excluded.items()
        ),
        cautions=view.cautions(told.cells),
        cells=cells,
        correlation=view.effective_n(told.cells),
        setup=_setup(told),
        facts=told.facts,
        notes=(*([other_claims] if other_claims else []), *told.notes),
        command=shlex.join(("golab", *told.plan.asked)),
        run=told.plan.run,
        meanings=tuple((badge_of(word, word), meaning) for word, meaning in MEANINGS.items()),
    )


def _cell(told: Told, number: int, cell: CellSummary) -> CellView:
    anchor = f"c{number}"
    titles = {metric.name: metric.title for metric in told.scenarios[cell.scenario].every_metric}
    lines = [
        ForestLine(view.metric_name(metric.name, metric.statistic), metric.comparison)
        for metric in cell.metrics
        if metric.comparison
    ]
    words = Words(
        title=f"Ratios of {cell.id}, measured over predicted",
        content=". ".join(f"{line.label}: {comparison_words(line.comparison)}" for line in lines),
    )
    return CellView(
        id=cell.id,
        anchor=anchor,
        levels=view.levels_text(cell.levels),
        outcomes=", ".join(f"{count} {ending}" for ending, count in cell.outcomes.items())
        or "no replicate ran",
        is_unusual=bool(cell.unexpected),
        ending=view.outcome_sentence(cell.told_outcome) if cell.told_outcome else "",
        dump=_dump(cell.dump) if cell.dump else None,
        looked=looked_view(cell.id, cell.looked) if cell.looked else None,
        forest=forest(words, lines) if lines else None,
        metrics=tuple(
            metric_view(
                metric,
                cell=cell.id,
                anchor=f"{anchor}m{at}",
                title=titles[metric.name],
                points=told.points.get((cell.id, metric.name), ()),
                turns=len(told.plan.turns),
            )
            for at, metric in enumerate(cell.metrics, start=1)
        ),
    )


def _dump(found: CellDump) -> DumpView:
    title = f"Goroutines of the first replicate that ended in {found.ending}: {counted(found.digest.count, 'goroutine')}"
    return DumpView(
        title=title, lines=(*dump_lines(found.digest), f"the text is {found.file} in the record's folder")
    )


def _rows(told: Told, cells: Sequence[CellView]) -> tuple[TableRow, ...]:
    axis = ratio_axis(
        metric.comparison for cell in told.cells for metric in cell.metrics if metric.comparison
    )
    rows = (
        _row(shown, metric, found, axis)
        for shown, cell in zip(cells, told.cells, strict=True)
        for metric, found in zip(shown.metrics, cell.metrics, strict=True)
    )
    return tuple(
        sorted(rows, key=lambda row: row.verdict_key)
    )  # what has to be seen first; else cell by cell


def _row(cell: CellView, metric: MetricView, found: MeasuredMetric, axis: Axis) -> TableRow:
    comparison = found.comparison
    words = Words("Ratio and margin", comparison_words(comparison)) if comparison else None
    badge = metric.badge
    return TableRow(
        cell=cell.id,
        metric=metric,
        cell_anchor=cell.anchor,
        n_key=found.processes,
        verdict_key=_URGENCY.index(badge.kind),
        measured_key=_key(found.estimate.value if found.estimate else None),
        predicted_key=_key(found.prediction.value if found.prediction else None),
        ratio_key=_key(comparison.ratio if comparison else None),
        margin=_percent(comparison.margin) if comparison else "",
        margin_key=_key(comparison.margin if comparison else None),
        small=small_ratio(words, comparison, axis) if words and comparison else None,
        badge=badge,
    )


def _outcomes(cells: Sequence[CellSummary], shown: Sequence[CellView]) -> tuple[OutcomeRow, ...]:
    """Those that are worth a line, what has to be seen first at the top."""
    rows = (
        _outcome_row(cell, seen, found)
        for cell, seen in zip(shown, cells, strict=True)
        if (found := seen.told_outcome)
    )
    return tuple(sorted(rows, key=lambda row: row.verdict_key))


def _outcome_row(cell: CellView, seen: CellSummary, found: Outcome) -> OutcomeRow:
    badge = outcome_badge(found)
    return OutcomeRow(
        cell=seen.id,
        cell_anchor=cell.anchor,
        name=view.ENDING,
        measured=view.ends_text(found.measured),
        n=sum(found.measured.values()),
        predicted=view.ends_text(found.predicted) if found.predicted else "",
        margin=_percent(found.margin) if found.margin else "",
        margin_key=_key(found.margin),
        verdict_key=_URGENCY.index(badge.kind),
        badge=badge,
    )


def _percent(margin: float) -> str:
    return f"± {margin:.0%}".replace("%", " %")


def _tallies(found: Sequence[Badge]) -> tuple[Tally, ...]:
    badges = [badge_of(word, word) for word in MEANINGS]
    return tuple(
        Tally(badge=badge, count=count)
        for badge in badges
        if (count := sum(each.kind == badge.kind for each in found))
    )


def _key(value: float | None) -> str:
    """A number as a script reads it; nothing where there is none."""
    return "" if value is None else f"{value:.6g}"


def _subtitle(told: Told) -> str:
    plan = told.plan
    quick = ", quick" if plan.quick else ""
    when = ""
    if told.begun_ns is not None and told.ended_ns is not None:
        begun = dt.datetime.fromtimestamp(told.begun_ns // 10**9, tz=dt.UTC)
        when = f", measured {begun:%Y-%m-%d %H:%M} UTC in {duration_to_text(told.ended_ns - told.begun_ns)}"
    return f"{plan.scenario} on engine {plan.engine}, seed {plan.seed}{quick}{when}"


def _planned(plan: Plan) -> str:
    least, most = plan.replicates, plan.most_replicates
    return f"{least} of each cell planned" if least == most else f"{least} to {most} of each cell planned"


def _setup(told: Told) -> tuple[tuple[str, str], ...]:
    """What a reader asks for first; everything else is below it."""
    plan, facts = told.plan, dict(told.facts)
    measured = sum(sum(cell.outcomes.values()) for cell in told.cells)
    images = dict.fromkeys(cell.image for cell in plan.cells if cell.image and cell.engine != "host")
    engine = " ".join(filter(None, (plan.engine, facts.get("engine.version", ""))))
    cpus = facts.get("machine.cpu.count")
    found = {
        "run": plan.run,
        "replicates": f"{measured}, {_planned(plan)}, {counted(len(plan.cells), 'cell')}, order shuffled in blocks by seed {plan.seed}",
        "Go": ", ".join(dict.fromkeys(cell.levels.get(GO_RELEASE, "?") for cell in plan.cells)),
        "engine": engine,
        "image": ", ".join(images),
        "base": facts.get("base.image", ""),
        "kernel": facts.get("machine.kernel.release", ""),
        "CPU": f"{facts.get('machine.cpu.model', '?')}, {cpus} online" if cpus else "",
        "virtualisation": facts.get("machine.virtualisation", ""),
        "THP": facts.get("machine.thp.enabled", ""),
        "clock source": facts.get("machine.clock_source", ""),
        "manifest": ", ".join(f"sha256:{digest}" for digest in plan.manifests.values()),
    }
    return tuple((name, value) for name, value in found.items() if value)
