"""A run stops for being precise, for having enough, or for being late; never for what it found."""

import random

import pytest

from lab.stats.process import PerProcess
from lab.stats.stopping import is_precise, stop
from tests.stats.samples import log_normal, one_each


def _sample(sigma: float, n: int, centre: float = 100) -> PerProcess:
    return log_normal(random.Random(1), centre, sigma, n)  # noqa: S311 - a sample


@pytest.mark.parametrize(
    ("sample", "precise"),
    [
        (_sample(0.05, 10), True),
        (_sample(0.05, 7), False),
        (_sample(0.3, 10), False),
        (_sample(0.3, 200), True),
        (one_each([5.0] * 8), True),
        (one_each([0.0] * 8), True),
        (one_each([1.0] * 7 + [2.0]), True),
        (one_each([0.0] * 7), False),
        (one_each([]), False),
    ],
)
def test_half_the_margin_is_precise_enough(sample: PerProcess, *, precise: bool) -> None:
    """From eight replicates on; what has no ratio holds nothing up."""
    assert is_precise(sample, 0.15, resolution=1) is precise


def test_only_the_spread_matters() -> None:
    """The same spread around any centre gives the same answer."""
    assert is_precise(_sample(0.1, 9), 0.15) == is_precise(_sample(0.1, 9, centre=1e6), 0.15)


@pytest.mark.parametrize(
    ("sigmas", "replicates", "elapsed", "why"),
    [
        ((0.05, 0.05), 10, 0, "precise"),
        ((0.05, 0.5), 10, 0, None),
        ((0.5,), 20, 0, "replicates"),
        ((0.5,), 10, 100, "max-time"),
        ((0.05,), 20, 100, "replicates"),
        ((), 10, 0, None),
    ],
)
def test_why_a_run_stops(sigmas: tuple[float, ...], replicates: int, elapsed: int, why: str | None) -> None:
    """All metrics must be precise; without one, nothing is."""
    samples = [(_sample(sigma, 10), 0.15) for sigma in sigmas]

    found = stop(samples, replicates=replicates, most_replicates=20, elapsed_ns=elapsed, max_time_ns=100)

    assert found == why


def test_a_margin_is_a_share() -> None:
    """Also here."""
    with pytest.raises(ValueError, match="share above 0"):
        is_precise(_sample(0.1, 9), 0)
