"""Python that does not come back to a yield: nothing in a simulation can stop it, so a timer of this process does.

Only where somebody has asked for it: a library does not take over the process's alarm signal.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from types import FrameType
from typing import Final

from lab.sim.mistakes import NeverYieldsError

_EVERY_S: Final = 1.0

_patience_s: ContextVar[float | None] = ContextVar("patience", default=None)


@contextlib.contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Have every simulation end that makes no progress for *seconds*; for the main thread of a command."""
    token = _patience_s.set(seconds)
    try:
        yield
    finally:
        _patience_s.reset(token)


@contextlib.contextmanager
def watched(progress: Callable[[], tuple[int, ...]]) -> Iterator[None]:
    """Raise NeverYieldsError where the program stands if *progress* stays the same for as long as patience lasts."""
    limit = _patience_s.get()
    if limit is None:
        yield
        return
    last: tuple[int, ...] = ()
    since = 0.0

    def look(_signal: int, _frame: FrameType | None) -> None:
        nonlocal last, since
        now = progress()
        last, since = now, since + _EVERY_S if now == last else 0.0
        if since >= limit:
            raise NeverYieldsError(f"has not come back to a yield for {limit:g} s")

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _EVERY_S, _EVERY_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
