"""Which faults are done, and where: all of them, or some that a seed draws."""

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
        blow
        for fault in faults
        for phase in _open_to(fault, phases, only)
        for blow in _in_phase(fault, phase, _of(phases, phase))
    ]


def _in_phase(fault: Fault, phase: str, numbers: Sequence[int]) -> list[Blow]:
    if fault in AT_EVERY_POINT:
        return [Blow(fault=fault, number=number, phase=phase, point=number) for number in numbers]
    return [Blow(fault=fault, number=numbers[0], phase=phase)]


def drawn(
    phases: Sequence[str], faults: Sequence[Fault], most: int, seed: int, only: Sequence[str] = ()
) -> list[Blow]:
    """At *most* so many: each fault in turn, in a phase that it was not in yet, at a point of it."""
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    open_to = {fault: _open_to(fault, phases, only) for fault in faults}
    left = {fault: rng.sample(found, len(found)) for fault, found in open_to.items()}
    blows: list[Blow] = []
    while any(left.values()):
        for fault, open_phases in left.items():
            if len(blows) == most:
                return blows
            if open_phases:
                phase = open_phases.pop()
                blows.append(Blow(fault=fault, number=rng.choice(_of(phases, phase)), phase=phase))
    return blows


def _open_to(fault: Fault, phases: Sequence[str], only: Sequence[str]) -> list[str]:
    found = (phase for phase in dict.fromkeys(phases) if phase in WHERE.get(fault, phases))
    return [phase for phase in found if not only or phase in only]


def _of(phases: Sequence[str], phase: str) -> list[int]:
    return [number for number, each in enumerate(phases, start=1) if each == phase]
