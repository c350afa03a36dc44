"""``golab resume``: go on with a run that was stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lab.cli import completion
from lab.cli.compare import Check
from lab.errors import UsageError

if TYPE_CHECKING:
    from lab.resuming import Order

Results = Annotated[
    Path | None,
    typer.Option("--results", help="Where records are (default: results/ of the lab, else ./golab-results)."),
]
Wait = Annotated[bool, typer.Option(help="Wait for another golab that measures on this machine.")]
MaxTime = Annotated[
    str | None,
    typer.Option(
        help="Measure for so much longer, such as 5m (default: what is left of its time).", show_default=False
    ),
]
ModuleCache = Annotated[
    Path | None,
    typer.Option(
        "--modcache",
        help="Of a program of your own: the module cache (default: as go env GOMODCACHE has it).",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, as `golab schema run` documents it.")]


def resume(
    context: typer.Context,
    run: Annotated[
        str | None,
        typer.Argument(
            help="A run: its folder, its name or enough of it (default: the newest that did not come to its end).",
            autocompletion=completion.runs,
        ),
    ] = None,
    *,
    results: Results = None,
    wait: Wait = True,
    max_time: MaxTime = None,
    modcache: ModuleCache = None,
    check: Check = False,
    as_json: Json = False,
) -> None:
    """Go on with a run that was stopped: what is missing of its plan is measured, nothing twice; a table, the same record."""
    from lab import resuming
    from lab.cli.progress import Reporter
    from lab.cli.run import tell

    with Reporter() as reporter:
        finished = resuming.resume(context.obj, run, order(results, max_time, modcache, wait=wait), reporter)
    tell(finished, as_json=as_json, check=check)


def order(results: Path | None, max_time: str | None, modcache: Path | None, *, wait: bool) -> Order:
    """What the options say."""
    from lab.model.units import duration_from_text
    from lab.resuming import Order

    try:
        longer = None if max_time is None else duration_from_text(max_time)
    except ValueError as error:
        raise UsageError(f"--max-time: {error}") from None
    return Order(results=results, wait=wait, max_time=longer, modules=modcache)
