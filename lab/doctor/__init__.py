"""What can spoil or prevent a measurement on a machine: a verdict for each thing, why it matters, and what helps.

Facts in, findings out; nothing is read here. ``ok`` needs nothing; ``note`` is worth knowing; ``spoils`` makes numbers worse or
some scenarios impossible; ``prevents`` leaves nothing to measure with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from lab.doctor import engine, machine
from lab.doctor.finding import Facts, Finding, Verdict

__all__ = ["Facts", "Finding", "Verdict", "exit_code", "findings"]


def findings(facts: Facts) -> list[Finding]:
    """Everything that was looked at, in the order in which it should be put right."""
    looks = (machine.platform, *engine.LOOKS, *machine.LOOKS)
    return [found for look in looks for found in look(facts)]


def exit_code(found: Sequence[Finding]) -> Literal[0, 1, 4]:
    """0 if nothing stands in the way, 1 if something spoils measurements, 4 if nothing can be measured."""
    verdicts = {each.verdict for each in found}
    return 4 if "prevents" in verdicts else 1 if "spoils" in verdicts else 0
