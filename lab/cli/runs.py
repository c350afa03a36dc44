"""``golab runs``: what was measured, and how it came out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lab.analysis import Analysis
    from lab.listing import Listed
    from lab.report.terminal import ListedRun

Results = Annotated[
    Path | None,
    typer.Option("--results", help="Where records are (default: results/ of the lab, else ./golab-results)."),
]


def runs(
    context: typer.Context,
    *,
    results: Results = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, as `golab schema runs` documents it.")
    ] = False,
) -> None:
    """List the runs that are kept, the newest last."""
    from lab import published
    from lab.listing import listed as listing
    from lab.pipeline import open_store

    listed = listing(open_store(context.obj, results))
    if as_json:
        entries = [published.ListedRun.model_validate(each, from_attributes=True) for each in listed]
        typer.echo(published.RunList(format=1, runs=entries).model_dump_json(indent=1))
        return
    if not listed:
        typer.echo("no run yet: golab run scenario mmap-large --quick makes one", err=True)
        return
    from lab.report.terminal import show_runs

    show_runs([_line(each) for each in listed], sys.stdout)


def tell_missing(run: Analysis) -> None:
    """Say on stderr what of a run is missing, for a result that has no place to say so."""
    for words in run.warnings:
        typer.echo(f"golab: {run.folder.name}: {words}", err=True)


def _line(each: Listed) -> ListedRun:
    from lab.model.run import FINISHED
    from lab.report.terminal import ListedRun
    from lab.report.text import counted

    if each.problem:
        return ListedRun(run=each.run, measured="", told=each.problem, is_problem=True)
    ended = "" if each.stopped_by in FINISHED else f", {each.stopped_by}"
    of_planned = "" if each.stopped_by in FINISHED else f" of {each.planned}"
    measured = (
        f"{each.scenario} on engine {each.engine}, Go {', '.join(each.go)}: {counted(each.cells, 'cell')},"
        f" {each.replicates}{of_planned} replicates{ended}{_named(each)}"
    )
    damage = f"the record is damaged: {each.damage}" if each.damage else ""
    told = "; ".join(words for words in (damage, each.unrecovered, each.conclusion) if words)
    is_problem = bool(each.damage or each.unrecovered)
    return ListedRun(run=each.run, measured=measured, told=told, is_problem=is_problem)


def _named(each: Listed) -> str:
    """What a folder's own name does not tell: whose run it holds, and who holds it, too."""
    if each.same_as:
        return f"; the same run as {' and '.join(each.same_as)}"
    return f"; its name was {each.named}" if each.named not in ("", each.run) else ""
