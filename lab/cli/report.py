"""``golab report``: a run as one page to keep and to pass on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lab.cli import completion
from lab.cli.runs import Results


def report(
    context: typer.Context,
    run: Annotated[
        str | None,
        typer.Argument(
            help="A run: its folder, its name or enough of it (default: the newest).",
            autocompletion=completion.runs,
        ),
    ] = None,
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write it there (default: report.html in the run).")
    ] = None,
    results: Results = None,
) -> None:
    """Write a run's page: one HTML file that needs no network; print where it is."""
    from lab import reported
    from lab.analysis import analyse
    from lab.pipeline import open_store

    folder = open_store(context.obj, results).find(run)
    if output is None:
        reported.concluded(folder)
        output = folder.report
    else:
        output.write_text(reported.report(folder, analyse(folder)), encoding="utf-8", newline="\n")
    typer.echo(output)
