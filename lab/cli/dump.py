"""``golab dump``: where the goroutines of a Go program are, and who waits for whom, by the text of its dump."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from lab.errors import MeasurementError, UsageError

_STDIN: Final = "-"
_HINT: Final = "a Go program writes one to its standard error when it is sent SIGQUIT: kill -QUIT PID, or Ctrl-\\ in its terminal"


def dump(
    file: Annotated[str, typer.Argument(help="A text with a goroutine dump in it; - is standard input.")],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, as `golab schema dump` documents it.")
    ] = False,
) -> None:
    """Group the goroutines of a dump by where they wait, and say who waits for whom where it can be told.

    It reads what a Go program of 1.21 to 1.27 writes when it gets SIGQUIT, panics, or finds all its goroutines asleep.
    """
    from lab.dump import digested, is_dump

    text = _read(file)
    if not is_dump(text):
        raise UsageError(f"{_named(file)} holds no goroutine dump", hint=_HINT)
    found = digested(text)
    if not found.count:
        first = found.unread[0]
        raise MeasurementError(
            f"{_named(file)}, line {first.line}: a goroutine in a form of no known Go release: {first.text}",
            hint="dumps of Go 1.21 to 1.27 are known",
        )
    if as_json:
        from lab.published_dump import DumpResult, dump_digest

        typer.echo(DumpResult(format=1, dump=dump_digest(found)).model_dump_json(indent=1))
        return
    from lab.report.dump import dump_lines
    from lab.report.text import counted, printable

    own = sum(group.count for group in found.groups if group.of_runtime)
    typer.echo(
        f"{counted(found.count, 'goroutine')}{f', {own} of them of the Go runtime itself' if own else ''}"
    )
    for line in dump_lines(found):
        typer.echo(printable(line))


def _read(file: str) -> str:
    try:
        content = sys.stdin.buffer.read() if file == _STDIN else Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from None
    return content.decode(errors="replace")


def _named(file: str) -> str:
    return "standard input" if file == _STDIN else file
