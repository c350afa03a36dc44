"""What of a plan is left to measure, by what is in its record.

A replicate that is there is never measured again, however it ended, but for one: where it was lost because an agent, an engine or the lab
went away (``infra-failed``), nothing was found out about the program, and it is run again. Those that are put aside (contaminated, or by a
rule of the manifest) stay so: to measure them again until they please would be a choice by outcome.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from lab.model.run import Ending, Plan, Record, Resumption, Turn
from lab.model.units import Nanos

_PAUSE_NS: Final = 60 * 10**9
"""Between two replicates a run never waits so long. It was stopped, or the wall clock was set, by which a record says when one began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """The turns that are left, in the plan's order; ``again`` are the places of those that were lost.

    ``told`` are cells that could not be run, as the record says. ``elapsed_ns`` is what measuring took so far, ``max_time_ns`` what all of
    it may take, as it was asked for last; ``whole_blocks`` is how many blocks lie before the first turn that is left, ``begun_blocks`` how many
    have a replicate.
    """

    turns: tuple[Turn, ...]
    max_time_ns: Nanos
    again: tuple[int, ...] = ()
    told: frozenset[str] = frozenset()
    elapsed_ns: int = 0
    whole_blocks: int = 0
    begun_blocks: int = 0


def all_of(plan: Plan) -> Left:
    """Of a run that begins."""
    return Left(turns=plan.turns, max_time_ns=plan.max_time_ns)


def left_of(plan: Plan, records: Iterable[Record], resumptions: Sequence[Resumption]) -> Left:
    """Of a run that was stopped. One pass over *records*; nothing is kept of them but which there are."""
    there = bytearray(len(plan.turns))
    told: set[str] = set()
    lost: list[int] = []
    begun_blocks = 0
    elapsed_ns = before_ns = 0
    for record in records:
        position = record.turn.position
        if position < 0:
            told.add(record.turn.cell)
            continue
        begun_blocks = max(begun_blocks, record.turn.block + 1)
        if record.termination.ending is Ending.INFRA_FAILED:
            lost.append(position)
        else:
            there[position] = True
        if record.started_at_ns:
            pause = record.started_at_ns - before_ns
            elapsed_ns += record.wall_ns + (pause if 0 < pause < _PAUSE_NS else 0)
            before_ns = record.started_at_ns + record.wall_ns
    turns = tuple(turn for turn in plan.turns if not there[turn.position] and turn.cell not in told)
    return Left(
        turns=turns,
        max_time_ns=resumptions[-1].max_time_ns if resumptions else plan.max_time_ns,
        again=tuple(sorted(lost)),
        told=frozenset(told),
        elapsed_ns=elapsed_ns,
        whole_blocks=turns[0].block if turns else plan.most_replicates,
        begun_blocks=begun_blocks,
    )
