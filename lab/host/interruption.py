"""Ctrl-C once: finish in order. Twice: now."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Generator
from dataclasses import dataclass
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class Interruption:
    """Whether somebody asked for the end; whoever works looks at it between two steps."""

    asked: bool = False


@contextlib.contextmanager
def interruptible() -> Generator[Interruption]:
    """Turn the first SIGINT, SIGTERM or SIGHUP into ``asked``, and the second into KeyboardInterrupt.

    Only in the main thread, as Python's signal handlers are; the former handlers are back on exit.
    """
    interruption = Interruption()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if interruption.asked:
            raise KeyboardInterrupt
        interruption.asked = True

    former = {number: signal.signal(number, on_signal) for number in _SIGNALS}
    try:
        yield interruption
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
