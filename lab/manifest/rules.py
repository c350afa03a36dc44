"""Claims and their rules as a manifest states them, checked against what the scenario measures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from lab.manifest.bounds import mistakes_of
from lab.manifest.look import Known, Look
from lab.manifest.tables import Table, checked, nearest
from lab.manifest.vocabulary import KINDS, Bounded, CrossingTable, FigureRuleTable
from lab.model.rule import Bounds, Crossing, Figure, FigureUnit, Quantity, Rule, operands
from lab.model.scenario import Claim


class FigureTable(Table):
    """``figure = { text = "1 to 2 ms", from = 1e6, to = 2e6, unit = "ns" }``; one number is ``value``."""

    text: str
    value: float | None = None
    start: float | None = Field(default=None, alias="from")
    end: float | None = Field(default=None, alias="to")
    unit: FigureUnit | None = None

    def mistakes(self) -> Iterator[str]:
        """What its keys say against each other."""
        is_number, is_range = self.value is not None, self.start is not None and self.end is not None
        is_half = (self.start is None) != (self.end is None)
        if is_half or (is_number and self.start is not None):
            yield "is a value, or from and to, or a text alone"
        elif (is_number or is_range) != (self.unit is not None):
            yield "has a unit ('ns', 'bytes' or 'count') where it is a number or a range, and only there"
        elif is_range and not 0 <= (self.start or 0.0) < (self.end or 0.0):
            yield "goes from the smaller to the larger number, neither below 0"
        elif is_number and not (self.value or 0.0) > 0:
            yield "is above 0"

    def figure(self) -> Figure:
        """As a noun."""
        low, high = (self.value, self.value) if self.value is not None else (self.start, self.end)
        return Figure(text=self.text, low=low, high=high, unit=self.unit)


class ClaimTable(Table):
    """A claim; its rules are checked by their kind."""

    id: str
    statement: str
    figure: FigureTable | None = None
    rules: list[dict[str, Any]] = Field(min_length=1)
    open: str = ""


def claims_from(
    tables: Sequence[tuple[str, ClaimTable]], known: Known, mistakes: list[str]
) -> Iterator[Claim]:
    """The claims of a manifest, each with those of its rules that are right; what is wrong goes to *mistakes*."""
    ids = [table.id for _, table in tables]
    for at, table in tables:
        if ids.count(table.id) > 1:
            mistakes.append(f"{at}.id: {table.id!r} is there twice")
        figure = figure_from(table.figure, f"{at}.figure", mistakes)
        looks = [
            (raw, Look(known, f"{at}.rules[{number}]", mistakes)) for number, raw in enumerate(table.rules)
        ]
        rules = [_rule(raw, figure, look) for raw, look in looks]
        yield Claim(
            id=table.id,
            statement=table.statement,
            figure=figure,
            rules=tuple(rule for rule in rules if rule is not None),
            open=table.open,
        )


def figure_from(table: FigureTable | None, at: str, mistakes: list[str]) -> Figure | None:
    """The article's figure, if there is one and it is right."""
    wrong = [f"{at}: {words}" for words in table.mistakes()] if table else []
    mistakes.extend(wrong)
    return table.figure() if table and not wrong else None


def _rule(raw: Mapping[str, Any], figure: Figure | None, look: Look) -> Rule | None:
    kind = raw.get("kind", "ratio" if raw.get("over_cell") or raw.get("over_metric") else "value")
    if kind not in KINDS:
        look.mistake("kind", f"there is no rule of kind {kind!r}{nearest(str(kind), KINDS)}")
        return None
    before = len(look.mistakes)
    table = checked(KINDS[kind], raw, look.at, look.mistakes)
    quantity = table.quantity(look) if table else None
    if table is None or quantity is None:
        return None
    look.whole(quantity)
    given = table.bounds() if isinstance(table, Bounded) else Bounds()
    bounds: Bounds | None = given
    about = (
        table if isinstance(table, FigureRuleTable | CrossingTable) and table.tolerance is not None else None
    )
    if about is not None:
        bounds = _around_figure(about, quantity, figure, look)
        if given != Bounds():
            look.mistake(
                "", "is decided by bounds or by a tolerance around the article's figure, not by both"
            )
    if bounds is None or len(look.mistakes) > before:
        return None
    for words in mistakes_of(bounds, quantity, look.known.replicates):
        look.mistake("", words)
    return Rule(says=table.says, quantity=quantity, bounds=bounds, figure=figure if about else None)


def _around_figure(
    table: FigureRuleTable | CrossingTable, quantity: Quantity, figure: Figure | None, look: Look
) -> Bounds | None:
    """Within the tolerance supports, outside it (or outside a wider one) refutes."""
    if figure is None or figure.low is None or figure.high is None:
        look.mistake("", "is about the article's figure, and the claim has none with a number and a unit")
        return None
    metric = look.known.metrics.get(operands(quantity)[0].metric)
    unit = quantity.unit if isinstance(quantity, Crossing) else metric.unit if metric else figure.unit
    if unit != figure.unit:
        look.mistake("", f"is in {unit}, and the article's figure in {figure.unit}")
    within = table.tolerance or 0.0
    if figure.low == figure.high and within == 0:
        look.mistake("tolerance", "is 0 around one number, in which no interval lies")
    beyond = within if table.refuted_beyond is None else table.refuted_beyond
    return Bounds(
        supported_from=figure.low / (1 + within),
        supported_to=figure.high * (1 + within),
        refuted_from=figure.high * (1 + beyond),
        refuted_to=figure.low / (1 + beyond),
    )
