"""Estimates against their definitions, and their intervals against their promise."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.stats.estimate import centre
from lab.stats.process import process_value, quantile
from tests.stats.samples import log_normal, one_each


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=50), st.floats(0, 1))
def test_quantiles_are_numpys(values: list[float], q: float) -> None:
    """Type 7 of Hyndman and Fan, as numpy's default."""
    assert quantile(values, q) == pytest.approx(float(np.quantile(values, q)), rel=1e-9, abs=1e-6)


def test_the_statistics_of_one_process() -> None:
    """Quantiles and the largest of the repetitions of one process."""
    repetitions = [5, 1, 2, 3, 4]

    found = [process_value(repetitions, name) for name in ("p50", "p90", "p99", "p99.9", "max")]
    assert found == pytest.approx([3, 4.6, 4.96, 4.996, 5])
    with pytest.raises(ValueError, match="p42"):
        process_value(repetitions, "p42")


def test_durations_are_averaged_on_the_log_scale() -> None:
    """The centre of 1 and 100 is 10, and the interval is symmetric as a ratio."""
    estimate = centre(one_each([1, 100, 10]))

    assert estimate is not None
    assert estimate.value == pytest.approx(10)
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low * estimate.high == pytest.approx(100)


def test_one_value_has_no_interval_and_none_has_no_estimate() -> None:
    """A number never travels with an uncertainty that nobody knows."""
    alone = centre(one_each([7.0]))

    assert alone is not None
    assert alone.value == pytest.approx(7.0)
    assert (alone.low, alone.high, alone.n) == (None, None, 1)
    assert centre(one_each([])) is None


def test_zeros_are_averaged_as_they_are() -> None:
    """A count of zero has no logarithm; the plain mean says so in its method."""
    estimate = centre(one_each([0, 0, 3]))

    assert estimate is not None
    assert estimate.value == pytest.approx(1)
    assert estimate.method == "mean, t interval"


@pytest.mark.slow
def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """95 % of 2000 log-normal samples of 10; the seed is fixed, the rate's own standard error is 0.5 %."""
    source = random.Random(20261123)  # noqa: S311 - a sample, not a secret
    held = 0
    for _ in range(2000):
        estimate = centre(log_normal(source, math.exp(3), 0.4, 10))
        assert estimate is not None
        assert estimate.low is not None
        assert estimate.high is not None
        held += estimate.low <= math.exp(3) <= estimate.high

    assert 0.935 <= held / 2000 <= 0.965
