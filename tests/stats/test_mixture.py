"""Two modes are told from one, seldom by chance; and distributions that are alike are near each other."""

import math
import random

import pytest

from lab.stats.mixture import distance, is_bimodal
from lab.stats.process import PerProcess, Repetitions


def _sample(*values: float) -> PerProcess:
    return Repetitions([(value,) for value in values]).only()


def test_two_groups_are_two_modes() -> None:
    """A hand-over that takes 2 µs or 20."""
    values = [2.0, 2.1, 1.9, 2.05, 2.0, 1.95, 20.0, 21.0, 19.5, 20.2]

    assert is_bimodal(_sample(*values))
    assert not is_bimodal(_sample(*values[:6]))
    assert not is_bimodal(_sample(*values[:6], *values[:6], 20.0))


def test_one_mode_is_seldom_taken_for_two() -> None:
    """Of 2000 log-normal samples of 20 with a fixed seed, whatever their spread; the rate that the docstring promises."""
    source = random.Random(1)  # noqa: S311 - a sample, not a secret
    samples = [
        _sample(*(math.exp(source.gauss(0, spread)) for _ in range(20)))
        for spread in (0.1, 0.5)
        for _ in range(1000)
    ]

    assert sum(map(is_bimodal, samples)) < 20


def test_a_distance_is_how_far_logarithms_move() -> None:
    """Everything 10 % larger is 10 % away, whatever the numbers of values; a tenth of the values twice as large is that share."""
    one = _sample(1.0, 2.0, 4.0)

    assert math.expm1(distance(one, _sample(1.1, 2.2, 4.4))) == pytest.approx(0.1)
    assert math.expm1(distance(one, _sample(1.1, 1.1, 2.2, 2.2, 4.4, 4.4))) == pytest.approx(0.1)
    assert distance(_sample(*[1.0] * 10), _sample(*[1.0] * 9, math.e)) == pytest.approx(0.1)
    assert distance(one, one) == 0
