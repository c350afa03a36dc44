"""What agents kept of a plan's turns (:mod:`lab.captured`), by whoever reads it: the run itself, or the next golab."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lab.bench.agent import read
from lab.errors import MeasurementError
from lab.model.run import Capture, Turn


def kept_of(turns: Iterable[Turn], lines: Iterable[bytes]) -> Mapping[int, Capture]:
    """By position, what *lines* have of *turns*; of two about the same turn the last.

    What cannot be read is passed over: an agent that is killed in the middle of a line, or finds no room for all of it, leaves a piece.
    """
    by_id = {str(turn.position): turn for turn in turns}
    found = {}
    for line in lines:
        try:
            turn = by_id.get(str(read(line).get("id")))
        except MeasurementError:
            continue
        if turn is not None:
            found[turn.position] = Capture(turn=turn, raw=line)
    return found
