"""Distances between distributions against scipy, and what a permutation may deal."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lab.model.outcome import Inconclusive, Reason
from lab.stats.process import Repetitions
from lab.stats.shape import shape
from tests.stats.samples import clustered, known

_SAMPLES = st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=4), min_size=4, max_size=6)


@given(_SAMPLES, _SAMPLES)
def test_distances_are_scipys_of_the_logarithms(one: list[list[int]], other: list[list[int]]) -> None:
    """Wasserstein's, the energy and the largest distance, with ties, of unequal and ragged samples."""
    ours, theirs = ([float(np.log(value)) for each in sample for value in each] for sample in (one, other))

    found = known(shape(Repetitions(one), Repetitions(other), seed=1, permutations=99))

    assert found.wasserstein == pytest.approx(stats.wasserstein_distance(ours, theirs), abs=1e-9)
    assert found.energy == pytest.approx(stats.energy_distance(ours, theirs), abs=1e-6)
    assert found.kolmogorov_smirnov == pytest.approx(
        stats.ks_2samp(ours, theirs, method="asymp").statistic, abs=1e-9
    )
    assert 0.01 <= min(found.wasserstein_p, found.energy_p) <= 1


def test_a_shape_and_its_double_are_far_apart() -> None:
    """By log 2; and the same seed gives the same."""
    source = np.random.default_rng(2)
    one = clustered(source, 10, 20, sigma=0.1)
    double = Repetitions((2 * np.array(one.processes)).tolist())

    found, again = (known(shape(one, double, seed=5)) for _ in range(2))

    assert found.wasserstein == pytest.approx(np.log(2), abs=1e-9)
    assert found.wasserstein_p == found.energy_p == 0.001
    assert found.kolmogorov_smirnov == 1
    assert found == again


def test_one_odd_process_is_no_difference() -> None:
    """A thousand repetitions of it are one process still."""
    source = np.random.default_rng(3)
    one, other = clustered(source, 6, 50, sigma=0.1), clustered(source, 6, 50, sigma=0.1)
    odd = Repetitions([[3.0] * 1000, *other.processes[1:]])

    assert known(shape(one, odd, seed=1)).wasserstein_p > 0.05


def test_degenerate_shapes() -> None:
    """All alike is no distance; too few, not positive and nothing are reasons; nonsense is refused."""
    alike = Repetitions([[2.0, 2.0]] * 4)
    found = known(shape(alike, alike, seed=1))

    assert (found.wasserstein, found.energy, found.kolmogorov_smirnov) == (0, 0, 0)
    assert (found.wasserstein_p, found.energy_p) == (1, 1)
    for other, reason in (
        (Repetitions([]), Reason.TOO_FEW),
        (Repetitions([[1.0]] * 3), Reason.TOO_FEW),
        (Repetitions([[0.0]] * 4), Reason.NOT_POSITIVE),
    ):
        problem = shape(alike, other, seed=1)
        assert isinstance(problem, Inconclusive)
        assert problem.reason is reason
    with pytest.raises(ValueError, match="99 permutations"):
        shape(alike, alike, seed=1, permutations=98)
    with pytest.raises(TypeError, match="repetitions by process are wanted"):
        shape(alike, [1.0, 2.0], seed=1)  # type: ignore[arg-type]
