"""Tails: what they need, and that their resamples are processes."""

import math

import numpy as np
import pytest

from lab.model.outcome import Inconclusive, Reason
from lab.stats.process import Repetitions
from lab.stats.tail import MOST_RESAMPLED, tail
from tests.stats.samples import clustered, held, known


def _source() -> np.random.Generator:
    return np.random.default_rng(9)


@pytest.mark.parametrize(
    ("q", "processes", "repetitions", "enough"),
    [
        (0.90, 29, 1, False),
        (0.90, 30, 1, True),
        (0.90, 9, 100, False),
        (0.90, 10, 3, True),
        (0.95, 71, 1, False),
        (0.95, 72, 1, True),
        (0.95, 19, 100, False),
        (0.99, 367, 1, False),
        (0.99, 368, 1, True),
        (0.99, 29, 100, False),
        (0.99, 30, 13, True),
        (0.999, 50, 73, False),
        (0.999, 49, 100, False),
        (0.999, 50, 74, True),
    ],
)
def test_a_tail_needs_values_beyond_it_and_processes(
    q: float, processes: int, repetitions: int, *, enough: bool
) -> None:
    """30, 72, 368 and 3688 values; 10, 20, 30 and 50 processes. Else it is inconclusive, and says what is missing."""
    found = tail(clustered(_source(), processes, repetitions), q, seed=1, resamples=100)

    assert isinstance(found, Inconclusive) is not enough
    if isinstance(found, Inconclusive):
        assert found.reason is Reason.TOO_FEW
        assert f"there are {processes * repetitions} from {processes}" in found.why
        assert found.wanted is not None
        assert found.wanted > processes


def test_the_value_is_the_pooled_quantile_and_the_seed_decides_the_interval() -> None:
    """That of all values, as numpy says, ragged or not."""
    ragged = Repetitions([each[: 5 + n] for n, each in enumerate(clustered(_source(), 20, 30).processes)])
    assert ragged.count <= MOST_RESAMPLED
    pooled = [value for each in ragged.processes for value in each]

    found, again, other = (known(tail(ragged, 0.9, seed=seed)) for seed in (1, 1, 2))

    assert found.value == pytest.approx(float(np.quantile(pooled, 0.9)))
    assert held(found, found.value)
    assert found == again
    assert found != other
    assert found.n == 20


def test_like_repetitions_do_not_make_it_surer() -> None:
    """Ten processes that always repeat themselves know as much after a hundred repetitions as after three."""
    values = np.exp(_source().normal(0, 0.5, 10)).tolist()

    few, many = (known(tail(Repetitions([[value] * n for value in values]), 0.9, seed=3)) for n in (3, 100))

    for found in (few, many):
        assert found.low is not None
        assert found.high is not None
        assert found.high / found.low > 1.5


def test_degenerate_tails() -> None:
    """All alike, zeros and negatives, ties everywhere, nothing at all."""
    alike = known(tail(Repetitions([[7.0] * 3] * 10), 0.9, seed=1))
    mixed = known(tail(Repetitions([[-1.0, 0.0, 0.0]] * 10), 0.9, seed=1))
    ties = known(tail(Repetitions([[1.0, 1.0, 2.0]] * 10), 0.9, seed=1))
    nothing = tail(Repetitions([]), 0.9, seed=1)

    assert (alike.low, alike.value, alike.high) == pytest.approx((7, 7, 7))
    assert (mixed.low, mixed.high) == (0, 0)
    assert "(percentile)" in mixed.method
    assert all(math.isfinite(end) for end in (known(ties.low), known(ties.high)))
    assert isinstance(nothing, Inconclusive)
    assert nothing.reason is Reason.NOTHING_MEASURED


def test_what_cannot_be_asked() -> None:
    """Another quantile, too few resamples, no confidence, a flat list."""
    repetitions = clustered(_source(), 30, 1)

    with pytest.raises(ValueError, match="no tail that is known"):
        tail(repetitions, 0.5, seed=1)
    for resamples, confidence in ((99, 0.95), (100, 1.0)):
        with pytest.raises(ValueError, match="100 resamples or more"):
            tail(repetitions, 0.9, seed=1, resamples=resamples, confidence=confidence)
    with pytest.raises(TypeError, match="repetitions by process are wanted"):
        tail([1.0] * 100, 0.9, seed=1)  # type: ignore[arg-type]
