"""What an instrument costs: a ratio with its interval, or why there is none."""

import pytest

from lab.stats.disturbance import disturbance, tail_disturbance
from lab.stats.process import PerProcess, Repetitions


def _sample(*values: float) -> PerProcess:
    return Repetitions([(value,) for value in values]).only()


def test_it_is_the_ratio_of_the_centres() -> None:
    """On the log scale, with Welch's 90 % interval; a sample held against itself has 1 in the middle of it."""
    twice = disturbance("wait_ns", "p50", _sample(20, 22, 18), _sample(10, 11, 9), resolution=1)
    same = disturbance("wait_ns", "p50", _sample(10, 11, 9), _sample(10, 11, 9))

    assert twice.ratio is not None
    assert same.ratio is not None
    assert twice.ratio.value == pytest.approx(2)
    assert twice.ratio.low is not None
    assert twice.ratio.high is not None
    assert twice.ratio.low < 2 < twice.ratio.high
    assert same.ratio.value == pytest.approx(1)
    assert (twice.n_with, twice.n_plain, twice.why) == (3, 3, "")


@pytest.mark.parametrize(
    ("looked_at", "plain", "resolution", "why"),
    [
        (_sample(0, 9), _sample(9, 9), 0, "1 of 2 values are not positive"),
        (_sample(), _sample(9, 9), 1, "no process gave a value"),
        (_sample(9), _sample(9, 9), 1, "one process says nothing of how far processes are apart"),
        (_sample(1, 1), _sample(9, 9), 1, "2 of 2 values are below twice the clock's resolution"),
    ],
)
def test_what_has_no_ratio_says_why(
    looked_at: PerProcess, plain: PerProcess, resolution: float, why: str
) -> None:
    """Nothing is divided by nought, and one process is no sample."""
    found = disturbance("wait_ns", "p50", looked_at, plain, resolution=resolution)

    assert found.ratio is None
    assert found.why.startswith(why)


def test_a_tail_of_processes_is_held_against_a_tail() -> None:
    """Where the slowest fifth takes twice as long the slowest tenth does, and the centre hardly tells; of ten processes there is none."""
    usual = [1000.0 + number % 40 for number in range(200)]
    slow = [value * 2 if number % 5 == 0 else value for number, value in enumerate(usual)]

    centre = disturbance("wait_ns", "p90", _sample(*slow), _sample(*usual))
    tail = tail_disturbance("wait_p90_ns", "p90", _sample(*slow), _sample(*usual))
    few = tail_disturbance("wait_p90_ns", "p90", _sample(*slow[:10]), _sample(*usual))

    assert centre.ratio is not None
    assert centre.ratio.value < 1.2
    assert tail.ratio is not None
    assert tail.ratio.value == pytest.approx(2, rel=0.05)
    assert (tail.n_with, tail.n_plain, tail.why) == (200, 200, "")
    assert few.ratio is None
    assert few.why == "p90 needs 30 values from 10 processes or more; there are 10 from 10"
