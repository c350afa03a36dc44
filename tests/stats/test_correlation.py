"""The intra-class correlation against known truths and against statsmodels' analysis of variance."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lab.stats.correlation import correlation
from lab.stats.process import Repetitions
from tests.stats.samples import clustered, known

_PROCESSES = st.lists(st.lists(st.integers(-3, 1000), min_size=1, max_size=6), min_size=1, max_size=6)


def test_of_balanced_processes_it_is_that_of_the_analysis_of_variance() -> None:
    """From scipy's F: (F - 1) / (F - 1 + m)."""
    repetitions = clustered(np.random.default_rng(1), 12, 9)
    f = stats.f_oneway(*[[math.log(value) for value in each] for each in repetitions.processes]).statistic

    found = known(correlation(repetitions))

    assert found.icc == pytest.approx((f - 1) / (f - 1 + 9))
    assert found.effective_n == pytest.approx(108 / (1 + 8 * (f - 1) / (f - 1 + 9)))
    assert (found.processes, found.repetitions, found.scale) == (12, 108, "log")


def test_the_mean_of_n_repetitions_is_as_sure_as_that_of_effective_n_values() -> None:
    """200 repetitions in each of 20 processes, correlated by 0.35, are worth 57 values."""
    repetitions = clustered(np.random.default_rng(2), 400, 200)
    found = known(correlation(repetitions))

    assert found.icc == pytest.approx(0.35, abs=0.04)
    assert found.effective_n / 400 == pytest.approx(200 / (1 + 199 * 0.35), rel=0.1)


@pytest.mark.slow
def test_its_interval_holds_the_truth_as_often_as_it_says() -> None:
    """95 % of 1000 simulations, balanced or not; three standard errors of the rate are 2.1 %."""
    source = np.random.default_rng(3)
    held = 0
    for _ in range(1000):
        full = clustered(source, 10, 20).processes
        ragged = Repetitions([each[: 5 + 3 * (number % 6)] for number, each in enumerate(full)])
        found = known(correlation(ragged))
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.35 <= found.high

    assert 0.925 <= held / 1000 <= 0.975


@pytest.mark.parametrize(
    ("processes", "icc", "effective"),
    [
        ([[1.0]], None, 1),
        ([[1.0, 2.0, 3.0]], None, 1),
        ([[1.0], [2.0], [3.0]], None, 3),
        ([[5.0, 5.0], [5.0, 5.0]], None, 2),
        ([[5.0, 5.0], [6.0, 6.0]], 1, 2),
        ([[1.0, 2.0], [2.0, 1.0]], 0, 4),
        ([[0.0, 0.0], [3.0, 3.0], [0.0, 0.0]], 1, 3),
    ],
)
def test_degenerate_processes(processes: list[list[float]], icc: float | None, effective: float) -> None:
    """One process, one value each, all alike, nothing within, nothing between."""
    found = known(correlation(Repetitions(processes)))

    assert found.icc == icc
    assert found.effective_n == pytest.approx(effective)
    assert correlation(Repetitions([])) is None


@given(_PROCESSES)
def test_it_lies_between_none_and_one(processes: list[list[int]]) -> None:
    """And repetitions are worth at least about the processes, at most themselves."""
    found = known(correlation(Repetitions(processes)))

    assert 0 < found.effective_n <= found.repetitions
    if found.icc is not None:
        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low <= found.icc <= found.high <= 1
