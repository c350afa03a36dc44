"""TOST against statsmodels, and its p-values against its verdicts."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.weightstats import ttost_ind

from lab.model.outcome import Prediction, Verdict
from lab.stats.compare import compare, compare_runs
from lab.stats.equivalence import log_margin, more_replicates, outside, tost, undecided
from lab.stats.welch import Difference
from tests.stats.samples import known, log_normal, one_each

_VALUES = st.lists(st.floats(1e-3, 1e6), min_size=2, max_size=12)


@pytest.mark.parametrize(("ratio", "n", "m"), [(1.0, 10, 10), (1.1, 5, 20), (1.3, 12, 7)])
def test_it_is_statsmodels_ttost_on_logs(ratio: float, n: int, m: int) -> None:
    """With unequal variances, that is Welch's: the same p-value."""
    source = random.Random(f"{ratio} {n}")  # noqa: S311 - a sample
    new, old = log_normal(source, ratio, 0.1, n), log_normal(source, 1, 0.2, m)
    room = math.log(1.15)
    p, _, _ = ttost_ind(np.log(new.values), np.log(old.values), -room, room, usevar="unequal")

    comparison = known(compare_runs(new, old, 0.15)).comparison

    assert comparison.p == pytest.approx(p)


@given(_VALUES, _VALUES, st.floats(0.01, 2))
def test_p_values_and_verdicts_say_the_same(new: list[float], old: list[float], margin: float) -> None:
    """That of agreeing is at most 5 % where it agrees, p_disagrees where it disagrees; and never both."""
    found = known(compare_runs(one_each(new), one_each(old), margin)).comparison

    assert found.p is not None
    assert found.p_disagrees is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.p <= 1
    assert 0 <= found.p_disagrees <= 1
    assert 0 <= found.low <= found.ratio <= found.high < math.inf
    if not any(math.isclose(each, 0.05, abs_tol=1e-9) for each in (found.p, found.p_disagrees)):
        assert (found.verdict is Verdict.AGREES) == (found.p < 0.05)
        assert (found.verdict is Verdict.DISAGREES) == (found.p_disagrees < 0.05)


@given(_VALUES, st.floats(0.01, 2))
def test_so_many_more_replicates_do_decide(measured: list[float], margin: float) -> None:
    """Or none do, or it is decided."""
    prediction = Prediction(value=10, low=1, high=20, log_se=0.05, calibrations=8, n=32)

    found = known(compare(one_each(measured), prediction, margin))

    assert found.more is None or (found.verdict is Verdict.INCONCLUSIVE and 1 <= found.more < 100_000)


def test_how_many_more() -> None:
    """The first total at which the interval is narrow enough, less those that are there; None if it never is."""
    assert more_replicates(0.1, lambda n: 1 / math.sqrt(n), 10) == 90
    assert more_replicates(0.1, lambda _: 0.2, 10) is None
    assert more_replicates(0.1, lambda _: 0.05, 10) == 1


def test_two_runs_side_by_side() -> None:
    """Ratio, interval, verdict; ranks beside it; and a single process decides nothing."""
    source = random.Random(4)  # noqa: S311 - a sample
    new, old = log_normal(source, 120, 0.03, 10), log_normal(source, 100, 0.03, 12)

    found = known(compare_runs(new, old, 0.1))
    alone = known(compare_runs(one_each([120.0]), old, 0.1))

    assert found.comparison.verdict is Verdict.DISAGREES
    assert found.comparison.ratio == pytest.approx(1.2, rel=0.03)
    assert found.rank_p < 1e-4
    assert (found.n_new, found.n_old, found.rank_method) == (10, 12, "Mann-Whitney, exact")
    assert (alone.comparison.verdict, alone.comparison.low) == (Verdict.INCONCLUSIVE, None)


def test_without_any_spread_the_ratio_decides() -> None:
    """Within the margin or not; on its edge it is within."""
    margin = log_margin(0.15)
    inside, beyond = Difference(margin, 0, math.inf), Difference(margin * 1.01, 0, math.inf)

    assert (tost(inside, margin), outside(inside, margin)) == (0, 1)
    assert (tost(beyond, margin), outside(beyond, margin)) == (1, 0)


@pytest.mark.parametrize("margin", [0.0, -1.0, math.nan, math.inf])
def test_a_margin_is_a_share_above_none(margin: float) -> None:
    """Else a sentence."""
    with pytest.raises(ValueError, match="it is a share above 0"):
        undecided(0, margin)
    with pytest.raises(ValueError, match="it is a share above 0"):
        compare_runs(one_each([1.0, 2.0]), one_each([1.0, 2.0]), margin)


def test_a_prediction_is_positive() -> None:
    """There is no ratio to nothing."""
    prediction = Prediction(value=0, low=0, high=0, log_se=0, calibrations=8, n=32)

    with pytest.raises(ValueError, match="has no ratio"):
        compare(one_each([1.0, 2.0]), prediction, 0.15)
