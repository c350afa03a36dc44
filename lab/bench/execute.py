"""Go through a plan's turns with the agents of its containers; what came back, as it came.

Replicates of one container that follow each other in the plan are ordered together, as a *sheaf*: a round trip between the agent and the lab
takes longer than starting a small program, and wakes processes that the next replicate would feel. How much goes into a
sheaf is bounded by the time that it is expected to take, so that a cell of long replicates, to which a round trip is nothing, gets
one each time; what was measured is safe meanwhile (:mod:`lab.captured`).
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from lab.bench.agent import Command
from lab.bench.berth import Berth
from lab.bench.kept import kept_of
from lab.errors import EnvironmentRefusedError, LeftAloneError, MeasurementError, NotPutBackError
from lab.model.run import Capture, Turn
from lab.model.units import Nanos

SHEAF_NS: Final = 250_000_000
"""How long a sheaf may be expected to take. A power failure can cost what was measured in that time, a kill nothing."""
_MOST: Final = 64
"""Replicates in a sheaf: its orders are one message."""


Held = Callable[[], contextlib.AbstractContextManager[None]]
"""What holds the machine as a replicate needs it, for as long as it runs; EnvironmentRefusedError where it cannot or did not.

NotPutBackError where it did, and only could not let go of it; LeftAloneError where it did not because this process stood still."""


def both(outer: Held | None, inner: Held | None) -> Held | None:
    """What holds the machine as two need it, *outer* first; None where there is neither."""
    if outer is None or inner is None:
        return outer or inner

    @contextlib.contextmanager
    def holding() -> Generator[None]:
        with outer(), inner():
            yield

    return holding


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a cell's replicates run, the command that each is, and that of a process which says what took effect.

    ``held`` is what has to be held meanwhile; None where the machine is left as it is. ``is_alone``: it has to be held anew for each.
    ``dumped_as`` is there where replicates are asked for a dump in the middle of their lives: the cell whose replicates say how long these would live,
    or empty for none.
    """

    berth: Berth
    command_in: Callable[[Berth], Command]
    probe_in: Callable[[Berth], Command]
    held: Held | None = None
    dumped_as: str | None = None
    is_alone: bool = False

    @property
    def command(self) -> Command:
        """The command in the container that is open now: where its files are may differ from one to the next."""
        return self.command_in(self.berth)

    @property
    def probe(self) -> Command:
        """The same for the process that says what took effect."""
        return self.probe_in(self.berth)


UNKNOWN_LIFE: Final = Nanos(20_000_000)
"""How long a replicate is taken to live of which nothing is known: a dump is asked for after half of it."""


@dataclass(slots=True)
class Pace:
    """How long replicates take, by cell, as far as it is known: the longest and the shortest yet."""

    longest: dict[str, int] = field(default_factory=dict)
    shortest: dict[str, int] = field(default_factory=dict)

    def saw(self, cell: str, wall_ns: int) -> None:
        """One more replicate of *cell*."""
        self.longest[cell] = max(wall_ns, self.longest.get(cell, 0))
        self.shortest[cell] = min(wall_ns, self.shortest.get(cell, wall_ns))

    def middle(self, cell: str) -> Nanos:
        """Half of the shortest life of *cell*'s replicates until now, or of :data:`UNKNOWN_LIFE`: the next one is likely to come so far."""
        return Nanos(max(1, self.shortest.get(cell, UNKNOWN_LIFE) // 2))


def execute(
    turns: Iterable[Turn],
    seats: Mapping[str, Seat],
    *,
    stop: Callable[[], bool],
    pace: Pace | None = None,
    judged_from: int = 0,
) -> Iterator[Sequence[Capture]]:
    """One capture a turn, in order, a sheaf at a time, until the turns or *stop* end it.

    Without a *pace* every sheaf is one replicate, and nobody is asked for a dump. From block *judged_from* (counted from one) on, the end
    of a block is the end of a sheaf: whether another block comes is decided there. An agent that is lost costs the replicate that it was running, whose capture says so; the next ones run
    with another, as far as :class:`~lab.bench.berth.Berth` goes along. Where it was lost because this process stood still, that turn comes again at once. After that their captures say why they did not run.
    """
    left = deque(turns)
    while left and not stop():
        seat = seats[left[0].cell]
        if why := seat.berth.given_up(left[0].cell):
            yield [_lost(left.popleft(), why)]
            continue
        sheaf = [left.popleft()]
        expected = _expected(sheaf[0], pace)
        while left and len(sheaf) < _MOST and _follows(sheaf[-1], left[0], seats, judged_from):
            expected += _expected(left[0], pace)
            if expected > SHEAF_NS:
                break
            sheaf.append(left.popleft())
        captures = _carried_out(sheaf, seats, stop, pace)
        left.extendleft(reversed(sheaf[len(captures) :]))
        left.extendleft(capture.turn for capture in captures if capture.again)
        yield captures


def _expected(turn: Turn, pace: Pace | None) -> int:
    return SHEAF_NS if pace is None else pace.longest.get(turn.cell, SHEAF_NS)


def _follows(turn: Turn, next_turn: Turn, seats: Mapping[str, Seat], judged_from: int) -> bool:
    """Whether *next_turn* may be in the same sheaf as *turn*, as far as the two are concerned."""
    berth = seats[turn.cell].berth
    if seats[next_turn.cell].held is not seats[turn.cell].held or seats[turn.cell].is_alone:
        return False
    if seats[next_turn.cell].berth is not berth or not berth.agent.keeps or berth.given_up(next_turn.cell):
        return False
    if seats[next_turn.cell].command.settle:
        return False  # it waits a hundred times longer than a round trip takes
    return next_turn.block == turn.block or next_turn.block < judged_from


def _carried_out(
    sheaf: Sequence[Turn], seats: Mapping[str, Seat], stop: Callable[[], bool], pace: Pace | None
) -> Sequence[Capture]:
    """Captures of a sheaf; only of its first turns where the agent was lost.

    What could not be held is why all are lost. What was measured while it was held stays, also where it could not be let go. Where what was held
    is gone because this process stood still, all come again: the first is said to be lost, and what the agent has kept of any is none.
    """
    held = seats[sheaf[0].cell].held or contextlib.nullcontext
    captures: Sequence[Capture] = ()
    try:
        with held():
            captures = _run(sheaf, seats, stop, pace)
    except LeftAloneError as error:
        seats[sheaf[0].cell].berth.forget()
        return [replace(_lost(sheaf[0], str(error)), again=True)]
    except EnvironmentRefusedError as error:
        if not captures or not isinstance(error, NotPutBackError):
            return [_lost(turn, error.in_full) for turn in sheaf]
    return captures


def _run(
    sheaf: Sequence[Turn], seats: Mapping[str, Seat], stop: Callable[[], bool], pace: Pace | None
) -> Sequence[Capture]:
    berth = seats[sheaf[0].cell].berth
    captures: list[Capture] = []
    try:
        orders = [(str(turn.position), _ordered(seats[turn.cell], pace)) for turn in sheaf]
        for turn, line in zip(sheaf, berth.agent.run_sheaf(orders, stop=stop), strict=True):
            captures.append(Capture(turn=turn, raw=line))
    except MeasurementError as error:
        captures += _kept(berth, sheaf[len(captures) :])
        left_alone = berth.agent.left_alone
        why = left_alone or str(error)
        lost = sheaf[min(len(captures), len(sheaf) - 1)]
        if len(captures) < len(sheaf):
            captures.append(replace(_lost(lost, why), again=bool(left_alone)))
        berth.lose(lost.cell, why, blameless=bool(left_alone))
    return captures


def _ordered(seat: Seat, pace: Pace | None) -> Command:
    """The command of a replicate that is ordered now."""
    if seat.dumped_as is None or pace is None:
        return seat.command
    return replace(seat.command, dump_after=pace.middle(seat.dumped_as))


def _kept(berth: Berth, sheaf: Sequence[Turn]) -> Iterator[Capture]:
    """What the lost agent had kept and not told."""
    found = kept_of(sheaf, berth.kept_lines())
    for turn in sheaf:
        if (capture := found.get(turn.position)) is None:
            return
        yield capture


def _lost(turn: Turn, why: str) -> Capture:
    return Capture(turn=turn, raw=msgspec.json.encode({"ev": "lost", "message": why}))
