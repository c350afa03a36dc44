"""Reducing as processes come is the same as reducing what was kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.stats.correlation import correlation, correlation_of
from lab.stats.process import STATISTICS, Repetitions
from lab.stats.reduction import Reduction
from lab.stats.trend import half_ratio

_PROCESS = st.lists(st.integers(-1, 10**9), min_size=1, max_size=3) | st.lists(
    st.integers(1, 10**9), min_size=1, max_size=12
)


@given(st.lists(_PROCESS, min_size=1, max_size=8))
def test_it_says_what_repetitions_say(processes: list[list[int]]) -> None:
    """Per-process statistics to the bit and in order; moments and trends to rounding."""
    reduction = Reduction(STATISTICS)
    for each in processes:
        reduction.add(each)
    repetitions = Repetitions(processes)
    moments = reduction.moments()

    for name in STATISTICS:
        assert reduction.per_process(name) == repetitions.reduced(name)
    assert sorted(reduction.changes().values) == pytest.approx(sorted(repetitions.by(half_ratio).values))
    assert (moments is None) == all(len(each) == 1 for each in processes)
    expected = correlation(repetitions)
    if moments is not None and expected is not None:
        found = correlation_of(moments)
        assert found.scale == expected.scale
        assert found.icc == (None if expected.icc is None else pytest.approx(expected.icc, abs=1e-9))
        assert found.effective_n == pytest.approx(expected.effective_n)
    assert (reduction.processes, reduction.repetitions) == (repetitions.n, repetitions.count)
    assert reduction.fewest == min(map(len, processes))


def test_asked_in_between_it_goes_on() -> None:
    """What was reduced stays, in the order the processes came."""
    reduction = Reduction(["p50", "p50"])
    for n in range(50):
        reduction.add([n] * (1 + n % 3))
        assert reduction.per_process("p50").values == tuple(map(float, range(n + 1)))


def test_nothing_and_nonsense() -> None:
    """No process is an empty sample; empty ones and what is not finite are refused."""
    empty = Reduction(["max"])

    assert empty.per_process("max").values == ()
    assert empty.changes().values == ()
    assert empty.moments() is None
    with pytest.raises(ValueError, match="leave it out"):
        empty.add([])
    with pytest.raises(ValueError, match="no statistic is called 'mean'"):
        Reduction(["mean"])
    with pytest.raises(ValueError, match="double's range"):
        Reduction(["max"]).add([10**400])
    bad = Reduction(["max"])
    bad.add([float("nan"), 1.0])
    with pytest.raises(ValueError, match="not finite"):
        bad.per_process("max")
