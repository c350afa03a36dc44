"""From records to what needs all repetitions of a cell, or its timeouts: one pass, for one cell."""

from __future__ import annotations

from collections.abc import Iterable

from lab.model.run import Ending, Record
from lab.model.units import Nanos
from lab.stats.censored import Durations
from lab.stats.process import Repetitions


def repetitions(records: Iterable[Record], cell: str, observation: str) -> Repetitions:
    """What each usable replicate of *cell* observed, for tails, trends and shapes; those that observed nothing left out."""
    return Repetitions(
        [
            seen
            for record in records
            if record.turn.cell == cell and record.usable and (seen := record.observations.get(observation))
        ]
    )


def durations(records: Iterable[Record], cell: str, limit: Nanos) -> Durations:
    """How long replicates of *cell* took in all, in nanoseconds: of those that timed out, that it was more than *limit*.

    Replicates that were excluded, or ended in another way than by themselves or by their limit, are not in it.
    """
    wanted = [record for record in records if record.turn.cell == cell and not record.excluded]
    ended = [(record.wall_ns,) for record in wanted if record.termination.ending is Ending.EXIT]
    late = [(limit,) for record in wanted if record.termination.ending is Ending.TIMEOUT]
    return Durations(Repetitions(ended).only(), Repetitions(late).only())
