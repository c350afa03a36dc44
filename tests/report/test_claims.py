"""Numbers and bounds of a claim in words."""

import math

import pytest

from lab.model.outcome import Estimate
from lab.model.rule import Bounds
from lab.report.claims import bounds_in_words, estimate_in_words


def _estimate(value: float, low: float | None, high: float | None) -> Estimate:
    return Estimate(value=value, low=low, high=high, confidence=0.95, n=3, method="")


@pytest.mark.parametrize(
    ("estimate", "unit", "words"),
    [
        (_estimate(1500, 1400, 1600), "ns", "1.50 µs [1.40 µs … 1.60 µs]"),
        (_estimate(2**26, 2**26, 2**26), "bytes", "64.0 MiB"),
        (_estimate(2**26, 2**26 - 9, 2**26 + 9), "bytes", "64.0 MiB"),
        (_estimate(7, None, None), "count", "7"),
        (_estimate(0.5, 0.25, 1), "share", "50 % [25 % … 100 %]"),
        (_estimate(-0.001, -0.2, 0.1), "slope", "0.00 [-0.20 … 0.10]"),
        (_estimate(40, 20, 40), "count", "40 [20 … 40]"),
        (_estimate(40, 20, math.inf), "count", "from 20 on"),
        (_estimate(math.inf, 80, math.inf), "count", "beyond 80, if at all"),
    ],
)
def test_an_estimate_is_rounded_and_has_its_interval(estimate: Estimate, unit: str, words: str) -> None:
    """Where it has one that can be seen; an end that was not found is said as that."""
    assert estimate_in_words(estimate, unit) == words


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ((5, 6), "supported at 4 ns to 8 ns"),
        ((1, 2), "refuted at 2.00 ns or less"),
        ((17, 18), "refuted at 16.0 ns or more"),
        (
            (3, 6),
            "supported only at 4.00 ns to 8.00 ns, refuted only at 2.00 ns or less or 16.0 ns or more",
        ),
    ],
)
def test_what_decided_is_said_or_what_would_have(interval: tuple[float, float], words: str) -> None:
    """The range in which the whole interval lies, else all."""
    bounds = Bounds(supported_from=4, supported_to=8, refuted_from=16, refuted_to=2)

    assert bounds_in_words(bounds, interval, "ns") == words.replace("4 ns to 8 ns", "4.00 ns to 8.00 ns")
