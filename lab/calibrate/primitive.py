"""What one number of a calibration is of: a cost at its levels."""

from __future__ import annotations

from dataclasses import dataclass

Levels = tuple[tuple[str, int | str], ...]
"""In the order of the name that the program gave them."""


@dataclass(frozen=True, slots=True)
class Primitive:
    """What was measured, at which levels."""

    cost: str
    levels: Levels = ()


Measured = dict[Primitive, tuple[float, ...]]
"""What one round saw, in nanoseconds an operation."""
