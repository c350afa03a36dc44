"""What a run says on stderr while it works: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Self

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_LINE_EVERY_SECONDS = 10.0


class Reporter:
    """The pipeline's :class:`~lab.pipeline.Progress`, for a person."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._bar: Progress | None = None
        self._started = self._last = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def stage(self, text: str) -> None:
        """One line about a step that begins or is done."""
        typer.echo(text, err=True)

    def replicate(self, done: int, total: int) -> None:
        """*done* of *total* replicates are measured."""
        if self._terminal:
            self._draw(done, total)
            return
        now = time.monotonic()
        if done == 0:
            self._started = self._last = now
        elif now - self._last > _LINE_EVERY_SECONDS or done == total:
            self._last = now
            left = (now - self._started) / done * (total - done)
            typer.echo(f"{done} of {total} replicates, {left:.0f} s left", err=True)

    def _draw(self, done: int, total: int) -> None:
        if self._bar is None:
            columns = (TextColumn("replicates"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("replicates", total=total)
            self._bar.start()
        self._bar.update(self._task, completed=done)
