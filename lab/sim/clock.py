"""What the scheduler's moving parts ask of the event loop, so that only ``loop`` knows which one it is."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol


class Event(Protocol):
    """Something that happens once."""

    callbacks: Any

    @property
    def triggered(self) -> bool:
        """Whether it is decided that it happens."""

    def succeed(self) -> Any:  # noqa: ANN401 - the loop's own event
        """Have it happen now."""


class Clock(Protocol):
    """Simulated time. Nothing happens before ``horizon``, which may be earlier than the next event, never later."""

    horizon: Any

    @property
    def now(self) -> Any:  # noqa: ANN401 - an int, as the simulator only ever adds ints
        """Nanoseconds since the program started."""

    def peek(self) -> Any:  # noqa: ANN401 - an int, or infinity
        """When the next event is due."""

    def timeout(self, delay: int) -> Any:  # noqa: ANN401 - the loop's own event
        """An event *delay* nanoseconds from now."""

    def event(self) -> Any:  # noqa: ANN401 - the loop's own event
        """An event that waits to be triggered."""

    def process(self, steps: Steps) -> Any:  # noqa: ANN401 - the loop's own process
        """Take *steps* from now on."""


Steps = Generator[Any, Any, Any]
"""Something that takes simulated time: it yields the events that it waits for."""


def trigger_at(clock: Clock, event: Event, at: int) -> None:
    """Have *event* happen at *at*, unless it has happened by then."""
    wake = clock.timeout(max(at - int(clock.now), 0))
    wake.callbacks.append(lambda _: None if event.triggered else event.succeed())
