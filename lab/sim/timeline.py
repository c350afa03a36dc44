"""A run as text for a terminal: what each P ran and each CPU, who waited, and how long the queues were.

Time is cut into columns. A column shows what took most of its time: in a P's lane the goroutine that ran there, in
a goroutine's lane what it did. A queue's length is that at the column's end.
"""

from __future__ import annotations

import string
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lab.model.units import duration_to_text
from lab.sim.events import Event

_GLYPHS: Final = string.digits[1:] + string.ascii_lowercase + string.ascii_uppercase
_STATES: Final[Mapping[str, str]] = {"running": "#", "runnable": "-", "waiting": ".", "syscall": "s"}
_MONITOR: Final = "s"
_DIGITS: Final = string.digits + string.ascii_lowercase.replace(_MONITOR, "") + string.ascii_uppercase
_MANY: Final = 9
_SHOWN_GS: Final = 20
_LEGEND: Final = (
    "Ps: the goroutine that ran, s in a system call, * searching for work, . idle\n"
    "CPUs: the thread that ran by its number, s the runtime's monitor, ! throttled with threads that would run, . idle\n"
    "queues: goroutines that wait for their turn, + for more than 9\n"
    "goroutines: # running, : ran for a moment, - runnable, . waiting, s in a system call"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """The lengths of the queues at one time, runnext counted with its P's own queue."""

    at: int
    runqueue: int
    runqueues: tuple[int, ...]


def timeline(
    events: Sequence[Event], samples: Sequence[Sample], *, procs: int, cpus: int, end: int, columns: int
) -> str:
    """Lanes of *columns* characters for what happened until *end*, in nanoseconds."""
    names = {e.gid: e.reason for e in events if e.kind == "goroutine" and not e.old and e.gid}
    scale = _Scale(end=max(end, 1), columns=columns)
    lanes = [f"{duration_to_text(end)} in {columns} columns of {duration_to_text(scale.width)}", ""]
    lanes += [f"{f'P{number}':<14}|{scale.lane(_runs(events, number))}|" for number in range(procs)]
    lanes.append("")
    lanes += [f"{f'CPU{number}':<14}|{scale.lane(_threads(events, number))}|" for number in range(cpus)]
    lanes.append("")
    lanes.append(f"{'global queue':<14}|{_lengths(sample.runqueue for sample in samples[:columns])}|")
    for number in range(procs):
        lanes.append(
            f"{f'queue of P{number}':<14}|{_lengths(sample.runqueues[number] for sample in samples[:columns])}|"
        )
    lanes.append("")
    for gid, name in list(names.items())[:_SHOWN_GS]:
        lanes.append(f"{f'{_glyph(gid)} {name}'[:14]:<14}|{scale.goroutine(events, gid)}|")
    if len(names) > _SHOWN_GS:
        lanes.append(f"… and {len(names) - _SHOWN_GS} more goroutines")
    return "\n".join([*lanes, "", _LEGEND])


@dataclass(frozen=True, slots=True)
class _Scale:
    end: int
    columns: int

    @property
    def width(self) -> float:
        return self.end / self.columns

    def lane(self, changes: Iterable[tuple[int, str]]) -> str:
        """One character a column: what lasted longest in it. *changes* are times and what holds from then on."""
        shares: list[dict[str, float]] = [defaultdict(float) for _ in range(self.columns)]
        since, what = 0, " "
        for at, following in (*changes, (self.end, " ")):
            self._spread(shares, since, min(at, self.end), what)
            since, what = at, following
        return "".join(max(share, key=lambda glyph: share[glyph]) if share else " " for share in shares)

    def goroutine(self, events: Sequence[Event], gid: int) -> str:
        """As :meth:`lane`; a goroutine that ran for less than most of a column is marked there all the same."""
        lane = list(self.lane(_states(events, gid)))
        for event in events:
            if event.gid == gid and event.new == "running":
                column = min(int(event.at / self.width), self.columns - 1)
                lane[column] = "#" if lane[column] == "#" else ":"
        return "".join(lane)

    def _spread(self, shares: list[dict[str, float]], start: int, end: int, what: str) -> None:
        for column in range(int(start / self.width), self.columns):
            left, right = column * self.width, (column + 1) * self.width
            if left >= end:
                return
            shares[column][what] += min(right, end) - max(left, start)


def _runs(events: Sequence[Event], number: int) -> Iterable[tuple[int, str]]:
    """What a P's lane shows from when on."""
    yield 0, "."
    for event in events:
        if event.procid != number:
            continue
        if event.kind == "proc":
            yield event.at, "*" if event.new == "running" else "."
        elif event.kind == "goroutine" and event.new == "running":
            yield event.at, _glyph(event.gid)
        elif event.kind == "goroutine" and event.new == "syscall":
            yield event.at, "s"
        elif event.kind == "goroutine" and event.old == "running":
            yield event.at, "*"


def _threads(events: Sequence[Event], number: int) -> Iterable[tuple[int, str]]:
    """What a CPU's lane shows from when on."""
    yield 0, "."
    throttled: set[int] = set()
    for event in events:
        if event.kind != "cpu" or event.procid != number:
            continue
        throttled.discard(event.mid)
        if event.new == "throttled":
            throttled.add(event.mid)
        if event.new == "running":
            yield event.at, _MONITOR if event.mid < 0 else _DIGITS[event.mid % len(_DIGITS)]
        elif event.old == "running" or throttled:
            yield event.at, "!" if throttled else "."


def _states(events: Sequence[Event], gid: int) -> Iterable[tuple[int, str]]:
    for event in events:
        if event.gid == gid and event.kind == "goroutine":
            yield event.at, _STATES.get(event.new, " ")


def _lengths(lengths: Iterable[int]) -> str:
    return "".join("+" if length > _MANY else str(length) if length else "." for length in lengths)


def _glyph(gid: int) -> str:
    """A goroutine's character; the runtime's own have none."""
    if gid == 0:
        return "*"
    return _GLYPHS[(gid - 1) % len(_GLYPHS)]
