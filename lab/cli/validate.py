"""``golab validate``: how good the simulator is, on this machine."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lab.cli.choices import Costs
from lab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.analysis import Analysis
    from lab.validating import Validated

_INTERRUPTED = 130
_FAILED = 6
_NOT_AS_PREDICTED = 1
_DEFAULT_MAX_TIME = "60m"


def validate(
    context: typer.Context,
    *,
    ring: Annotated[
        Literal["1", "2", "oracle"],
        typer.Option(help="1: rules of the runtime; 2: times of whole programs; oracle: how programs end."),
    ] = "2",
    held_out: Annotated[
        bool | None,
        typer.Option(
            "--held-out/--development",
            help="Only the programs that are kept from the model's makers, or only the others.",
            show_default=False,
        ),
    ] = None,
    cells: Annotated[
        list[str] | None, typer.Option(help="Only cells whose id matches this pattern.", show_default=False)
    ] = None,
    engine: Annotated[Literal["auto", "docker", "host"], typer.Option(help="Where programs run.")] = "auto",
    runs: Annotated[int | None, typer.Option(min=1, help="Replicates a cell.", show_default=False)] = None,
    max_time: Annotated[
        str, typer.Option(help="Stop measuring after this long, such as 90s or 5m.")
    ] = _DEFAULT_MAX_TIME,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the order and of the simulation (default: a fresh one).")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A quarter of the cells, few replicates.")] = False,
    costs: Costs = "auto",
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate/--no-calibrate", help="Measure first what is missing of this machine's costs."
        ),
    ] = True,
    foreign_costs: Annotated[
        bool,
        typer.Option(
            "--foreign-costs", help="Use a --costs FILE of another machine all the same; it is labelled."
        ),
    ] = False,
    wait: Annotated[bool, typer.Option(help="Wait for another golab that measures on this machine.")] = True,
    wait_quiet: Annotated[
        str, typer.Option(help="Wait so long at most until nothing else uses this machine, such as 10m.")
    ] = "0s",
    record: Annotated[
        str | None,
        typer.Option(
            help="Measure nothing: tell of this earlier validation (newest: the newest).", show_default=False
        ),
    ] = None,
    results: Annotated[
        Path | None, typer.Option(help="Where records are and go.", show_default=False)
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be measured, and do nothing.")
    ] = False,
) -> None:
    """Measure real programs, predict their twins, and tell how far the ones are from the others."""
    from lab import validating
    from lab.cli.progress import Reporter
    from lab.model.units import duration_from_text
    from lab.pipeline import Means
    from lab.report.rules import end_lines, rule_lines

    try:
        limit, patience = duration_from_text(max_time), duration_from_text(wait_quiet)
    except ValueError as error:
        raise UsageError(f"--max-time or --wait-quiet: {error}") from None
    kept = "" if held_out is None else validating.HELD_OUT if held_out else validating.DEVELOPMENT
    order = validating.Order(
        kept=kept,
        patterns=tuple(cells or ()),
        replicates=runs,
        max_time=limit,
        seed=secrets.randbelow(2**32) if seed is None else seed,
        quick=quick,
        means=Means(
            engine=engine,
            results=results,
            wait=wait,
            costs=costs,
            calibrate=calibrate,
            foreign_costs=foreign_costs,
        ),
    )
    if dry_run:
        typer.echo("\n".join(validating.in_words(context.obj, order, ring)))
        return
    if record is not None:
        if ring != "2":
            raise UsageError(f"--record goes with --ring 2, not {ring}")
        _tell(validating.of_record(context.obj, None if record == "newest" else record, results))
        return
    failed = False
    with Reporter() as reporter:
        if noisy := validating.wait_until_quiet(patience / 1e9, reporter.stage):
            reporter.stage(f"this machine is noisy: {noisy}; --wait-quiet 10m would wait for it")
        match ring:
            case "1":
                ruled = validating.rules(context.obj, order, reporter)
                _print(rule_lines(ruled.results, ruled.times), ruled.run)
                failed = not all(each.holds for each in ruled.results)
            case "oracle":
                ended = validating.endings(context.obj, order, reporter)
                _print(end_lines(ended.results), *ended.runs)
                failed = not all(each.holds for each in ended.results)
            case "2":
                _tell(validating.programs(context.obj, order, reporter))
    if failed:
        raise typer.Exit(_NOT_AS_PREDICTED)


def _print(lines: Iterable[str], *runs: Analysis) -> None:
    for line in lines:
        typer.echo(line)
    for run in runs:
        for note in run.notes:
            typer.echo(note)
    if any(run.stopped_by == "interrupted" for run in runs):
        raise typer.Exit(_INTERRUPTED)


def _tell(found: Validated) -> None:
    from lab.report.accuracy import accuracy_lines

    _print(accuracy_lines(found.accuracy), found.run)
    if found.accuracy.unexpected:
        raise typer.Exit(_FAILED)
