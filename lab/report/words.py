"""What a picture shows, in words: for whoever does not see it, and for whoever wants the figure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Final

from lab.model.outcome import Comparison, Correlation, Estimate, MeasuredMetric, Prediction, Verdict
from lab.model.units import value_to_text
from lab.report.svg import MOST_DOTS, band
from lab.report.text import counted
from lab.report.view import estimate_interval, ratio_text

_HALVES_FROM: Final = 4
"""Values from which on two halves of a run say something."""
_LIES: Final = {
    Verdict.AGREES: "the whole interval lies within the margin",
    Verdict.DISAGREES: "the whole interval lies outside the margin",
    Verdict.INCONCLUSIVE: "the interval lies neither wholly within the margin nor wholly outside it",
}


def distribution_words(
    values: Sequence[float], estimate: Estimate | None, prediction: Prediction | None, unit: str
) -> str:
    """How many processes were measured, from where to where, their centre; the same of the prediction."""
    parts = []
    if values:
        low, high = value_to_text(min(values), unit), value_to_text(max(values), unit)
        parts.append(f"{counted(len(values), 'process')} measured, {_from_to(low, high)}")
    if estimate:
        interval = estimate_interval(estimate, unit)
        parts.append(
            f"centre {value_to_text(estimate.value, unit)}"
            + (f", 95 % interval {interval}" if estimate.low != estimate.high else "")
        )
    if prediction:
        low, high = value_to_text(prediction.low, unit), value_to_text(prediction.high, unit)
        parts.append(
            f"predicted centre {value_to_text(prediction.value, unit)}, 90 % of processes from {low} to {high}"
        )
    if values and prediction:
        parts.append(coverage_words(values, prediction))
    return f"{'; '.join(parts)}.{_thinning(len(values))}"


def coverage_words(values: Sequence[float], prediction: Prediction) -> str:
    """How many of the measured processes are where 90 % were predicted."""
    within = sum(prediction.low <= value <= prediction.high for value in values)
    return f"{within} of {len(values)} measured within the predicted range"


def drift_words(points: Sequence[tuple[int, float]], centre: float, turns: int, unit: str) -> str:
    """Where in the run the lowest and highest values are, and how the later half compares with the earlier."""
    low, high = min(points, key=_value), max(points, key=_value)
    is_ratio = centre > 0 and low[1] > 0
    told = [
        f"{value / centre:.2f} of the centre" if is_ratio else value_to_text(value, unit)
        for _, value in (low, high)
    ]
    words = (
        f"{counted(len(points), 'value')} in the order of the run, which has {counted(turns, 'turn')};"
        f" lowest {told[0]} at turn {low[0] + 1}, highest {told[1]} at turn {high[0] + 1}"
    )
    halves = halves_words(points)
    return f"{words}{f'; {halves}' if halves else ''}.{_thinning(len(points))}"


def halves_words(points: Sequence[tuple[int, float]]) -> str:
    """The median of the later half over that of the earlier; nothing where there are too few, or no ratio."""
    values = [value for _, value in sorted(points)]
    if len(values) < _HALVES_FROM or min(values) <= 0:
        return ""
    half = len(values) // 2
    ratio = statistics.median(values[-half:]) / statistics.median(values[:half])
    return f"the later half of the run gave {ratio:.2f} times the earlier"


def comparison_words(comparison: Comparison) -> str:
    """A ratio, its interval, its margin, and where the one lies in the other."""
    low, high = band(comparison)
    if comparison.low is None:
        lies = "one replicate has no interval to judge by"
    else:
        lies = _LIES[comparison.verdict]
    return f"{ratio_text(comparison)}, margin {low:.2f} to {high:.2f}: {lies}"


def verdict_sentence(comparison: Comparison) -> str:
    """Why the verdict is what it is, with the test's p and what would decide it."""
    words = f"{comparison.verdict.value}: measured over predicted is {comparison_words(comparison)}"
    is_off = comparison.verdict is Verdict.DISAGREES
    p = comparison.p_disagrees if is_off else comparison.p
    if p is not None:
        words += f" (test of {'a ratio within' if is_off else 'one beyond'} the margin: p = {p:.2g})"
    if comparison.more:
        words += f"; {comparison.more} more replicates would decide, if they spread as these do"
    return words


def correlation_words(found: Correlation) -> str:
    """How alike repetitions of one process are, and what they are worth."""
    counts = f"{found.repetitions} repetitions in {counted(found.processes, 'process')}"
    if found.icc is None:
        return f"{counts}; how alike those of one process are cannot be told, so the processes count"
    interval = "" if found.low is None or found.high is None else f" [{found.low:.2f} … {found.high:.2f}]"
    return (
        f"{counts}: intra-class correlation {found.icc:.2f}{interval},"
        f" worth {found.effective_n:.0f} independent values"
    )


def tails_words(metric: MeasuredMetric) -> str:
    """The quantiles that can be told, and of the first that cannot, why: the others lack more of the same."""
    told = [
        f"{name} {value_to_text(each.value, metric.unit)} [{estimate_interval(each, metric.unit)}]"
        for name, each in metric.tails.items()
    ]
    told += [each.why for each in metric.no_tails.values()][:1]
    return f"tails of all repetitions, with 95 % intervals: {'; '.join(told)}"


def _value(point: tuple[int, float]) -> float:
    return point[1]


def _from_to(low: str, high: str) -> str:
    return f"from {low} to {high}" if low != high else f"all {low}"


def _thinning(count: int) -> str:
    every = -(-count // MOST_DOTS)
    return f" One dot in {every} is drawn." if every > 1 else ""
