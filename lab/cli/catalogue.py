"""What there is to run, a program rendered to look at, and the forms that ``--json`` prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from lab.cli import completion
from lab.cli.choices import (
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

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, as `golab schema` documents it.")]


def list_scenarios(context: typer.Context, *, as_json: AsJson = False) -> None:
    """The scenarios, with their factors and how many cells a run has."""
    from lab import catalogue, manifest
    from lab.model.matrix import default_cells
    from lab.model.scenario import BUILT_IN_FACTORS

    lab = catalogue.find(context.obj, Path.cwd())
    scenarios = [manifest.load(lab.manifest(name)) for name in lab.names()]
    if as_json:
        from lab.published import ScenarioEntry, ScenarioList

        entries = [
            ScenarioEntry(
                name=scenario.name,
                title=scenario.title,
                cells=len(default_cells(scenario)),
                factors={factor.name: [level.text for level in factor.levels] for factor in scenario.factors},
            )
            for scenario in scenarios
        ]
        typer.echo(ScenarioList(format=1, scenarios=entries).model_dump_json(indent=1))
        return
    for scenario in scenarios:
        typer.echo(f"{scenario.name}  {scenario.title}")
        for factor in scenario.factors:
            if factor.name in BUILT_IN_FACTORS:
                continue
            more = " …" if factor.open else ""
            typer.echo(
                f"    {factor.name}: {', '.join(level.text for level in factor.levels)}{more}  ({factor.title})"
            )
        for cell in default_cells(scenario):
            typer.echo(f"    cell {cell.id}")
    typer.echo(
        f"Factors of every scenario: {', '.join(BUILT_IN_FACTORS)} (golab show NAME says what they are)"
    )


def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The scenario.", autocompletion=completion.scenarios)],
    *,
    as_json: AsJson = False,
) -> None:
    """One scenario: what blocks and why, factors, cells, metrics, claims, what to look for."""
    from lab import catalogue, manifest, predict
    from lab.report.scenario import page

    lab = catalogue.find(context.obj, Path.cwd())
    scenario = manifest.load(lab.manifest(name))
    if as_json:
        from lab.publish import shown_scenario

        typer.echo(shown_scenario(scenario).model_dump_json(indent=1))
        return
    typer.echo(page(scenario, predict.read_twin(lab.scenarios / f"{name}.py").not_predicted))


def render(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The scenario.", autocompletion=completion.scenarios)],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The folder to write; it may not hold anything yet.")
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
) -> None:
    """Write a scenario's program, and what to type in its folder."""
    from lab import rendered

    for folder, by_hand in rendered.render_to(
        context.obj,
        name,
        request(
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
        ),
        output,
    ):
        typer.echo(f"{folder}: {by_hand}")


def schema(
    name: Annotated[
        str,
        typer.Argument(
            help="run, list, show, predict, claims, sim, doctor …", autocompletion=completion.schemas
        ),
    ],
) -> None:
    """The JSON Schema of what `--json` prints."""
    from lab.errors import UnknownNameError
    from lab.published import SCHEMAS

    if name not in SCHEMAS:
        raise UnknownNameError("schema", name, SCHEMAS)
    typer.echo(json.dumps(SCHEMAS[name].model_json_schema(), indent=1))
