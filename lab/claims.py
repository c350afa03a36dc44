"""Claims and measurements make verdicts, by rules that were fixed in the manifest before anything was measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from lab.model.outcome import (
    LOST,
    CellSummary,
    ClaimVerdict,
    Estimate,
    Inconclusive,
    Judged,
    MeasuredMetric,
    Reason,
    Ruling,
)
from lab.model.rule import (
    Crossing,
    Difference,
    Largest,
    Operand,
    Order,
    Quantity,
    Ratio,
    Rule,
    ShareEnding,
    ShareWithin,
    Slope,
    Tail,
    Value,
    cells_of,
    operands,
    unit_of,
)
from lab.model.run import Ending
from lab.model.scenario import Claim
from lab.report.claims import bounds_in_words, ruling_in_words
from lab.stats import quantity
from lab.stats.process import PerProcess, measured

_RULED: Final = {
    True: ClaimVerdict.SUPPORTED,
    False: ClaimVerdict.REFUTED,
    None: ClaimVerdict.NOT_DECIDED,
}
_HALVES: Final = {
    ClaimVerdict.SUPPORTED: "what was measured of it holds: ",
    ClaimVerdict.REFUTED: "what was measured of it does not hold: ",
}
_NO_REPLICATE: Final = frozenset(
    ending.value for ending in (Ending.CONTAMINATED, Ending.REFUSED, Ending.BUILD_FAILED, Ending.INFRA_FAILED)
)
"""Endings of which the program's behaviour is not the cause: they count for nothing."""


def judge(claims: Sequence[Claim], cells: Sequence[CellSummary]) -> tuple[Judged, ...]:
    """A verdict for each claim, with the numbers behind it."""
    by_id = {cell.id: cell for cell in cells}
    return tuple(_judged(claim, by_id) for claim in claims)


def together(verdicts: Collection[ClaimVerdict]) -> ClaimVerdict:
    """What several verdicts on one claim make: it depends where some support it and some refute it."""
    found = set(verdicts)
    if not found or ClaimVerdict.NOT_MEASURED in found:
        return ClaimVerdict.NOT_MEASURED
    if len(found) == 1:
        return found.pop()
    if {ClaimVerdict.SUPPORTED, ClaimVerdict.REFUTED} <= found:
        return ClaimVerdict.DEPENDS
    return ClaimVerdict.NOT_DECIDED


def _judged(claim: Claim, cells: Mapping[str, CellSummary]) -> Judged:
    rulings = tuple(_ruled(rule, cells) for rule in claim.rules)
    verdict = together([ruling.verdict for ruling in rulings])
    why = "; ".join(ruling_in_words(ruling) for ruling in rulings)
    if verdict is ClaimVerdict.DEPENDS:
        why = _on_what(rulings)
    if claim.open:
        why = f"{_HALVES.get(verdict, '')}{why}; {claim.open}"
        verdict = ClaimVerdict.NOT_MEASURED
    return Judged(
        id=claim.id, statement=claim.statement, verdict=verdict, why=why, rulings=rulings, open=claim.open
    )


def _on_what(rulings: Sequence[Ruling]) -> str:
    """What speaks for a claim, what against it, and what for neither."""
    parts = []
    for verdict, words in (
        (ClaimVerdict.SUPPORTED, "it holds by"),
        (ClaimVerdict.REFUTED, "not by"),
        (ClaimVerdict.NOT_DECIDED, "and is not decided by"),
    ):
        those = "; ".join(ruling_in_words(ruling) for ruling in rulings if ruling.verdict is verdict)
        parts.extend([f"{words} {those}"] if those else [])
    return ", ".join(parts)


def _ruled(rule: Rule, cells: Mapping[str, CellSummary]) -> Ruling:
    found = _problem(rule.quantity, cells) or _quantity(rule.quantity, cells)
    unit = _unit(rule.quantity, cells)
    named = cells_of(rule.quantity)
    if isinstance(found, Inconclusive):
        is_missing = found.reason is Reason.NOTHING_MEASURED
        verdict = ClaimVerdict.NOT_MEASURED if is_missing else ClaimVerdict.NOT_DECIDED
        return Ruling(says=rule.says, verdict=verdict, unit=unit, estimate=None, why=found.why, cells=named)
    low = found.value if found.low is None else found.low
    high = found.value if found.high is None else found.high
    verdict = _RULED[rule.bounds.side(low, high)]
    return Ruling(
        says=rule.says,
        verdict=verdict,
        unit=unit,
        estimate=found,
        why=bounds_in_words(rule.bounds, (low, high), unit),
        cells=named,
    )


def _problem(wanted: Quantity, cells: Mapping[str, CellSummary]) -> Inconclusive | None:
    """Why there can be no number: a cell or a metric that gave nothing, or replicates that were lost with their values."""
    missing = [cell for cell in cells_of(wanted) if cell not in cells or not _replicates(cells[cell])]
    if missing:
        return _nothing(f"not measured in this run ({' and '.join(missing)})")
    for operand in operands(wanted):
        found = _metric(cells, operand)
        if isinstance(wanted, ShareWithin):
            continue  # a share can say how many it does not know of
        if lost := cells[operand.cell].lost:
            return lost
        if found is None or not found.values:
            return _no_value(operand)
    return None


def _quantity(  # noqa: C901, PLR0911 - one return a quantity, of a closed set
    wanted: Quantity, cells: Mapping[str, CellSummary]
) -> Estimate | Inconclusive:
    def sample(operand: Operand) -> PerProcess:
        found = _metric(cells, operand)
        if found is None:
            raise KeyError(operand)  # _problem looked
        return measured(found)

    match wanted:
        case Value(of, tail):
            return quantity.value(sample(of)) if tail is None else _tail(cells, of, tail)
        case Ratio(of, over):
            return quantity.ratio(sample(of), sample(over), same=of.cell == over.cell)
        case Difference(of, less):
            return quantity.difference(sample(of), sample(less), same=of.cell == less.cell)
        case Slope(points, scale):
            same = len({operand.cell for _, operand in points}) == 1
            return quantity.slope([(at, sample(operand)) for at, operand in points], scale, same=same)
        case ShareEnding(cell, endings):
            return _share_ending(cells[cell], endings)
        case ShareWithin():
            return _share_within(wanted, cells)
        case Largest():
            return _part(wanted, sample)
        case Order(of):
            pairs = zip(of, (of[0], *of), strict=False)
            return quantity.smallest_step([(sample(each), each.cell == last.cell) for each, last in pairs])
        case Crossing(points, below):
            return quantity.crossing([(at, sample(operand)) for at, operand in points], below)


def _tail(cells: Mapping[str, CellSummary], of: Operand, name: Tail) -> Estimate | Inconclusive:
    found = _metric(cells, of)
    if found and (known := found.tails.get(name) or found.no_tails.get(name)):
        return known
    return _nothing(f"no tail is known of {of.metric} in {of.cell}")


def _share_ending(cell: CellSummary, endings: Sequence[Ending]) -> Estimate | Inconclusive:
    """Of the replicates that no rule put aside; how those ended that one did, a summary does not say."""
    count = sum(cell.outcomes.get(ending.value, 0) for ending in endings)
    aside = sum(cell.excluded.values())
    n = max(_replicates(cell) - aside, 0)
    return quantity.share(min(max(count - aside, 0), n), min(count, n), n)


def _share_within(wanted: ShareWithin, cells: Mapping[str, CellSummary]) -> Estimate | Inconclusive:
    """Of the replicates that gave a value or were lost; of the lost ones nobody knows."""
    found = _metric(cells, wanted.of)
    values = found.values if found else ()
    lost = sum(cells[wanted.of.cell].outcomes.get(ending.value, 0) for ending in LOST)
    if not values:
        return _no_value(wanted.of)
    if wanted.at_least is None and wanted.at_most is None:
        within = sum(value != 0 for value in values)
    else:
        low = -math.inf if wanted.at_least is None else wanted.at_least
        high = math.inf if wanted.at_most is None else wanted.at_most
        within = sum(low <= value <= high for value in values)
    return quantity.share(within, within + lost, len(values) + lost)


def _part(wanted: Largest, sample: Callable[[Operand], PerProcess]) -> Estimate | Inconclusive:
    def pieces(metrics: Sequence[str]) -> list[tuple[PerProcess, PerProcess | None]]:
        return [
            (
                sample(Operand(wanted.cell, metric)),
                sample(Operand(wanted.less_cell, metric)) if wanted.less_cell else None,
            )
            for metric in metrics
        ]

    return quantity.part(pieces(wanted.parts), pieces(wanted.rest))


def _unit(wanted: Quantity, cells: Mapping[str, CellSummary]) -> str:
    def unit(of: Operand) -> str:
        found = _metric(cells, of)
        return found.unit if found else "count"

    return unit_of(wanted, unit)


def _metric(cells: Mapping[str, CellSummary], operand: Operand) -> MeasuredMetric | None:
    cell = cells.get(operand.cell)
    return next((each for each in cell.metrics if each.name == operand.metric), None) if cell else None


def _replicates(cell: CellSummary) -> int:
    """Those of which the program decided the ending."""
    return sum(count for ending, count in cell.outcomes.items() if ending not in _NO_REPLICATE)


def _no_value(operand: Operand) -> Inconclusive:
    """Of replicates that ran: to measure the same again would not make it "measured"."""
    return Inconclusive(reason=Reason.NO_VALUE, why=f"no replicate of {operand.cell} gave {operand.metric}")


def _nothing(why: str) -> Inconclusive:
    return Inconclusive(reason=Reason.NOTHING_MEASURED, why=why)
