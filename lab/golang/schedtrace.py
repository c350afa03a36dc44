"""What GODEBUG=schedtrace prints, read: lines of ``SCHED``, among all else that a program writes to its standard error.

The fields are those of ``schedtrace`` in runtime/proc.go: ``gomaxprocs idleprocs threads spinningthreads needspinning idlethreads runqueue``,
then the lengths of the Ps' own queues in brackets, from Go 1.25 on with a space inside each bracket and followed by
``schedticks=[ … ]``. The runtime prints such a line in pieces, so that another thread's words may stand within it: a line that is not
whole is told of, and the rest goes on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_BEGIN: Final = "SCHED "
_LINE: Final = re.compile(
    r"SCHED (?P<ms>\d+)ms: gomaxprocs=(?P<gomaxprocs>\d+) idleprocs=(?P<idleprocs>-?\d+) threads=(?P<threads>-?\d+)"
    r" spinningthreads=(?P<spinningthreads>-?\d+) needspinning=(?P<needspinning>\d+) idlethreads=(?P<idlethreads>-?\d+)"
    r" runqueue=(?P<runqueue>-?\d+) \[ ?(?P<local>\d+(?: \d+)*) ?\](?: schedticks=\[ (?P<ticks>(?:\d+ )*)\])?"
)
_LAST: Final = re.compile(
    r"SCHED \d+ms: gomaxprocs=\d+ idleprocs=-?\d+ threads=-?\d+ spinningthreads=-?\d+ needspinning=\d+ idlethreads=-?\d+"
    r" runqueue=-?\d+ gcwaiting=(?:true|false) .*"
)
"""The line with which a runtime that dies begins to tell of every P, M and G (runtime/panic.go, startpanic_m): no sample, it has no queues."""
_MOST_LOCAL: Final = 1 << 31
"""A queue's length is the difference of two counters that are read one after the other: it may come out below zero, as a huge number."""
_SHOWN: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One line; ``local`` are the lengths of the Ps' own queues, ``schedticks`` is empty before Go 1.25."""

    at_ms: int
    gomaxprocs: int
    idleprocs: int
    threads: int
    spinningthreads: int
    needspinning: int
    idlethreads: int
    runqueue: int
    local: tuple[int, ...]
    schedticks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """All lines of a process in their order, and those that begin like one and are none."""

    samples: tuple[Sample, ...]
    unread: tuple[str, ...]


def read(stderr: str) -> Series:
    """Every sample in *stderr*; what does not begin with ``SCHED`` is the program's own."""
    samples, unread = [], []
    for line in stderr.splitlines():
        if not line.startswith(_BEGIN):
            continue
        if found := _LINE.fullmatch(line):
            samples.append(_sample(found))
        elif not _LAST.fullmatch(line):
            unread.append(line[:_SHOWN])
    return Series(tuple(samples), tuple(unread))


def observed(stderr: str) -> Mapping[str, tuple[int, ...]]:
    """The trace as observations; none where there is no line of it."""
    return observations(read(stderr))


def observations(series: Series) -> Mapping[str, tuple[int, ...]]:
    """A series as observations, one repetition a sample, in the trace's own words.

    ``traced_at_ns`` is the time since the first line, in whole milliseconds. ``localqueues`` is the sum of the Ps' own queues, ``longest_localqueue`` the longest and ``other_localqueues`` the sum of the others;
    ``longest_localqueue_permille`` is its part of them all, where there are any: it has a value less for each line in which there are none.
    ``schedtrace_unread`` is how many lines no rule fits. Nothing where there is no line at all.
    """
    samples = series.samples
    unread = {"schedtrace_unread": (len(series.unread),)} if samples or series.unread else {}
    if not samples:
        return unread
    shares = tuple(1000 * max(each.local) // sum(each.local) for each in samples if any(each.local))
    return {
        **unread,
        "traced_at_ns": tuple(each.at_ms * 1_000_000 for each in samples),
        "threads_traced": tuple(each.threads for each in samples),
        "idleprocs": tuple(each.idleprocs for each in samples),
        "spinningthreads": tuple(each.spinningthreads for each in samples),
        "idlethreads": tuple(each.idlethreads for each in samples),
        "runqueue": tuple(each.runqueue for each in samples),
        "localqueues": tuple(sum(each.local) for each in samples),
        "longest_localqueue": tuple(max(each.local) for each in samples),
        "other_localqueues": tuple(sum(each.local) - max(each.local) for each in samples),
        **({"longest_localqueue_permille": shares} if shares else {}),
    }


def _sample(found: re.Match[str]) -> Sample:
    named = {name: int(found[name]) for name in _NUMBERS}
    return Sample(
        at_ms=int(found["ms"]),
        local=tuple(length if (length := int(text)) < _MOST_LOCAL else 0 for text in found["local"].split()),
        schedticks=tuple(map(int, (found["ticks"] or "").split())),
        **named,
    )


_NUMBERS: Final = (
    "gomaxprocs",
    "idleprocs",
    "threads",
    "spinningthreads",
    "needspinning",
    "idlethreads",
    "runqueue",
)
