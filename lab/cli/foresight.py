"""``golab predict`` and ``golab calibrate``: what will happen, and what things cost here."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

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
    name: Annotated[str, typer.Argument(help="The scenario; see `golab list`.")],
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
    wait: Annotated[bool, typer.Option(help="Wait for another golab that measures on this machine.")] = True,
    as_json: AsJson = False,
) -> None:
    """Measure what page faults, mappings, sleeps and timers cost on this machine; predictions rest on it."""
    from lab import pipeline
    from lab.cli.progress import Reporter

    with Reporter() as reporter:
        costs = pipeline.calibrate_only(context.obj, engine, reporter, wait=wait)
    if as_json:
        typer.echo(costs.to_json())
        return
    typer.echo(f"calibration {costs.identity}")
    for line in pipeline.costs_in_words(costs):
        typer.echo(line)
