"""What happens in a run, one entry each, as traces, pictures and tests are made of."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from lab.sim.uncollected import uncollected

Fields: TypeAlias = tuple[int, str, int, int, int, str, str, str]
"""An event's, in their order: what is noted while a run goes on."""


class Event(NamedTuple):
    """One change of state, ``at`` simulated nanoseconds after the program's start.

    ``kind`` is ``goroutine``, ``proc``, ``thread`` or ``cpu``. ``gid`` is the goroutine, ``mid`` the M on which it
    happened, ``procid`` that M's P, or the P that changed; each is -1 where there is none. ``old`` is empty for what
    was made just now. ``reason`` is why a goroutine waits or yields, in the runtime's words. Of kind ``cpu`` are the
    kernel's changes: ``mid`` is the M, -1 for sysmon's, ``procid`` the CPU, and the states are ``asleep``, ``waiting``,
    ``running`` and ``throttled``.
    """

    at: int
    kind: str
    gid: int
    mid: int
    procid: int
    old: str
    new: str
    reason: str


class Recorded:
    """What a run has noted. The events are made of it when somebody first asks for them, and are the same from then on."""

    __slots__ = ("_events", "_noted")

    def __init__(self, noted: Iterable[Fields]) -> None:
        self._noted: Iterable[Fields] = noted
        self._events: tuple[Event, ...] | None = None

    def events(self) -> tuple[Event, ...]:
        """By time; those of one time as they were noted."""
        if self._events is None:
            with uncollected():
                made = map(partial(tuple.__new__, Event), sorted(self._noted, key=itemgetter(0)))
                self._events, self._noted = tuple(made), ()
        return self._events

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recorded) and self.events() == other.events()

    __hash__ = None  # type: ignore[assignment]  # as of what holds lists
