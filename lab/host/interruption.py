"""Ctrl-C once: finish in order. Twice: now. A SIGTERM, or a terminal that is closed, is a Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Generator, Iterable
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

    Only in the main thread, as Python's signal handlers are; the former handlers are back on exit. What this process was started to
    ignore (nohup) stays ignored.
    """
    interruption = Interruption()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if interruption.asked:
            raise KeyboardInterrupt
        interruption.asked = True

    with _handled(_SIGNALS, on_signal):
        yield interruption


@contextlib.contextmanager
def interrupted_alike() -> Generator[None]:
    """Have SIGTERM and SIGHUP raise KeyboardInterrupt, as SIGINT does: by default they would end a process that has to clean up first."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handled(_SIGNALS[1:], on_signal):
        yield


@contextlib.contextmanager
def _handled(
    numbers: Iterable[signal.Signals], handler: Callable[[int, FrameType | None], None]
) -> Generator[None]:
    heeded = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    former = {number: signal.signal(number, handler) for number in heeded}
    try:
        yield
    finally:
        for number, before in former.items():
            signal.signal(number, before)
