"""Corrections against statsmodels, and what "all agree" means."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from lab.model.outcome import Verdict
from lab.stats.family import all_agree, benjamini_hochberg, holm

_P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@pytest.mark.slow
@settings(max_examples=20)
@given(_P_VALUES)
def test_holm_is_statsmodels(p_values: list[float]) -> None:
    """Adjusted, in the given order; twenty examples, of which statsmodels takes a second."""
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1].tolist())


@given(_P_VALUES)
def test_benjamini_hochberg_is_statsmodels(p_values: list[float]) -> None:
    """Adjusted, in the given order; never more careful than Holm."""
    found = benjamini_hochberg(p_values)

    assert found == pytest.approx(multipletests(p_values, method="fdr_bh")[1].tolist())
    assert all(one <= other + 1e-12 for one, other in zip(found, holm(p_values), strict=True))


@pytest.mark.parametrize("wrong", [[-0.1], [0.5, 1.1], [float("nan")]])
def test_what_is_no_p_value(wrong: list[float]) -> None:
    """Is named by its place."""
    for correct in (holm, benjamini_hochberg):
        with pytest.raises(ValueError, match=f"number {len(wrong) - 1} is"):
            correct(wrong)


def test_an_empty_family() -> None:
    """Has nothing to correct, and no verdict."""
    assert holm([]) == benjamini_hochberg([]) == ()
    with pytest.raises(ValueError, match="without members"):
        all_agree([])


@pytest.mark.parametrize(
    ("verdicts", "together"),
    [
        ([Verdict.AGREES, Verdict.AGREES], Verdict.AGREES),
        ([Verdict.AGREES, Verdict.INCONCLUSIVE], Verdict.INCONCLUSIVE),
        ([Verdict.AGREES, Verdict.INCONCLUSIVE, Verdict.DISAGREES], Verdict.DISAGREES),
    ],
)
def test_all_agree_where_each_does(verdicts: list[Verdict], together: Verdict) -> None:
    """And one that disagrees is enough for the opposite."""
    assert all_agree(verdicts) is together
