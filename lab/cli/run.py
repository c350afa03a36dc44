"""``golab run``: measure."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lab.cli import completion
from lab.cli.choices import (
    Base,
    Calibrates,
    Costs,
    Cpusets,
    Folders,
    Gomaxprocs,
    HugePages,
    Memories,
    Only,
    Quotas,
    Releases,
    Sets,
    Settings,
    Skip,
    TransparentHugePages,
    TuneHost,
    With,
    request,
)
from lab.cli.compare import Check, exit_code, run_page
from lab.errors import UsageError

if TYPE_CHECKING:
    from lab.analysis import Analysis

INTERRUPTED = 130
RUNS_FAILED = 6
DEFAULT_MAX_TIME = "10m"

app = typer.Typer(help="Render, build, run and record.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Render, build, run and record."""


@app.command("scenario")
def scenario(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(help="The scenario; see `golab list`.", autocompletion=completion.scenarios)
    ],
    *,
    gomaxprocs: Gomaxprocs = None,
    go: Releases = None,
    quota: Quotas = None,
    cpuset: Cpusets = None,
    memory: Memories = None,
    godebug: Settings = None,
    thp: TransparentHugePages = None,
    hugepages: HugePages = None,
    fs: Folders = None,
    instruments: With = None,
    sets: Sets = None,
    only: Only = None,
    skip: Skip = None,
    runs: Annotated[
        int | None, typer.Option(min=1, help="Replicates a cell (default: the manifest's).")
    ] = None,
    max_time: Annotated[
        str, typer.Option(help="Stop measuring after this long, such as 90s or 5m.")
    ] = DEFAULT_MAX_TIME,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the order (default: a fresh one, recorded).")
    ] = None,
    engine: Annotated[Literal["auto", "docker", "host"], typer.Option(help="Where programs run.")] = "auto",
    base: Base = "auto",
    tune_host: TuneHost = False,
    results: Annotated[
        Path | None,
        typer.Option(help="Where records go (default: results/ of the lab, else ./golab-results)."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="The manifest's quick cells, few replicates.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Wait for another golab that measures on this machine.")] = True,
    costs: Costs = "auto",
    calibrate: Calibrates = True,
    check: Check = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, as `golab schema run` documents it.")
    ] = False,
) -> None:
    """Measure a scenario: a real Go program in every cell, a table, a record."""
    from lab import pipeline
    from lab.cli.progress import Reporter
    from lab.model.units import duration_from_text

    try:
        limit = duration_from_text(max_time)
    except ValueError as error:
        raise UsageError(f"--max-time: {error}") from None
    order = pipeline.Order(
        scenario=name,
        request=request(
            given={
                "gomaxprocs": gomaxprocs,
                "go": go,
                "quota": quota,
                "cpuset": cpuset,
                "memory": memory,
                "godebug": godebug,
                "thp": thp,
                "hugetlb": hugepages,
                "fs": fs,
                "with": instruments,
            },
            sets=sets,
            only=only,
            skip=skip,
            quick=quick,
            tuned=tune_host,
        ),
        replicates=runs,
        max_time=limit,
        seed=secrets.randbelow(2**32) if seed is None else seed,
        means=pipeline.Means(
            engine=engine,
            results=results,
            wait=wait,
            costs=costs,
            calibrate=calibrate,
            base=base,
            tune_host=tune_host,
        ),
    )
    if dry_run:
        refuse_json(as_json=as_json)
        typer.echo("\n".join(pipeline.foretell_run(context.obj, order)))
        return
    with Reporter() as reporter:
        finished = pipeline.run(context.obj, order, reporter)
    tell(finished, as_json=as_json, check=check)


def refuse_json(*, as_json: bool) -> None:
    """UsageError where what --dry-run says is asked for as JSON."""
    if as_json:
        raise UsageError(
            "--dry-run says in words what would be done: there is no JSON of it",
            hint="leave out one of them",
        )


def tell(finished: Analysis, *, as_json: bool, check: bool) -> None:
    """Print a run and end with its exit code: interrupted, replicates that failed, and with *check* the verdicts."""
    from lab.publish import run_result
    from lab.report import view
    from lab.report.terminal import show_run
    from lab.store import RunFolder

    if as_json:
        typer.echo(run_result(finished).model_dump_json(indent=1))
    else:
        show_run(run_page(finished), finished.cells, sys.stdout)
        typer.echo(f"report: {RunFolder(finished.folder).report}")
    if finished.stopped_by == "interrupted":
        raise typer.Exit(INTERRUPTED)
    if view.failures(finished.cells):
        raise typer.Exit(RUNS_FAILED)
    if check and (code := exit_code(view.verdicts(finished.cells))):
        raise typer.Exit(code)
