"""Quantities of rules: what they are, what their intervals hold, and when there is none."""

import math
import random

import pytest

from lab.model.outcome import Estimate, Inconclusive, Reason
from lab.stats import quantity
from lab.stats.process import PerProcess
from tests.stats.samples import known, log_normal, one_each

_NONE = one_each([])
_ONE = one_each([5.0])
_ZEROS = one_each([0.0, 0.0, 0.0])
_FIVES = one_each([5.0, 5.0, 5.0])
_TENS = one_each([10.0, 10.0, 10.0])
_NEAR_TEN = one_each([9.0, 10.0, 11.0])


def _ends(found: Estimate | Inconclusive | None) -> tuple[float, float, float]:
    estimate = known(found)
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.value, estimate.low, estimate.high


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (quantity.value(_NONE), Reason.NOTHING_MEASURED),
        (quantity.value(_ONE), Reason.TOO_FEW),
        (quantity.difference(_TENS, _ONE, same=False), Reason.TOO_FEW),
        (quantity.difference(_NONE, _TENS, same=True), Reason.NOTHING_MEASURED),
        (quantity.ratio(_TENS, _ZEROS, same=False), Reason.NOT_POSITIVE),
        (quantity.ratio(_TENS, _NONE, same=False), Reason.NOTHING_MEASURED),
        (quantity.slope([(1, _TENS)], "log", same=False), Reason.TOO_FEW),
        (quantity.slope([(1, _TENS), (1, _FIVES)], "linear", same=False), Reason.TOO_FEW),
        (quantity.slope([(1, _TENS), (2, _ZEROS)], "log", same=True), Reason.NOT_POSITIVE),
        (quantity.share(0, 0, 0), Reason.NOTHING_MEASURED),
        (quantity.part([(_ONE, None)], [(_TENS, None)]), Reason.TOO_FEW),
        (quantity.part([(_TENS, _NONE)], [(_TENS, _TENS)]), Reason.NOTHING_MEASURED),
        (quantity.smallest_step([(_TENS, False)]), Reason.TOO_FEW),
        (quantity.smallest_step([(_ZEROS, False), (_TENS, False)]), Reason.NOT_POSITIVE),
        (quantity.crossing([(1, _TENS)], 0.5), Reason.TOO_FEW),
        (quantity.crossing([(1, _TENS), (2, _ZEROS)], 0.5), Reason.NOT_POSITIVE),
    ],
)
def test_a_sample_that_says_nothing_gives_no_number(found: Estimate | Inconclusive, reason: Reason) -> None:
    """No values, one, zeros where a ratio is wanted, too few points: a reason, not a number."""
    assert isinstance(found, Inconclusive)
    assert found.reason is reason


def test_values_that_are_always_the_same_have_an_interval_without_width() -> None:
    """Sizes and counts are often exact."""
    assert _ends(quantity.value(_ZEROS)) == (0, 0, 0)
    assert _ends(quantity.difference(_TENS, _FIVES, same=False)) == (5, 5, 5)
    assert _ends(quantity.difference(_ZEROS, _FIVES, same=True)) == (-5, -5, -5)
    assert _ends(quantity.ratio(_TENS, _FIVES, same=False)) == pytest.approx((2, 2, 2))


def test_the_same_processes_give_the_wider_interval() -> None:
    """Nobody knows how the errors of one process hang together, so they are added as they are."""
    other = one_each([4.5, 5.0, 5.5])
    for of in (quantity.ratio, quantity.difference):
        value, low, high = _ends(of(_NEAR_TEN, other, same=True))
        apart = _ends(of(_NEAR_TEN, other, same=False))
        assert apart[0] == value
        assert low < apart[1] < value < apart[2] < high


@pytest.mark.parametrize(
    ("centres", "scale", "slope"),
    [
        ((10, 80, 640), "log", 1),
        ((10, 10, 10), "log", 0),
        ((640, 80, 10), "log", -1),
        ((10, 640, 40960), "log", 2),
        ((103, 124, 292), "linear", 3),
        ((0, 0, 0), "linear", 0),
    ],
)
def test_a_slope_is_an_exponent_or_so_much_for_each(
    centres: tuple[float, ...], scale: str, slope: float
) -> None:
    """In proportion is an exponent of 1, not at all is 0."""
    points = [(at, one_each([centre] * 3)) for at, centre in zip((1, 8, 64), centres, strict=True)]

    found = quantity.slope(points, "log" if scale == "log" else "linear", same=False)

    assert _ends(found) == pytest.approx((slope, slope, slope), abs=1e-9)


def test_a_share_has_wilsons_interval_and_keeps_what_nobody_knows() -> None:
    """Replicates that were lost may have done it or not."""
    assert _ends(quantity.share(10, 10, 10)) == pytest.approx((1, 0.7225, 1), abs=1e-4)
    assert _ends(quantity.share(0, 0, 10)) == pytest.approx((0, 0, 0.2775), abs=1e-4)
    assert _ends(quantity.share(5, 8, 10))[1:] == pytest.approx((0.2366, 0.9433), abs=1e-4)


def test_a_part_is_a_share_of_parts_and_rest() -> None:
    """Also of what one cell has more than another, where less than nothing is nothing."""
    assert _ends(quantity.part([(_TENS, None), (_FIVES, None)], [(_FIVES, None)])) == (0.75, 0.75, 0.75)
    assert _ends(quantity.part([(_TENS, _FIVES)], [(_TENS, _TENS)])) == (1, 1, 1)
    assert _ends(quantity.part([(_FIVES, _TENS)], [(_TENS, _FIVES)])) == (0, 0, 0)
    assert _ends(quantity.part([(_ZEROS, None)], [(_ZEROS, None)])) == (0.5, 0, 1)
    value, low, high = _ends(quantity.part([(_NEAR_TEN, None)], [(_TENS, None)]))
    assert low < value < high


def test_an_order_is_as_good_as_its_worst_step() -> None:
    """Above 1 where each is larger than the one before."""
    assert _ends(quantity.smallest_step([(_FIVES, False), (_TENS, False), (one_each([40, 40]), False)]))[
        0
    ] == pytest.approx(2)
    assert _ends(quantity.smallest_step([(_FIVES, False), (_TENS, False), (_FIVES, True)]))[
        2
    ] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("centres", "found"),
    [
        ((100, 99, 98, 50, 20), (40, 20, 40)),
        ((100, 99, 98, 97, 96), (math.inf, 80, math.inf)),
        ((100, 40, 30, 20, 10), (10, 1, 10)),
        ((100, 99, 40, 99, 30), (80, 10, 80)),
    ],
    ids=["between 20 and 40", "nowhere", "at once", "a dip is no fall"],
)
def test_a_crossing_lies_between_two_points(
    centres: tuple[float, ...], found: tuple[float, float, float]
) -> None:
    """Beyond the last point that is still above, not beyond the first from which on all are below."""
    points = [(at, one_each([centre] * 3)) for at, centre in zip((1, 10, 20, 40, 80), centres, strict=True)]

    assert _ends(quantity.crossing(points, 0.8)) == found


def test_what_is_vague_makes_a_crossing_vague() -> None:
    """A point whose interval is on both sides settles nothing."""
    vague = one_each([20.0, 80.0, 200.0])
    points = [(1, one_each([100.0] * 3)), (2, one_each([99.0] * 3)), (3, vague), (4, _FIVES)]

    assert _ends(quantity.crossing(points, 0.8))[1:] == (2, 4)


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """600 repetitions of ten processes each, seed 1: 95 % or more, where the errors are independent hardly more."""
    source = random.Random(1)  # noqa: S311 - made up
    hits = dict.fromkeys(("difference", "ratio", "slope", "part", "step"), 0)
    for _ in range(600):
        one, two, four = (log_normal(source, centre, 0.3, 10) for centre in (10, 20, 40))
        hits["difference"] += _holds(quantity.difference(two, one, same=False), 10)
        hits["ratio"] += _holds(quantity.ratio(two, one, same=False), 2)
        hits["slope"] += _holds(quantity.slope([(1, one), (2, two), (4, four)], "log", same=False), 1)
        hits["part"] += _holds(quantity.part([(two, None)], [(one, None), (_TENS, None)]), 0.5)
        hits["step"] += _holds(quantity.smallest_step([(one, False), (two, False), (four, False)]), 2)

    assert all(count >= 0.93 * 600 for count in hits.values()), hits
    assert all(hits[name] <= 0.985 * 600 for name in ("difference", "ratio", "slope")), hits


@pytest.mark.slow
def test_intervals_hold_whatever_ties_the_metrics_of_a_process() -> None:
    """300 repetitions, seed 2, with errors that go opposite ways: the worst that can be."""
    source = random.Random(2)  # noqa: S311 - made up
    hits = 0
    for _ in range(300):
        errors = [source.gauss(0, 0.3) for _ in range(10)]
        above, below = (_around(centre, errors, sign) for centre, sign in ((20, 1), (10, -1)))
        hits += _holds(quantity.ratio(above, below, same=True), 2)

    assert hits >= 0.92 * 300


def _around(centre: float, errors: list[float], sign: int) -> PerProcess:
    return one_each([centre * math.exp(sign * error) for error in errors])


def _holds(found: Estimate | Inconclusive, truth: float) -> bool:
    _, low, high = _ends(found)
    return low <= truth <= high
