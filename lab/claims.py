"""Claims and measurements make verdicts, by rules that were fixed in the manifest before anything was measured."""

from __future__ import annotations

from collections.abc import Sequence

from lab.model.outcome import (
    CellSummary,
    ClaimVerdict,
    Estimate,
    Inconclusive,
    Judged,
    MeasuredMetric,
    Reason,
)
from lab.model.scenario import Claim, Rule
from lab.model.units import value_to_text
from lab.stats.estimate import centre_ratio
from lab.stats.process import measured
from lab.stats.summary import CLOCK_NS

_RULED = {True: ClaimVerdict.SUPPORTED, False: ClaimVerdict.REFUTED, None: ClaimVerdict.NOT_DECIDED}

_HALVES = {
    ClaimVerdict.SUPPORTED: "what was measured of it holds: ",
    ClaimVerdict.REFUTED: "what was measured of it does not hold: ",
}


def judge(claims: Sequence[Claim], cells: Sequence[CellSummary]) -> tuple[Judged, ...]:
    """A verdict for each claim, with the numbers behind it."""
    return tuple(_judged(claim, cells) for claim in claims)


def _judged(claim: Claim, cells: Sequence[CellSummary]) -> Judged:
    ruled = [_ruled(rule, cells) for rule in claim.rules]
    verdicts = {verdict for verdict, _ in ruled}
    why = "; ".join(words for _, words in ruled)
    if ClaimVerdict.NOT_MEASURED in verdicts:
        verdict = ClaimVerdict.NOT_MEASURED
    elif {ClaimVerdict.SUPPORTED, ClaimVerdict.REFUTED} <= verdicts:
        verdict = ClaimVerdict.DEPENDS
    elif len(verdicts) == 1:
        (verdict,) = verdicts
    else:
        verdict = ClaimVerdict.NOT_DECIDED
    if claim.open:
        why = f"{_HALVES.get(verdict, '')}{why}; {claim.open}"
        verdict = ClaimVerdict.NOT_MEASURED
    return Judged(id=claim.id, statement=claim.statement, verdict=verdict, why=why)


def _ruled(rule: Rule, cells: Sequence[CellSummary]) -> tuple[ClaimVerdict, str]:
    quantity = _quantity(rule, cells)
    if isinstance(quantity, Inconclusive) and quantity.reason is not Reason.NOTHING_MEASURED:
        return ClaimVerdict.NOT_DECIDED, f"{rule.says}: {quantity.why}"
    if quantity is None or isinstance(quantity, Inconclusive):
        missing = rule.cell if rule.over is None else f"{rule.cell} and {rule.over[0]}"
        return ClaimVerdict.NOT_MEASURED, f"{rule.says}: not measured in this run ({missing})"
    estimate, unit = quantity
    return _RULED[_side(rule, estimate)], f"{rule.says}: {_worded(estimate, unit)}"


def _quantity(rule: Rule, cells: Sequence[CellSummary]) -> tuple[Estimate, str] | Inconclusive | None:
    found = _metric(cells, rule.cell, rule.metric)
    if found is None:
        return None
    if rule.over is None:
        return (found.estimate, found.unit) if found.estimate else None
    other = _metric(cells, *rule.over)
    if other is None:
        return None
    clock = CLOCK_NS if found.unit == "ns" else 0.0
    ratio = centre_ratio(measured(found), measured(other), resolution=clock)
    return (ratio, "ratio") if isinstance(ratio, Estimate) else ratio


def _metric(cells: Sequence[CellSummary], cell: str, name: str) -> MeasuredMetric | None:
    return next(
        (metric for each in cells if each.id == cell for metric in each.metrics if metric.name == name), None
    )


def _side(rule: Rule, estimate: Estimate) -> bool | None:
    """True: supported, False: refuted, None: neither, by where the whole interval lies."""
    low = estimate.value if estimate.low is None else estimate.low
    high = estimate.value if estimate.high is None else estimate.high
    if _within(rule.supported_from, rule.supported_to, low, high):
        return True
    if _within(rule.refuted_from, rule.refuted_to, low, high):
        return False
    return None


def _within(start: float | None, end: float | None, low: float, high: float) -> bool:
    if start is None and end is None:
        return False
    return (start is None or low >= start) and (end is None or high <= end)


def _worded(estimate: Estimate, unit: str) -> str:
    if estimate.low is None or estimate.high is None or estimate.low == estimate.high:
        return value_to_text(estimate.value, unit)
    low, high = value_to_text(estimate.low, unit), value_to_text(estimate.high, unit)
    return f"{value_to_text(estimate.value, unit)} [{low} … {high}]"
