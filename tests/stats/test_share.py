"""Shares of endings, against statsmodels and scipy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from lab.model.outcome import CellSummary, Inconclusive
from lab.stats.share import compare_shares, outcome_shares, share, wilson
from tests.stats.samples import held, known


@given(st.integers(0, 200), st.integers(1, 200))
def test_wilsons_interval_is_statsmodels(successes: int, more: int) -> None:
    """Within 0 … 1, and around the share."""
    n = successes + more - 1 or 1

    low, high = wilson(successes, n)

    assert (low, high) == pytest.approx(proportion_confint(successes, n, method="wilson"), abs=1e-9)
    assert 0 <= low <= successes / n <= high <= 1


def test_a_share_of_shares_lies_between_its_neighbours() -> None:
    """Half a success more moves both ends up."""
    assert wilson(3, 10) < wilson(3.5, 10) < wilson(4, 10)


def test_the_endings_of_a_cell() -> None:
    """Each as a share of all replicates; none of no replicates."""
    cell = CellSummary(id="a", levels={}, outcomes={"exit": 18, "timeout": 2}, reasons={}, metrics=())
    empty = CellSummary(id="a", levels={}, outcomes={}, reasons={}, metrics=())

    shares = outcome_shares(cell)

    assert shares["timeout"].value == pytest.approx(0.1)
    assert held(shares["timeout"], 0.3)
    assert outcome_shares(empty) == {}
    assert isinstance(share(0, 0), Inconclusive)


@pytest.mark.parametrize(("one", "other"), [((3, 20), (12, 20)), ((0, 10), (10, 10)), ((5, 40), (30, 300))])
def test_two_shares_by_newcombe_and_boschloo(one: tuple[int, int], other: tuple[int, int]) -> None:
    """The interval is statsmodels', the p-value scipy's."""
    (k, n), (j, m) = one, other

    found = known(compare_shares(one, other))

    assert (found.low, found.high) == pytest.approx(
        confint_proportions_2indep(k, n, j, m, method="newcomb", compare="diff"), abs=1e-9
    )
    assert found.p == pytest.approx(stats.boschloo_exact([[k, j], [n - k, m - j]]).pvalue)
    assert found.low <= found.difference <= found.high


def test_large_cells_have_the_score_test() -> None:
    """Which is then as good, and at once."""
    found = known(compare_shares((300, 1000), (330, 1000)))

    assert found.method == "score test"
    assert found.p == pytest.approx(stats.chi2_contingency([[300, 330], [700, 670]], correction=False).pvalue)


def test_degenerate_shares() -> None:
    """Always the same, one replicate, none, and what is no share."""
    for same in (0, 5):
        assert known(compare_shares((same, 5), (same, 5))).p == 1
    assert known(compare_shares((0, 1), (1, 1))).p > 0.2
    assert isinstance(compare_shares((0, 0), (1, 1)), Inconclusive)
    for wrong in ((3, 2), (-1, 2), (1, 0)):
        with pytest.raises(ValueError, match="is no share"):
            share(*wrong)
