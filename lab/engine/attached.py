"""An agent that is spoken to, whichever engine keeps it: lines in from any thread, lines out as they come."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from lab.engine.stream import Lines, Tail
from lab.errors import MeasurementError


class Attached:
    """A :class:`~lab.engine.base.Container` over two functions of its engine.

    *write* sends bytes to the agent's standard input, *why_gone* says what is known once its output has ended,
    *where* is :meth:`path`. What the agent writes is fed to ``lines`` and ``said`` by the engine's reader.
    """

    def __init__(
        self,
        image: str,
        *,
        write: Callable[[bytes], object],
        why_gone: Callable[[], str],
        where: Callable[[str], str] = str,
    ) -> None:
        self.image = image
        self.lines = Lines()
        self.said = Tail()
        self._write = write
        self._why_gone = why_gone
        self._where = where
        self._sending = threading.Lock()

    def path(self, inside: str, /) -> str:
        """Where the file *inside* really is."""
        return self._where(inside)

    def send(self, line: bytes, /) -> None:
        """Write one line. MeasurementError if the agent is gone."""
        try:
            with self._sending:
                self._write(line + b"\n")
        except (OSError, ValueError) as error:  # ValueError: closed by ourselves
            raise MeasurementError(f"the agent cannot be written to: {error}") from None

    def receive(self, timeout: float, /) -> bytes | None:
        """The next line; None after *timeout* seconds. MeasurementError if the agent is gone."""
        try:
            return self.lines.next(timeout)
        except EOFError:
            why = self._why_gone()  # first: it waits until the last words are read
            said = f"; it said: {self.said.text}" if self.said.text else ""
            raise MeasurementError(f"the agent is gone: {why}{said}") from None


def reading(pump: Callable[[], None], end: Callable[[], None]) -> threading.Thread:
    """A started thread that runs *pump* until its stream ends or breaks, and then *end*."""

    def run() -> None:
        with contextlib.suppress(OSError, ValueError):
            pump()
        end()

    thread = threading.Thread(target=run, name="golab stream", daemon=True)
    thread.start()
    return thread
