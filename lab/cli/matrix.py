"""``golab matrix``: an experiment over scenarios and factors as one plan, one order, one record."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from lab.cli import completion, resume
from lab.cli.choices import Base, Calibrates, Costs, TuneHost
from lab.cli.compare import Check
from lab.errors import UsageError

if TYPE_CHECKING:
    from lab.estimating import Estimated
    from lab.experiment import Experiment

_LONG_NS: Final = 3600 * 10**9
"""What takes longer than this is not begun without being told twice."""

app = typer.Typer(help="An experiment over scenarios and factors as one plan.", no_args_is_help=True)

File = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="A matrix: its file, or its name in experiments/.",
        autocompletion=completion.matrices,
    ),
]
Results = Annotated[
    Path | None, typer.Option(help="Where records go (default: results/ of the lab, else ./golab-results).")
]


@app.callback()
def group() -> None:
    """An experiment over scenarios and factors as one plan, one order, one record."""


@app.command("plan")
def plan(context: typer.Context, name: File, *, results: Results = None) -> None:
    """Say what a matrix would measure and how long that takes; nothing is built, fetched, started or written."""
    from lab import pipeline
    from lab.planning import in_words

    wanted, found = pipeline.plan_matrix(context.obj, name, results)
    typer.echo(wanted.title)
    for line in in_words(wanted):
        typer.echo(line)
    typer.echo(_in_words(wanted, found))


@app.command("run")
def run(
    context: typer.Context,
    name: File,
    *,
    engine: Annotated[
        Literal["auto", "docker", "host"],
        typer.Option(help="Where cells run that name no engine, and builds."),
    ] = "auto",
    base: Base = "auto",
    tune_host: TuneHost = False,
    results: Results = None,
    wait: Annotated[bool, typer.Option(help="Wait for another golab that measures on this machine.")] = True,
    costs: Costs = "auto",
    calibrate: Calibrates = True,
    yes: Annotated[bool, typer.Option("--yes", help="Begin also what takes long.")] = False,
    check: Check = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, as `golab schema run` documents it.")
    ] = False,
) -> None:
    """Measure a matrix: every cell in one shuffled order, a table, one record, one page."""
    from lab import pipeline
    from lab.cli.progress import Reporter
    from lab.cli.run import tell

    wanted, found = pipeline.plan_matrix(context.obj, name, results)
    if not yes:
        _refuse_long(wanted, found)
    means = pipeline.Means(
        engine=engine,
        results=results,
        wait=wait,
        costs=costs,
        calibrate=calibrate,
        base=base,
        tune_host=tune_host,
    )
    with Reporter() as reporter:
        reporter.stage(_in_words(wanted, found))
        finished = pipeline.run_matrix(context.obj, name, means, reporter)
    tell(finished, as_json=as_json, check=check)


@app.command("resume")
def resume_run(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="FILE|RUN",
            help="A matrix, whose newest run that did not come to its end is gone on with; or a run.",
            autocompletion=completion.matrices,
        ),
    ],
    *,
    results: Results = None,
    wait: resume.Wait = True,
    max_time: resume.MaxTime = None,
    check: Check = False,
    as_json: resume.Json = False,
) -> None:
    """Go on with a matrix that was stopped: what is missing of its plan is measured, nothing twice."""
    from lab import resuming
    from lab.cli.progress import Reporter
    from lab.cli.run import tell

    order = resume.order(results, max_time, None, wait=wait)
    with Reporter() as reporter:
        finished = resuming.resume_matrix(context.obj, name, order, reporter)
    tell(finished, as_json=as_json, check=check)


@app.command("report")
def report(
    context: typer.Context,
    name: File,
    *,
    results: Results = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, as `golab schema run` documents it.")
    ] = False,
) -> None:
    """The newest run of a matrix: its table again, and its page written anew."""
    from lab import pipeline, reported
    from lab.analysis import analyse
    from lab.cli.compare import run_page
    from lab.publish import run_result
    from lab.report.terminal import show_run

    folder = pipeline.newest_of_matrix(context.obj, name, results)
    found = analyse(folder)
    page = folder.keep_report(reported.report(folder, found))
    if as_json:
        typer.echo(run_result(found).model_dump_json(indent=1))
        return
    show_run(run_page(found), found.cells, sys.stdout)
    typer.echo(f"report: {page}")


def _refuse_long(wanted: Experiment, found: Estimated) -> None:
    """UsageError for what its budget would cut off, and for what takes longer than an hour."""
    from lab.model.units import long_duration_to_text

    if not found.unbounded and found.total > wanted.max_time:
        raise UsageError(
            f"{_in_words(wanted, found)}: that would end it after {wanted.max_time / found.total:.0%} of it",
            hint="raise the budget, take cells or replicates away, or begin all the same with --yes",
        )
    longest = min(found.total, wanted.max_time)
    if longest > _LONG_NS:
        raise UsageError(
            f"{_in_words(wanted, found)}: it may take {long_duration_to_text(longest)}",
            hint="--yes begins it",
        )


def _in_words(wanted: Experiment, found: Estimated) -> str:
    from lab.model.units import long_duration_to_text
    from lab.report.text import counted

    runs = counted(found.runs, "earlier run")
    if found.unbounded:
        about = "at most"
        basis = (
            f"nothing like {found.unbounded} of the cells ever ran here: these count with their time limit"
        )
    elif found.unknown:
        about = "about"
        basis = f"by {runs}; {found.unknown} cells that never ran count as others of their scenario"
    else:
        about, basis = "about", f"by {runs}"
    return (
        f"{counted(found.cells, 'cell')} of {counted(wanted.replicates, 'replicate')} take {about}"
        f" {long_duration_to_text(found.total)} of programs ({basis}); budget {long_duration_to_text(wanted.max_time)}"
    )
