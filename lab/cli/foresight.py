"""``golab predict`` and ``golab calibrate``: what will happen, and what things cost here."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from lab.cli import completion
from lab.cli.choices import (
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
    request,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def predict(
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
    sets: Sets = None,
    only: Only = None,
    skip: Skip = None,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 1,
    costs: Costs = "auto",
    as_json: AsJson = False,
) -> None:
    """The prediction alone: needs neither Docker nor Go."""
    from lab import pipeline
    from lab.analysis import costs_note
    from lab.costing import costs_used
    from lab.report.terminal import Page, show_prediction

    chosen = request(
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
        },
        sets=sets,
        only=only,
        skip=skip,
    )
    foreseen = pipeline.predict_only(context.obj, name, chosen, costs=costs, seed=seed)
    if as_json:
        from lab.publish import cell_results, costs_result
        from lab.published import PredictResult

        result = PredictResult(
            format=1,
            scenario=name,
            cells=cell_results(foreseen.cells),
            costs=costs_result(costs_used(foreseen.costs)),
        )
        typer.echo(result.model_dump_json(indent=1))
        return
    title = f"{foreseen.title}\n{name}, predicted only, seed {seed}"
    show_prediction(
        Page(title=title, notes=(costs_note(costs_used(foreseen.costs)),)),
        foreseen.cells,
        sys.stdout,
    )


def calibrate(
    context: typer.Context,
    *,
    engine: Annotated[Literal["auto", "docker", "host"], typer.Option(help="Where programs run.")] = "auto",
    go: Annotated[
        str | None,
        typer.Option("--go", help="A Go release; else the one that golab uses.", show_default=False),
    ] = None,
    cpuset: Annotated[
        str, typer.Option(help="CPUs to use, such as 0 or 0-1; a calibration of its own.", show_default=False)
    ] = "",
    groups: Annotated[
        str | None,
        typer.Option(help="Only these groups of primitives, separated by commas.", show_default=False),
    ] = None,
    rounds: Annotated[int, typer.Option(help="Fresh processes of each group.", min=2, max=100)] = 16,
    accept_drift: Annotated[
        bool,
        typer.Option(
            "--accept-drift", help="Keep it even if the machine changed meanwhile; the file says so."
        ),
    ] = False,
    settle: Annotated[
        str, typer.Option(help="Wait that long at most until nothing else uses the CPUs, such as 5m.")
    ] = "0s",
    wait: Annotated[bool, typer.Option(help="Wait for another golab that measures on this machine.")] = True,
    as_json: AsJson = False,
) -> None:
    """Measure what the primitives of Go's scheduler and of the kernel cost on this machine; predictions rest on it."""
    from lab import pipeline
    from lab.calibrate import in_words, precision
    from lab.cli.progress import Reporter
    from lab.costing import sitting_of
    from lab.errors import UsageError
    from lab.model.units import duration_from_text

    try:
        longest = duration_from_text(settle)
    except ValueError as error:
        raise UsageError(f"--settle {settle!r}: {error}") from None
    sitting = sitting_of(release=go, cpuset=cpuset, groups=groups, rounds=rounds)
    with Reporter() as reporter:
        found = pipeline.calibrate_only(
            context.obj,
            pipeline.Calibrating(
                engine=engine, sitting=sitting, wait=wait, settle=longest, accepts_drift=accept_drift
            ),
            reporter,
        )
    if as_json:
        typer.echo(found.to_json())
        return
    typer.echo(f"calibration {found.costs.identity}")
    for line in in_words(precision(found.costs)):
        typer.echo(line)
    for was in found.sittings:
        for line in was.in_words():
            typer.echo(line)
