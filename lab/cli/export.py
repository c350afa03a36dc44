"""``golab export``: a run in other people's formats."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from lab.cli import completion
from lab.cli.runs import Results, tell_missing
from lab.errors import UsageError


def export(
    context: typer.Context,
    run: Annotated[
        str | None,
        typer.Argument(
            help="A run: its folder, its name or enough of it (default: the newest).",
            autocompletion=completion.runs,
        ),
    ] = None,
    *,
    benchfmt: Annotated[
        bool,
        typer.Option("--benchfmt", help="Go benchmark format, as benchstat reads it: one line a replicate."),
    ] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="A line for every repetition of every observation, all replicates.")
    ] = False,
    predictions: Annotated[
        bool,
        typer.Option("--predictions", help="With --csv: what was simulated, too, with that as its evidence."),
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write it there (default: standard output).")
    ] = None,
    results: Results = None,
) -> None:
    """Write a run in the Go benchmark format or as CSV; `golab compare` reads the former again."""
    from lab import exported
    from lab.analysis import analyse
    from lab.pipeline import open_store

    if benchfmt == as_csv:
        raise UsageError("say in which format", hint="--benchfmt or --csv")
    if predictions and benchfmt:
        raise UsageError(
            "the benchmark format cannot say that a value was foretold", hint="--csv --predictions can"
        )
    folder = open_store(context.obj, results).find(run)
    found = analyse(folder)
    tell_missing(found)
    lines = (
        exported.benchfmt(folder, found)
        if benchfmt
        else exported.table(folder, found, predictions=predictions)
    )
    if output is None:
        sys.stdout.writelines(lines)
        return
    with output.open("w", encoding="utf-8", newline="") as file:
        file.writelines(lines)
    typer.echo(output)
