"""The kinds of rules as tables, each of which makes its quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from pydantic import Field

from lab.manifest.look import UNITS, Look
from lab.manifest.tables import Name, Table
from lab.model.rule import (
    Bounds,
    Crossing,
    Difference,
    Largest,
    Operand,
    Order,
    Quantity,
    Ratio,
    ShareEnding,
    ShareWithin,
    Slope,
    Tail,
    Value,
)
from lab.model.run import Ending

Names = Sequence[str]


class RuleTable(Table):
    """What every rule has."""

    kind: str = ""
    says: str

    def quantity(self, look: Look) -> Quantity | None:
        """What it decides by; None where that cannot be told, which *look* then knows."""
        raise NotImplementedError


class Bounded(RuleTable):
    """A rule that says itself from where on it decides."""

    supported_from: float | None = None
    supported_to: float | None = None
    refuted_from: float | None = None
    refuted_to: float | None = None

    def bounds(self) -> Bounds:
        """As a noun."""
        return Bounds(
            supported_from=self.supported_from,
            supported_to=self.supported_to,
            refuted_from=self.refuted_from,
            refuted_to=self.refuted_to,
        )


class ValueTable(Bounded):
    """A metric's centre, or a tail of all its repetitions."""

    cell: str
    metric: Name
    tail: Tail | None = None

    def quantity(self, look: Look) -> Quantity | None:
        """As a noun."""
        return look.tailed(Value(Operand(self.cell, self.metric), self.tail))


class RatioTable(Bounded):
    """A metric's centre over another one; what ``over_…`` does not name is as above."""

    cell: str
    metric: Name
    over_cell: str = ""
    over_metric: str = ""

    def quantity(self, look: Look) -> Quantity | None:
        """As a noun."""
        of = Operand(self.cell, self.metric)
        return Ratio(of, _other(look, "over", of, (self.over_cell, self.over_metric)))


class DifferenceTable(Bounded):
    """A metric's centre less another one; what ``less_…`` does not name is as before."""

    cell: str
    metric: Name
    less_cell: str = ""
    less_metric: str = ""

    def quantity(self, look: Look) -> Quantity | None:
        """As a noun."""
        of = Operand(self.cell, self.metric)
        return Difference(of, _other(look, "less", of, (self.less_cell, self.less_metric)))


class FigureRuleTable(RuleTable):
    """A metric's centre, a tail of its repetitions, or a difference, against the article's figure."""

    cell: str
    metric: Name
    tail: Tail | None = None
    less_cell: str = ""
    less_metric: str = ""
    tolerance: float = Field(ge=0)
    refuted_beyond: float | None = Field(default=None, ge=0)

    def quantity(self, look: Look) -> Quantity | None:
        """As a noun."""
        of = Operand(self.cell, self.metric)
        if not (self.less_cell or self.less_metric):
            return look.tailed(Value(of, self.tail))
        if self.tail:
            look.mistake("tail", "is of one metric, not of a difference")
        return Difference(of, _other(look, "less", of, (self.less_cell, self.less_metric)))


class SlopeTable(Bounded):
    """A metric over a factor's cells, or metrics of one cell over numbers."""

    scale: Literal["log", "linear"] = "log"
    factor: str = ""
    cells: Names = ()
    metric: str = ""
    cell: str = ""
    metrics: Names = ()
    at: Sequence[float] = ()

    def quantity(self, look: Look) -> Quantity | None:
        """As a noun."""
        over_cells = bool(self.factor and self.metric) and not (self.cell or self.metrics or self.at)
        within = bool(self.cell and self.metrics) and not (self.factor or self.cells or self.metric)
        if over_cells == within:
            look.mistake(
                "",
                "a slope has factor, cells and metric (one metric over cells), or cell, metrics and at (metrics at numbers)",
            )
            return None
        points = look.over_factor(self.factor, self.cells, self.metric) if over_cells else self._within(look)
        if self.scale == "log" and any(at <= 0 for at, _ in points):
            look.mistake("scale", "a number of 0 or less has no logarithm: take scale = 'linear'")
            return None
        return Slope(points, self.scale) if points else None

    def _within(self, look: Look) -> tuple[tuple[float, Operand], ...]:
        if len(self.at) != len(self.metrics) or len(set(self.at)) < max(len(self.at), 2):
            look.mistake("at", "has a number for each of metrics, two or more, none twice")
            return ()
        named = zip(self.at, self.metrics, strict=True)
        return tuple((at, Operand(self.cell, metric)) for at, metric in named)


class ShareTable(Bounded):
    """How many of a cell's replicates ended so, or have such a value."""

    cell: str
    metric: str = ""
    at_least: float | None = None
    at_most: float | None = None
    endings: list[Literal[tuple(ending.value for ending in Ending)]] = Field(default=[])  # type: ignore[valid-type]

    def quantity(self, look: Look) -> Quantity | None:
        """As a noun."""
        has_limits = self.at_least is not None or self.at_most is not None
        if bool(self.metric) == bool(self.endings) or (self.endings and has_limits):
            look.mistake("", "a share is of a metric (with at_least, at_most or neither) or of endings")
            return None
        if self.endings:
            return ShareEnding(self.cell, tuple(Ending(each) for each in self.endings))
        return ShareWithin(Operand(self.cell, self.metric), self.at_least, self.at_most)


class LargestTable(Bounded):
    """What some metrics of a cell are of themselves and the rest."""

    cell: str
    parts: Sequence[Name] = Field(min_length=1)
    rest: Sequence[Name] = Field(min_length=1)
    less_cell: str = ""

    def quantity(self, look: Look) -> Quantity | None:
        """As a noun."""
        named = [*self.parts, *self.rest]
        if len(set(named)) < len(named):
            look.mistake("rest", "names a metric that is among the parts, or one is named twice")
        return Largest(self.cell, tuple(self.parts), tuple(self.rest), self.less_cell)


class OrderTable(Bounded):
    """One metric in several cells, or several metrics of one cell, the smallest first."""

    metric: str = ""
    cells: Names = ()
    cell: str = ""
    metrics: Names = ()

    def quantity(self, look: Look) -> Quantity | None:
        """As a noun."""
        over_cells = bool(self.metric and self.cells) and not (self.cell or self.metrics)
        within = bool(self.cell and self.metrics) and not (self.metric or self.cells)
        of = [Operand(cell, self.metric) for cell in self.cells] if over_cells else []
        of = [Operand(self.cell, metric) for metric in self.metrics] if within else of
        if len(set(of)) < max(len(of), 2):
            look.mistake("", "an order has metric and cells, or cell and metrics: two or more, none twice")
            return None
        return Order(tuple(of))


class CrossingTable(Bounded):
    """From which level of a factor on a metric is below a share of what it is at the smallest one."""

    factor: str
    cells: Names = Field(min_length=2)
    metric: Name
    below: float = Field(gt=0)
    tolerance: float | None = Field(default=None, ge=0)
    refuted_beyond: float | None = Field(default=None, ge=0)

    def quantity(self, look: Look) -> Quantity | None:
        """As a noun."""
        points = look.over_factor(self.factor, self.cells, self.metric)
        return Crossing(points, self.below, UNITS[look.known.factors[self.factor].kind]) if points else None


KINDS: Final[Mapping[str, type[RuleTable]]] = {
    "value": ValueTable,
    "ratio": RatioTable,
    "difference": DifferenceTable,
    "figure": FigureRuleTable,
    "slope": SlopeTable,
    "share": ShareTable,
    "largest": LargestTable,
    "order": OrderTable,
    "crossing": CrossingTable,
}
"""The vocabulary, by what ``kind`` says; without one it is a ratio where it is over something, else a value."""


def _other(look: Look, word: str, of: Operand, other: tuple[str, str]) -> Operand:
    """The second of two: what it does not name is the first one's."""
    found = Operand(other[0] or of.cell, other[1] or of.metric)
    if found == of:
        look.mistake("", f"{word}_cell or {word}_metric has to name another cell or metric than the first")
    return found
