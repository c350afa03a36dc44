"""What golab prints on: a terminal that may be closed while it works, or nothing at all."""

from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path
from typing import Any, TextIO


class _Terminal(io.FileIO):
    """A descriptor of a terminal: once that is closed, nobody reads what is written, and to write it is no error."""

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - whatever io's own takes
        """As a file's; what the terminal does not take any more is gone."""
        try:
            return super().write(data)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return memoryview(data).nbytes


def outlive_terminals() -> None:
    """Have a process that prints on a terminal go on when that is closed: to its end, or as far as its SIGHUP lets it, and in order either way.

    Where it was started without stdout or stderr (``>&-``), what it prints goes nowhere.
    """
    sys.stdout, sys.stderr = map(_outliving, (sys.stdout, sys.stderr))


def _outliving(stream: TextIO | None) -> TextIO:
    if stream is None:
        return Path(os.devnull).open("w")
    if not stream.isatty():
        return stream
    raw = io.BufferedWriter(_Terminal(stream.fileno(), "w", closefd=False))
    return io.TextIOWrapper(raw, encoding=stream.encoding, errors=stream.errors, line_buffering=True)
