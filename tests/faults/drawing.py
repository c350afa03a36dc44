"""Which faults are done, and where: all of them, or some that a seed draws."""

import itertools
import random
from collections.abc import Sequence
from typing import Final

from tests.faults.fault import AT_EVERY_POINT, WHERE, Fault
from tests.faults.inside import Blow

EVERY: Final = "every"
"""What a user calls the first of the two."""


def every(phases: Sequence[str], faults: Sequence[Fault], only: Sequence[str] = ()) -> list[Blow]:
    """A kill at every point, and every other fault at the first of every phase in which it can happen; *only* in those phases, if any are named."""
    return [
        Blow(fault=fault, number=number)
        for fault in faults
        for phase in _open_to(fault, phases, only)
        for number in (_of(phases, phase) if fault in AT_EVERY_POINT else _of(phases, phase)[:1])
    ]


def drawn(
    phases: Sequence[str], faults: Sequence[Fault], most: int, seed: int, only: Sequence[str] = ()
) -> list[Blow]:
    """At *most* so many: each fault in turn, in a phase that it was not in yet, at a point of it."""
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    open_to = {fault: _open_to(fault, phases, only) for fault in faults}
    left = {fault: rng.sample(found, len(found)) for fault, found in open_to.items() if found}
    blows: list[Blow] = []
    for fault in itertools.cycle([*left]):
        if len(blows) >= most or not any(left.values()):
            return blows
        if left[fault]:
            blows.append(Blow(fault=fault, number=rng.choice(_of(phases, left[fault].pop()))))
    return blows


def _open_to(fault: Fault, phases: Sequence[str], only: Sequence[str]) -> list[str]:
    found = (phase for phase in dict.fromkeys(phases) if phase in WHERE.get(fault, phases))
    return [phase for phase in found if not only or phase in only]


def _of(phases: Sequence[str], phase: str) -> list[int]:
    return [number for number, each in enumerate(phases, start=1) if each == phase]
