"""Timeouts are longer than their limit, and that is said of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from lab.model.outcome import Bound, Estimate, Inconclusive, Reason
from lab.stats.censored import Durations, logrank, median
from tests.stats.samples import held, known, one_each

_TIMES = st.lists(st.integers(0, 5), max_size=6)


def _durations(ended: list[float], timed_out: list[float]) -> Durations:
    return Durations(one_each(ended), one_each(timed_out))


def test_the_median_counts_timeouts_as_longer() -> None:
    """Without them it would be 3; it is statsmodels' of the Kaplan-Meier curve."""
    durations = _durations([1, 2, 3, 4, 4.5], [5, 5])
    ended = [1, 1, 1, 1, 1, 0, 0]

    found = median(durations)

    assert isinstance(found, Estimate)
    assert found.value == SurvfuncRight([1, 2, 3, 4, 4.5, 5, 5], ended).quantile(0.5) == 4
    assert (found.low, found.high, found.n) == (1, None, 7)


def test_timeouts_only_are_a_bound_and_no_gap() -> None:
    """The smallest limit if none ended; the longest known time if fewer than half did."""
    assert median(_durations([], [5, 7])) == Bound(at_least=5, ended=0, n=2)
    assert median(_durations([1], [5, 7])) == Bound(at_least=7, ended=1, n=3)
    nothing = median(_durations([], []))
    assert isinstance(nothing, Inconclusive)
    assert nothing.reason is Reason.NOTHING_MEASURED


def test_two_cells_by_the_log_rank_test() -> None:
    """scipy's, which is statsmodels'."""
    one, other = _durations([1, 2, 3, 3.5], [4, 4]), _durations([2.5, 3.2, 3.8], [4, 4, 4])

    _, p = survdiff(
        [1, 2, 3, 3.5, 4, 4, 2.5, 3.2, 3.8, 4, 4, 4],
        [1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0],
        np.repeat([0, 1], 6),
    )
    assert known(logrank(one, other)) == pytest.approx(p)


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (_durations([], [5]), _durations([], [5]), Reason.NEVER_ENDED),
        (_durations([], []), _durations([1], []), Reason.NOTHING_MEASURED),
        (_durations([9], []), _durations([], [5]), Reason.TOO_FEW),
        (_durations([1, 1], []), _durations([1], []), Reason.TOO_FEW),
    ],
)
def test_where_nothing_can_be_compared_it_is_said(one: Durations, other: Durations, reason: Reason) -> None:
    """Nobody ended, nobody was there, or nobody was left to compare with."""
    found = logrank(one, other)

    assert isinstance(found, Inconclusive)
    assert found.reason is reason


@given(_TIMES, _TIMES, _TIMES, _TIMES)
def test_any_durations_have_an_answer(a: list[float], b: list[float], c: list[float], d: list[float]) -> None:
    """A p-value between 0 and 1 or a reason, an estimate within its interval or a bound; never a warning."""
    one, other = _durations(a, b), _durations(c, d)

    p, middle = logrank(one, other), median(one)

    assert isinstance(p, Inconclusive) or 0 <= p <= 1
    if isinstance(middle, Estimate):
        assert middle.low is not None
        assert middle.low <= middle.value
        assert middle.high is None or held(middle, middle.value)


def test_time_does_not_run_backwards() -> None:
    """A negative duration is refused, and so are numbers that are of nobody."""
    with pytest.raises(ValueError, match="cannot be"):
        _durations([-1], [])
    with pytest.raises(TypeError, match="one value a process is wanted"):
        Durations([1.0], one_each([]))  # type: ignore[arg-type]
