"""False alarms in words."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from lab.model.falsealarm import Checked, FalseAlarms
from lab.report.text import counted


def false_alarm_lines(found: Checked, nominal: float) -> Iterator[str]:
    """One sentence a metric, and what they mean together."""
    for each in found.metrics:
        yield _line(each)
    for reason, count in found.excluded.items():
        yield f"{counted(count, 'replicate')} of {found.replicates} put aside: {reason}"
    nominal_share = f"{nominal:.0%}".replace("%", " %")
    if any(each.is_too_many for each in found.metrics):
        yield f"golab tells the same from itself more often than {nominal_share} here: differences that it finds may be none"
        yield "  → golab doctor says what disturbs measurements; more replicates in more sittings help against slow drifts"
    else:
        yield f"no more false alarms than the {nominal_share} that are to be expected, as far as these comparisons can tell"


def _line(each: FalseAlarms) -> str:
    alarms, verdicts = each.alarm_share, each.disagreement_share
    spread = f"ratios from {min(each.ratios):.2f} to {max(each.ratios):.2f}, median {statistics.median(each.ratios):.2f}"
    return (
        f"{each.metric}: {each.alarms} of {each.comparisons} comparisons of the same gave p < 0.05"
        f" ({_interval(alarms.low, alarms.high)}), {each.disagreements} were told to disagree"
        f" ({_interval(verdicts.low, verdicts.high)}); {spread}"
    )


def _interval(low: float | None, high: float | None) -> str:
    return f"{(low or 0) * 100:.0f} … {(high or 0) * 100:.0f} %"
