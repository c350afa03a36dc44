"""What a rule may speak of, and what it says wrongly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lab.manifest.tables import nearest
from lab.model.level import FactorKind, Levels
from lab.model.metric import Metric
from lab.model.rule import FigureUnit, Operand, Quantity, ShareEnding, Value, operands
from lab.model.scenario import Factor

UNITS: Final[Mapping[FactorKind, FigureUnit]] = {
    FactorKind.BYTES: "bytes",
    FactorKind.DURATION: "ns",
    FactorKind.INTEGER: "count",
}
"""Kinds of factors whose levels are numbers, and the unit of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a rule may speak of. ``cells`` is None where the manifest's cells are not known for other mistakes.

    ``malformed`` are metrics with mistakes of their own.
    """

    metrics: Mapping[str, Metric]
    malformed: frozenset[str]
    factors: Mapping[str, Factor]
    cells: Mapping[str, Levels] | None
    replicates: int


@dataclass(frozen=True, slots=True)
class Look:
    """At one rule, which stands *at* a place of the manifest: what is wrong with it goes to *mistakes*."""

    known: Known
    at: str
    mistakes: list[str]

    def mistake(self, key: str, words: str) -> None:
        """One more, about a key of the rule or about all of it."""
        self.mistakes.append(f"{self.at}{'.' if key else ''}{key}: {words}")

    def over_factor(self, name: str, cells: Sequence[str], metric: str) -> tuple[tuple[float, Operand], ...]:
        """Cells by their level of a factor, the smallest first; they may differ in nothing else."""
        factor, known = self.known.factors.get(name), self.known.cells
        if factor is None:
            self.mistake("factor", f"no factor is called {name!r}{nearest(name, self.known.factors)}")
            return ()
        if factor.kind not in UNITS:
            self.mistake("factor", f"the levels of {name} are no numbers")
            return ()
        if known is None or self.unknown_cells(cells):
            return ()
        points = []
        for cell in cells:
            at = known[cell][name].value
            if not isinstance(at, int):
                self.mistake("cells", f"{cell} has {name} {at}, which is no number")
                return ()
            points.append((float(at), Operand(cell, metric)))
        others = [{key: level for key, level in known[cell].items() if key != name} for cell in cells]
        if any(each != others[0] for each in others):
            self.mistake("cells", f"differ in more than {name}")
        if len({at for at, _ in points}) < max(len(points), 2):
            self.mistake("cells", f"are two or more with different {name}")
        return tuple(sorted(points, key=lambda point: point[0]))

    def tailed(self, value: Value) -> Value:
        """The same; a tail is known of a duration, whose repetitions are not reduced to their own tail already."""
        metric = self.known.metrics.get(value.of.metric)
        if value.tail and metric and (metric.unit != "ns" or metric.statistic != "p50"):
            self.mistake(
                "tail", f"is of a p50 in ns, and {metric.name} is a {metric.statistic} in {metric.unit}"
            )
        return value

    def whole(self, quantity: Quantity) -> None:
        """Cells and metrics that there are not, and metrics that do not go together."""
        if isinstance(quantity, ShareEnding):
            self.unknown_cells([quantity.cell])
            return
        named = operands(quantity)
        unknown = self.unknown_cells(tuple(dict.fromkeys(operand.cell for operand in named)))
        for name in dict.fromkeys(operand.metric for operand in named):
            if name not in self.known.metrics and name not in self.known.malformed:
                self.mistake("", f"no metric is called {name!r}{nearest(name, self.known.metrics)}")
        there = [
            (self.known.metrics[each.metric], each.cell)
            for each in named
            if each.metric in self.known.metrics
        ]
        for metric, cell in there:
            levels = self.known.cells.get(cell) if self.known.cells and cell not in unknown else None
            if levels is not None and not metric.applies_to(levels):
                self.mistake("", f"{metric.name} is not measured in cell {cell}")
        units = sorted({metric.unit for metric, _ in there})
        if len(units) > 1:
            self.mistake("", f"its metrics have different units ({', '.join(units)})")

    def unknown_cells(self, cells: Sequence[str]) -> tuple[str, ...]:
        """Those that are no default cells; nothing is unknown as long as the cells are not."""
        known = self.known.cells
        unknown = tuple(cell for cell in cells if known is not None and cell not in known)
        for cell in unknown:
            self.mistake("", f"no default cell is called {cell!r}{nearest(cell, known or ())}")
        return unknown
