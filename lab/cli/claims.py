"""``golab claims``: how every claim of the article stands by what was measured here."""

from __future__ import annotations

import secrets
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lab.cli.run import DEFAULT_MAX_TIME, INTERRUPTED
from lab.cli.runs import Results
from lab.errors import UnknownNameError, UsageError
from lab.model.matrix import matches_any

if TYPE_CHECKING:
    from lab.evidence import Standings
    from lab.model.claim import Register, RegisteredClaim
    from lab.model.scenario import Scenario
    from lab.report.terminal import ClaimPage


def claims(
    context: typer.Context,
    *,
    only: Annotated[
        list[str] | None, typer.Option(help="Only claims whose id matches this pattern, such as '4.3*'.")
    ] = None,
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Measure again every scenario that has rules for these claims.")
    ] = False,
    engine: Annotated[
        Literal["auto", "docker", "host"], typer.Option(help="Where --rerun runs programs.")
    ] = "auto",
    results: Results = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, as `golab schema claims` documents it.")
    ] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
) -> None:
    """Every claim of the article, with a verdict by this machine's own measurements."""
    from lab import evidence, pipeline
    from lab.host import environment

    if as_json and as_markdown:
        raise UsageError("--json and --markdown are two forms of the same", hint="leave one of them out")
    register, scenarios = pipeline.open_register(context.obj)
    wanted = _wanted(register, only or [])
    if rerun:
        for name in _to_measure(wanted, scenarios):
            _measure(context.obj, name, engine, results)
    found = evidence.stand(
        wanted,
        scenarios,
        pipeline.open_store(context.obj, results),
        cpu=environment.cpu()["model"] or "unknown",
        options=f" --results {shlex.quote(str(results))}" if results else "",
    )
    if as_json:
        from lab.published_claims import claims_result

        result = claims_result(register, found.standings, found.passed_over)
        typer.echo(result.model_dump_json(indent=1))
    elif as_markdown:
        from lab.report.claims import markdown

        typer.echo(markdown(register, found.standings, found.passed_over))
    else:
        from lab.report.terminal import show_claims

        show_claims(_page(register, found), sys.stdout)


def _wanted(register: Register, patterns: Sequence[str]) -> tuple[RegisteredClaim, ...]:
    """The claims that the patterns name, all without any. UnknownNameError for a pattern that names none."""
    ids = [claim.id for claim in register.claims]
    for pattern in patterns:
        if not any(matches_any(each, [pattern]) for each in ids):
            raise UnknownNameError("claim", pattern, ids)
    return tuple(claim for claim in register.claims if not patterns or matches_any(claim.id, patterns))


def _to_measure(wanted: Sequence[RegisteredClaim], scenarios: Mapping[str, Scenario]) -> tuple[str, ...]:
    """The scenarios that have rules for these claims. UsageError where there is none."""
    ids = {claim.id for claim in wanted}
    names = tuple(
        name for name, scenario in scenarios.items() if any(claim.id in ids for claim in scenario.claims)
    )
    if not names:
        raise UsageError(
            "--rerun: no scenario here has a rule for these claims", hint="golab claims says what is missing"
        )
    return names


def _measure(
    root: Path | None, name: str, engine: Literal["auto", "docker", "host"], results: Path | None
) -> None:
    """A run of a scenario's default cells; an interruption ends the command."""
    from lab import pipeline
    from lab.bench.selection import Request
    from lab.cli.progress import Reporter
    from lab.model.matrix import Selector
    from lab.model.units import duration_from_text

    order = pipeline.Order(
        scenario=name,
        request=Request(lists={}, selector=Selector(), quick=False),
        replicates=None,
        max_time=duration_from_text(DEFAULT_MAX_TIME),
        seed=secrets.randbelow(2**32),
        means=pipeline.Means(engine=engine, results=results),
    )
    with Reporter() as reporter:
        reporter.stage(f"measuring {name}")
        if pipeline.run(root, order, reporter).stopped_by == "interrupted":
            raise typer.Exit(INTERRUPTED)


def _page(register: Register, found: Standings) -> ClaimPage:
    from lab.report.claims import go_in_words, lines_of, numbered, runs_in_words, summary
    from lab.report.terminal import ClaimPage

    numbers = numbered(found.standings)
    by_section = {
        section: [lines_of(each, numbers) for each in found.standings if each.claim.section == section]
        for section in register.sections
    }
    go = go_in_words(register, found.standings)
    return ClaimPage(
        sections=[
            (f"{section} {title}", by_section[section])
            for section, title in register.sections.items()
            if by_section[section]
        ],
        notes=[*runs_in_words(found.standings), *([go] if go else [])],
        warnings=found.passed_over,
        summary=summary(found.standings),
    )
