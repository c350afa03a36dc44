"""Bias and its slope over cells, by hand and against scipy."""

import math

import pytest
from scipy import stats

from lab.model.outcome import Inconclusive, Reason
from lab.stats.bias import bland_altman, slope
from lab.stats.forecast import Forecast
from tests.stats.samples import held, known, one_each


def _cells(ratios: list[float], *, grows: float = 10) -> list[Forecast]:
    return [
        Forecast(f"{n}", one_each([grows**n]), one_each([ratio * grows**n])) for n, ratio in enumerate(ratios)
    ]


def test_bias_is_the_mean_of_the_logarithms_of_ratios() -> None:
    """With t interval, and 1.96 standard deviations to each side for single cells."""
    ratios = [1.1, 1.2, 1.3, 1.2, 1.1, 1.4]
    logs = [math.log(each) for each in ratios]
    ends = stats.ttest_1samp(logs, 0).confidence_interval(0.95)
    deviation = stats.tstd(logs)

    found = known(bland_altman(_cells(ratios)))

    assert found.ratio.value == pytest.approx(stats.gmean(ratios))
    assert (found.ratio.low, found.ratio.high) == pytest.approx((math.exp(ends.low), math.exp(ends.high)))
    assert found.upper.value / found.ratio.value == pytest.approx(math.exp(1.959964 * deviation))
    assert found.upper.value * found.lower.value == pytest.approx(found.ratio.value**2)
    assert held(found.upper, found.upper.value)


def test_metrics_of_a_cell_are_averaged_and_their_spread_is_not_lost() -> None:
    """The bias is that of the cells' means; its interval knows of six cells, not of twelve metrics."""
    means = [1.1, 1.2, 1.3, 1.2, 1.1, 1.4]
    metrics = [
        Forecast(f"{n}/{sign}", one_each([10.0**n]), one_each([ratio * 1.2**sign * 10.0**n]), of=f"{n}")
        for n, ratio in enumerate(means)
        for sign in (-1, 1)
    ]
    alone, several = known(bland_altman(_cells(means))), known(bland_altman(metrics))

    for found in (several.ratio, known(slope(metrics))):
        assert found.n == 6
    assert (several.ratio.value, several.ratio.low, several.ratio.high) == pytest.approx(
        (alone.ratio.value, alone.ratio.low, alone.ratio.high)
    )
    logs = [math.log(each.measured.values[0] / each.predicted.values[0]) for each in metrics]
    around = math.sqrt(sum((each - math.fsum(logs) / 12) ** 2 for each in logs) / 12 * 6 / 5)
    assert several.upper.value / several.ratio.value == pytest.approx(math.exp(1.959964 * around))


def test_the_slope_is_scipys() -> None:
    """Theil and Sen's, of all metrics."""
    ratios = [1.1, 0.8, 1.3, 1.25, 1.6, 1.4, 0.9]
    cells = _cells(ratios)
    level = [math.log(10) * n + math.log(ratio) / 2 for n, ratio in enumerate(ratios)]

    assert known(slope(cells)).value == pytest.approx(
        stats.theilslopes([math.log(r) for r in ratios], level).slope
    )


def test_an_error_that_grows_with_the_level_has_a_slope() -> None:
    """Each tenfold duration 26 % more: 0.1 to the mean of both logarithms; one wild cell does not matter."""
    ratios = [10 ** (0.1 * n) for n in range(12)]
    ratios[6] = 1000

    found = known(slope(_cells(ratios)))

    assert found.value == pytest.approx(0.1 / 1.05, rel=0.02)
    assert held(found, 0.1 / 1.05)


def test_degenerate_cells() -> None:
    """Perfect predictions have no bias; too few, or all of one level, say nothing."""
    perfect = known(bland_altman(_cells([1.0] * 5)))

    assert (perfect.ratio.low, perfect.ratio.value, perfect.ratio.high) == pytest.approx((1, 1, 1))
    assert known(slope(_cells([1.0] * 5))).value == 0
    for found, reason in (
        (bland_altman(_cells([1.0] * 4)), Reason.TOO_FEW),
        (bland_altman([]), Reason.NOTHING_MEASURED),
        (slope(_cells([1.0] * 4)), Reason.TOO_FEW),
        (slope(_cells([1.0] * 5, grows=1)), Reason.CONSTANT),
    ):
        assert isinstance(found, Inconclusive)
        assert found.reason is reason
