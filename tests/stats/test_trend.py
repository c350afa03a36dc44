"""A metric that still moves is told of; one that does not is left in peace."""

import math

import numpy as np
import pytest

from lab.model.outcome import Inconclusive
from lab.stats.process import Repetitions
from lab.stats.trend import half_ratio, moves, trend
from tests.stats.samples import clustered, known


def _falling(source: np.random.Generator, share: float) -> Repetitions:
    """The first tenth of each process is twice as slow, fading out over the *share* of it."""
    processes = np.array(clustered(source, 10, 100, sigma=0.1).processes)
    return Repetitions((processes * (1 + np.exp(-np.arange(100) / (100 * share)))).tolist())


def test_what_a_warm_up_leaves_behind_is_seen() -> None:
    """Values that fall over the first third of each process."""
    found = known(trend(_falling(np.random.default_rng(1), 0.3)))

    assert moves(found)
    assert found.value == pytest.approx(0.76, abs=0.05)


def test_too_few_say_nothing() -> None:
    """Three processes of eight repetitions, and medians that have a ratio."""
    assert half_ratio([1.0] * 7) is None
    assert half_ratio([0.0] * 8) is None
    assert half_ratio([1, 1, 1, 1, 9, 2, 2, 2, 2]) == pytest.approx(math.log(2))
    for processes in ([], [[1.0] * 8] * 2, [[1.0]] * 9, [[0.0] * 8] * 9):
        found = trend(Repetitions(processes))
        assert isinstance(found, Inconclusive)
        assert not moves(found)


def test_what_is_always_the_same_does_not_move() -> None:
    """And a jump that all processes make in the same way does."""
    still = known(trend(Repetitions([[2.0] * 8] * 3)))
    jump = known(trend(Repetitions([[2.0] * 4 + [1.0] * 4] * 3)))

    assert (still.value, moves(still)) == (1.0, False)
    assert moves(jump)


@pytest.mark.slow
def test_a_steady_metric_is_warned_of_once_in_a_hundred() -> None:
    """Of 2000 steady samples at most 1 % (the bound of 2 % is met by chance less than once in 1000)."""
    source = np.random.default_rng(2)
    warned = sum(moves(trend(clustered(source, 10, 20))) for _ in range(2000))

    assert warned / 2000 <= 0.02
