"""The exact rank test against scipy's, and against all deals counted one by one."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lab.stats.rank import rank_test
from tests.stats.samples import one_each


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 4), (10, 10), (7, 20)])
def test_without_ties_it_is_scipys_exact_test(n: int, m: int) -> None:
    """The same p to rounding."""
    source = random.Random(n * 100 + m)  # noqa: S311 - a sample
    ours, theirs = ([source.gauss(shift, 1) for _ in range(size)] for shift, size in ((0, n), (0.5, m)))

    p, method = rank_test(one_each(ours), one_each(theirs))

    assert p == pytest.approx(stats.mannwhitneyu(ours, theirs, method="exact").pvalue)
    assert method == "Mann-Whitney, exact"


@given(*(st.lists(st.integers(0, 3), min_size=1, max_size=4) for _ in range(2)))
def test_with_ties_it_counts_all_deals(ours: list[int], theirs: list[int]) -> None:
    """The share of deals whose midrank sum is as far from its mean."""
    together = [*ours, *theirs]
    ranks = stats.rankdata(together)
    mean = len(ours) * (len(together) + 1) / 2
    seen = abs(sum(ranks[: len(ours)]) - mean)
    far = [abs(sum(deal) - mean) >= seen - 1e-9 for deal in itertools.combinations(ranks.tolist(), len(ours))]

    assert rank_test(one_each(ours), one_each(theirs))[0] == pytest.approx(sum(far) / len(far))


def test_large_samples_and_none() -> None:
    """Beyond 50 against 50 the normal approximation; all alike is no difference; nothing is refused."""
    many = one_each([float(x) for x in range(60)])

    p, method = rank_test(many, many)

    assert p == pytest.approx(1.0)
    assert method == "Mann-Whitney, normal"
    assert rank_test(one_each([2.0, 2.0]), one_each([2.0])) == (1.0, "Mann-Whitney, all alike")
    with pytest.raises(ValueError, match="at least one process"):
        rank_test(one_each([]), many)
