"""``golab validate``: how good the simulator is, on this machine."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lab.cli.catalogue import AsJson
from lab.cli.choices import Calibrates, Costs
from lab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from lab.analysis import Analysis
    from lab.cli.progress import Reporter
    from lab.model.units import Nanos
    from lab.validating import Order, Validated

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
    calibrate: Calibrates = True,
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
    docs: Annotated[
        Path | None,
        typer.Option(
            help="Write accuracy.md, the page about a run of ring 2, and its picture to this folder.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be measured, and do nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure real programs, predict their twins, and tell how far the ones are from the others."""
    from lab import validating
    from lab.pipeline import Means

    kept = "" if held_out is None else validating.HELD_OUT if held_out else validating.DEVELOPMENT
    order = validating.Order(
        kept=kept,
        patterns=tuple(cells or ()),
        replicates=runs,
        max_time=_duration("--max-time", max_time),
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
    patience = _duration("--wait-quiet", wait_quiet) / 1e9
    if ring != "2" and (record is not None or docs is not None or kept):
        raise UsageError(f"--record, --docs, --held-out and --development go with --ring 2, not {ring}")
    if dry_run:
        typer.echo("\n".join(validating.in_words(context.obj, order, ring)))
    elif record is not None:
        found = validating.of_record(context.obj, None if record == "newest" else record, results)
        _tell(found, docs, as_json=as_json)
    elif ring == "1":
        _rules(context.obj, order, patience, as_json=as_json)
    elif ring == "oracle":
        _ends(context.obj, order, patience, as_json=as_json)
    else:
        with _reporting(patience) as reporter:
            measured = validating.programs(context.obj, order, reporter)
        _tell(measured, docs, as_json=as_json)


def _duration(option: str, text: str) -> Nanos:
    from lab.model.units import duration_from_text

    try:
        return duration_from_text(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


@contextlib.contextmanager
def _reporting(patience: float) -> Generator[Reporter]:
    """Whom to tell how far it is; first, whether this machine is too noisy, which is waited for as long as asked."""
    from lab import validating
    from lab.cli.progress import Reporter

    with Reporter() as reporter:
        if noisy := validating.wait_until_quiet(patience, reporter.stage):
            reporter.stage(f"this machine is noisy: {noisy}; --wait-quiet 10m would wait for it")
        yield reporter


def _rules(root: Path | None, order: Order, patience: float, *, as_json: bool) -> None:
    from lab import validating
    from lab.publish_accuracy import rules_result
    from lab.report.rules import rule_lines

    with _reporting(patience) as reporter:
        found = validating.rules(root, order, reporter)
    if as_json:
        typer.echo(rules_result(found.results, found.right, found.times).model_dump_json(indent=1))
    else:
        _print(rule_lines(found.results, found.right, found.times), found.run)
    _end(found.run, holds=all(each.holds for each in found.results))


def _ends(root: Path | None, order: Order, patience: float, *, as_json: bool) -> None:
    from lab import validating
    from lab.publish_accuracy import ends_result
    from lab.report.rules import end_lines

    with _reporting(patience) as reporter:
        found = validating.endings(root, order, reporter)
    if as_json:
        typer.echo(ends_result(found.results).model_dump_json(indent=1))
    else:
        _print(end_lines(found.results), *found.runs)
    _end(*found.runs, holds=not any(each.fails for each in found.results))


def _tell(found: Validated, docs: Path | None, *, as_json: bool) -> None:
    from lab import validating
    from lab.publish_accuracy import accuracy_result
    from lab.report.accuracy import accuracy_lines

    written = [] if docs is None else list(validating.write_page(found, docs))
    if as_json:
        typer.echo(accuracy_result(found.accuracy, found.run.plan.costs_of_run).model_dump_json(indent=1))
    else:
        _print(accuracy_lines(found.accuracy), found.run)
    for path in written:
        typer.echo(f"written: {path}", err=True)
    _end(found.run, holds=True)
    if found.accuracy.unexpected:
        raise typer.Exit(_FAILED)


def _print(lines: Iterable[str], *runs: Analysis) -> None:
    for line in lines:
        typer.echo(line)
    for run in runs:
        for note in run.notes:
            typer.echo(note)


def _end(*runs: Analysis, holds: bool) -> None:
    """With the exit code of an interruption, or of something that is not as predicted."""
    if any(run.stopped_by == "interrupted" for run in runs):
        raise typer.Exit(_INTERRUPTED)
    if not holds:
        raise typer.Exit(_NOT_AS_PREDICTED)
