"""How good a run's predictions are: right where they are right, and no better than they are."""

from dataclasses import replace
from pathlib import Path

import pytest

from lab.analysis import analyse
from lab.model.outcome import CellSummary, Estimate, Inconclusive
from lab.model.quality import Bias, Quality, Sign
from lab.quality import quality
from lab.report.quality import quality_lines
from tests.recorded import Recipe, record


def _cells(root: Path, recipe: Recipe) -> tuple[CellSummary, ...]:
    return analyse(record(root, replace(recipe, replicates=20))).cells


def _quality(root: Path, recipe: Recipe) -> Quality:
    found = quality(_cells(root, recipe), seed=1)
    assert found is not None
    return found


def test_a_good_prediction_is_told_to_be_good(tmp_path: Path) -> None:
    """No bias, intervals that hold, skill against a model that knows nothing of the size, every effect's sign."""
    found = _quality(tmp_path, Recipe())

    assert (found.metrics, found.cells) == (6, 3)
    assert isinstance(found.bias, Bias)
    assert found.bias.ratio.value == pytest.approx(1.02, abs=0.03)
    assert isinstance(found.held[0.9], Estimate)
    assert found.held[0.9].value > 0.75
    assert isinstance(found.folk, Estimate)
    assert found.folk.value > 0.8
    assert [effect.name for effect in found.effects.each] == [
        "wait_ns, size 1 → 2, from s1",
        "wait_p90_ns, size 1 → 2, from s1",
        "wait_ns, size 2 → 3, from s2",
        "wait_p90_ns, size 2 → 3, from s2",
    ]
    assert {effect.sign for effect in found.effects.each} == {Sign.AGREES}
    assert found.orders == {}, "three cells have no order worth a word"


def test_a_prediction_that_is_off_is_told_to_be_off(tmp_path: Path) -> None:
    """Half of what is measured: the bias is 2, and no interval holds anything."""
    found = _quality(tmp_path, Recipe(off=0.5))

    assert isinstance(found.bias, Bias)
    assert found.bias.ratio.value == pytest.approx(2.05, abs=0.05)
    assert [each.value for each in found.held.values() if isinstance(each, Estimate)] == [0.0, 0.0]


@pytest.mark.parametrize("recipe", [Recipe(predicted=False), Recipe(measured=False)])
def test_without_predictions_or_measurements_there_is_nothing_to_tell(tmp_path: Path, recipe: Recipe) -> None:
    """None, not a page of reasons."""
    assert quality(_cells(tmp_path, recipe), seed=1) is None


def test_too_few_cells_say_so(tmp_path: Path) -> None:
    """One cell: no statement over cells."""
    found = _quality(tmp_path, Recipe(only=("s2",)))

    assert isinstance(found.bias, Inconclusive)
    assert list(quality_lines(found))[:3] == [
        "over 2 predicted metrics of 1 cell that were measured:",
        "of the intervals: a statement over cells needs 5 of them; there are 2",
        "of the bias: a statement over cells needs 5 of them; there are 2",
    ]


def test_a_reader_is_told_in_sentences(tmp_path: Path) -> None:
    """Each with its interval."""
    lines = list(quality_lines(_quality(tmp_path, Recipe())))

    assert lines[0] == "over 6 predicted metrics of 3 cells that were measured:"
    assert lines[1].startswith("the 50 % intervals of single processes hold ")
    assert any(line.startswith("measured is 1.0") and "95 % of metrics lie between" in line for line in lines)
    assert any(line.startswith("skill against the folk model") for line in lines)
    assert (
        "effects of factors: 4 of the 4 that were measured with a sign are predicted with it (of 4)" in lines
    )
