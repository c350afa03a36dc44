"""What the overlay ``sched`` writes at each line of schedtrace, read: lines of ``METRICS``, among all else on standard error.

Each has an instant of CLOCK_MONOTONIC and what runtime/metrics has counted until then: ``goroutines``, ``gc`` (collections), ``mutexwait`` (ns that
goroutines waited for locks), and of ``/sched/latencies:seconds`` the buckets that are not empty, by their upper ends in ns. What lies between two
lines is their difference. A line is written at once, so it is whole, but it may stand behind what somebody else has begun: schedtrace prints its lines in pieces. One that fits no rule
all the same is told of, and the rest goes on.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_BEGIN: Final = "METRICS "
_TRACE: Final = "SCHED "
_LINE: Final = re.compile(
    r"METRICS (?P<at>\d{1,19})ns: goroutines=(?P<goroutines>\d{1,10}) gc=(?P<gc>\d{1,10})"
    r" mutexwait=(?P<mutexwait>\d{1,19}) latencies=\[ (?P<latencies>(?:\d{1,15}:\d{1,19} )*)\]$"
)
_SHOWN: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One line; ``latencies`` has by a bucket's upper end, in ns, how many lie in it since the program's start."""

    at_ns: int
    goroutines: int
    collections: int
    mutex_wait_ns: int
    latencies: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Sampled:
    """All lines of a process in their order, and those that begin like one and are none."""

    samples: tuple[Sample, ...]
    unread: tuple[str, ...]


def read(stderr: str) -> Sampled:
    """Every sample in *stderr*. What has none and does not begin with ``METRICS``, nor has that in a line of schedtrace, is somebody else's."""
    samples, unread = [], []
    for line in stderr.splitlines():
        if found := _LINE.search(line):
            samples.append(_sample(found))
        elif line.startswith(_BEGIN) or (line.startswith(_TRACE) and _BEGIN in line):
            unread.append(line[line.index(_BEGIN) :][:_SHOWN])
    return Sampled(tuple(samples), tuple(unread))


def observed(stderr: str) -> Mapping[str, tuple[int, ...]]:
    """The samples as observations, one repetition a sample; none where there is no line.

    ``sampled_at`` is the instant; ``goroutines_sampled``, ``collections`` and ``mutex_wait_ns`` as they were then. ``waits``, ``wait_p50_ns`` and ``wait_p99_ns`` are of the time since the
    sample before: how many times to run were counted (the runtime looks at every eighth), and their quantiles, 0 where there were none.
    ``runnable_p50_ns`` and ``runnable_p99_ns`` are one value each, of the whole life. ``metrics_unread`` is how many lines no rule fits.
    """
    found = read(stderr)
    unread = {"metrics_unread": (len(found.unread),)} if found.samples or found.unread else {}
    if not found.samples:
        return unread
    samples = found.samples
    counted = [{}, *(each.latencies for each in samples)]
    gained = [_gained(*pair) for pair in itertools.pairwise(counted)]
    life = samples[-1].latencies
    return {
        **unread,
        "sampled_at": tuple(each.at_ns for each in samples),
        "goroutines_sampled": tuple(each.goroutines for each in samples),
        "collections": tuple(each.collections for each in samples),
        "mutex_wait_ns": tuple(each.mutex_wait_ns for each in samples),
        "waits": tuple(sum(each.values()) for each in gained),
        "wait_p50_ns": tuple(_quantile(each, _MEDIAN) for each in gained),
        "wait_p99_ns": tuple(_quantile(each, _NEARLY_ALL) for each in gained),
        **(
            {
                "runnable_p50_ns": (_quantile(life, _MEDIAN),),
                "runnable_p99_ns": (_quantile(life, _NEARLY_ALL),),
            }
            if life
            else {}
        ),
    }


_MEDIAN: Final = 500
_NEARLY_ALL: Final = 990
"""Thousandths."""


def _gained(before: Mapping[int, int], after: Mapping[int, int]) -> Mapping[int, int]:
    return {end: more for end, count in after.items() if (more := count - before.get(end, 0)) > 0}


def _quantile(counts: Mapping[int, int], thousandths: int) -> int:
    """The upper end of the bucket in which so many thousandths lie; 0 of nothing."""
    total, seen = sum(counts.values()), 0
    for end, count in sorted(counts.items()):
        seen += count
        if seen * 1000 >= total * thousandths:
            return end
    return 0


def _sample(found: re.Match[str]) -> Sample:
    pairs = (pair.partition(":") for pair in found["latencies"].split())
    return Sample(
        at_ns=int(found["at"]),
        goroutines=int(found["goroutines"]),
        collections=int(found["gc"]),
        mutex_wait_ns=int(found["mutexwait"]),
        latencies={int(end): int(count) for end, _, count in pairs},
    )
