"""Go through a plan's turns with the agents of its containers; what came back, as it came."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from lab.bench.agent import Agent, Command
from lab.errors import MeasurementError
from lab.model.run import Capture, Turn


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a cell's replicates run, the command that each is, and that of a process which says what took effect.

    ``flaw`` is what of its container is not as asked.
    """

    agent: Agent
    command: Command
    probe: Command
    flaw: str = ""


def execute(
    turns: Iterable[Turn], seats: Mapping[str, Seat], *, stop: Callable[[], bool]
) -> Iterator[Capture]:
    """One capture a turn, in order, until the turns or *stop* end it.

    An agent that is gone gives captures that say so for the rest of its turns: the other containers' turns go on.
    """
    gone: dict[int, str] = {}
    for turn in turns:
        if stop():
            return
        seat = seats[turn.cell]
        if (why := gone.get(id(seat.agent))) is None:
            try:
                yield Capture(turn=turn, raw=seat.agent.run(seat.command, stop=stop))
                continue
            except MeasurementError as error:
                why = gone[id(seat.agent)] = str(error)
        yield Capture(turn=turn, raw=msgspec.json.encode({"ev": "lost", "message": why}))
