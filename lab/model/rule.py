"""A claim's rule: a quantity of what was measured, and where its interval must lie to decide.

The vocabulary is closed: every rule is one of the quantities here with :class:`Bounds`, fixed before anything is measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from lab.model.run import Ending

Tail = Literal["p90", "p95", "p99", "p99.9"]
FigureUnit = Literal["ns", "bytes", "count"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The article's figure: as it writes it and, where that is a number or a range, in a unit. One number is low and high."""

    text: str
    low: float | None = None
    high: float | None = None
    unit: FigureUnit | None = None


@dataclass(frozen=True, slots=True)
class Operand:
    """A metric of a cell."""

    cell: str
    metric: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Where the whole interval must lie to support a claim, and where to refute it; anywhere else decides nothing.

    Each region is from ``_from`` to ``_to``, either of which may be missing; where ``_from`` is the larger of the two, it is
    what lies outside: at least ``_from`` or at most ``_to``.
    """

    supported_from: float | None = None
    supported_to: float | None = None
    refuted_from: float | None = None
    refuted_to: float | None = None

    def side(self, low: float, high: float) -> bool | None:
        """True: supported, False: refuted, None: neither (or both, on a border that they share)."""
        supports, refutes = (
            any(start <= low and high <= end for start, end in region)
            for region in (self.supported, self.refuted)
        )
        return None if supports == refutes else supports

    @property
    def supported(self) -> tuple[tuple[float, float], ...]:
        """The ranges that support."""
        return tuple(_ranges(self.supported_from, self.supported_to))

    @property
    def refuted(self) -> tuple[tuple[float, float], ...]:
        """The ranges that refute."""
        return tuple(_ranges(self.refuted_from, self.refuted_to))


def _ranges(start: float | None, end: float | None) -> Iterator[tuple[float, float]]:
    if start is None and end is None:
        return
    if start is not None and end is not None and start > end:
        yield (-math.inf, end)
        yield (start, math.inf)
        return
    yield (-math.inf if start is None else start, math.inf if end is None else end)


@dataclass(frozen=True, slots=True)
class Value:
    """A metric's centre, in its unit; or a tail of all its repetitions together."""

    of: Operand
    tail: Tail | None = None


@dataclass(frozen=True, slots=True)
class Ratio:
    """One centre over another."""

    of: Operand
    over: Operand


@dataclass(frozen=True, slots=True)
class Difference:
    """One centre minus another, in their unit."""

    of: Operand
    less: Operand


@dataclass(frozen=True, slots=True)
class Slope:
    """How a metric grows from point to point: the exponent (``log``: 1 is in proportion, 0 not at all), or per one (``linear``)."""

    points: tuple[tuple[float, Operand], ...]
    scale: Literal["log", "linear"]


@dataclass(frozen=True, slots=True)
class ShareEnding:
    """The share of a cell's replicates that ended in one of these ways."""

    cell: str
    endings: tuple[Ending, ...]


@dataclass(frozen=True, slots=True)
class ShareWithin:
    """The share of a cell's replicates whose value lies within limits; without limits, whose value is not zero."""

    of: Operand
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True)
class Largest:
    """What some parts are together, as a share of them and the rest; of what a cell has more than another where one is named."""

    cell: str
    parts: tuple[str, ...]
    rest: tuple[str, ...]
    less_cell: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """The smallest ratio of one to the one before it: above 1 where they stand in this order, from the smallest on."""

    of: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Crossing:
    """From which point on a metric is below a share of what it is at the first point; *unit* is that of the points."""

    points: tuple[tuple[float, Operand], ...]
    below: float
    unit: FigureUnit = "count"


Quantity = Value | Ratio | Difference | Slope | ShareEnding | ShareWithin | Largest | Order | Crossing


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What turns measurements into a claim's verdict. ``figure`` is the article's, where the bounds were made from it."""

    says: str
    quantity: Quantity
    bounds: Bounds
    figure: Figure | None = None


def operands(quantity: Quantity) -> tuple[Operand, ...]:
    """Every metric of a cell that a quantity is made of."""
    match quantity:
        case Value(of=of) | ShareWithin(of=of):
            return (of,)
        case Ratio(of, other) | Difference(of, other):
            return (of, other)
        case Slope(points) | Crossing(points):
            return tuple(operand for _, operand in points)
        case Order(of):
            return of
        case Largest(cell, parts, rest, less_cell):
            cells = [cell, less_cell] if less_cell else [cell]
            return tuple(Operand(each, metric) for each in cells for metric in (*parts, *rest))
        case ShareEnding():
            return ()


def unit_of(quantity: Quantity, metric_unit: Callable[[Operand], str]) -> str:
    """What a quantity and its bounds are counted in; *metric_unit* tells it of a metric."""
    match quantity:
        case Value(of=of) | Difference(of=of):
            return metric_unit(of)
        case Ratio() | Order():
            return "ratio"
        case Slope():
            return "slope"
        case ShareEnding() | ShareWithin() | Largest():
            return "share"
        case Crossing(unit=unit):
            return unit


def cells_of(quantity: Quantity) -> tuple[str, ...]:
    """Every cell that a quantity needs, each once."""
    named = [quantity.cell] if isinstance(quantity, ShareEnding) else []
    return tuple(dict.fromkeys([*named, *(operand.cell for operand in operands(quantity))]))
