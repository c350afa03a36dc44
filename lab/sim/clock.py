"""What the scheduler's moving parts ask of the event loop, so that only ``loop`` knows which one it is."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Protocol

from lab.sim.thread import Thread


class Clock(Protocol):
    """Simulated time. Nothing happens before ``horizon``, the next event's time to the thread that runs.

    0 says that somebody has lost a CPU: who runs ahead looks again whether it may.
    """

    horizon: Any

    @property
    def now(self) -> Any:  # noqa: ANN401 - an int, as the simulator only ever adds ints
        """Nanoseconds since the program started."""

    def peek(self) -> Any:  # noqa: ANN401 - an int, or infinity
        """When the next event is due."""

    def later(self, ns: int, do: Callable[[], None]) -> None:
        """Do something *ns* from the loop's now."""

    def alarm(self, thread: Thread) -> Any:  # noqa: ANN401 - the loop's own event
        """What resumes *thread*, whenever that is asked for."""

    def resume(self, thread: Thread, at: int) -> None:
        """Resume *thread* at *at*, and at no time that was asked for before."""


Steps = Generator[Any, Any, Any]
"""Something that takes simulated time: it yields when it is to be resumed, or None where somebody else will say it."""
