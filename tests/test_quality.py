"""How good a run's predictions are: right where they are right, and no better than they are."""

from dataclasses import replace
from pathlib import Path

import pytest

from lab.analysis import analyse
from lab.model.outcome import CellSummary, Estimate, Inconclusive
from lab.model.quality import Bias, Quality, Sign
from lab.quality import quality
from lab.report.quality import quality_lines
from tests.recorded import MANIFEST, Recipe, record, split

_SIX = MANIFEST.replace('"1", "2", "3"', ", ".join(f'"{size}"' for size in range(1, 7)))


def _cells(root: Path, recipe: Recipe) -> tuple[CellSummary, ...]:
    return analyse(record(root, replace(recipe, replicates=20, manifest=_SIX))).cells


def _quality(root: Path, recipe: Recipe) -> Quality:
    found = quality(_cells(root, recipe), seed=1)
    assert found is not None
    return found


def test_a_good_prediction_is_told_to_be_good(tmp_path: Path) -> None:
    """No bias, intervals that hold, skill against a model that knows nothing of the size, every effect's sign."""
    found = _quality(tmp_path, Recipe())

    assert (found.metrics, found.cells) == (12, 6)
    assert isinstance(found.bias, Bias)
    assert found.bias.ratio.value == pytest.approx(1.02, abs=0.03)
    assert isinstance(found.held[0.9], Estimate)
    assert found.held[0.9].value > 0.75
    assert isinstance(found.folk, Estimate)
    assert found.folk.value > 0.8
    assert [effect.name for effect in found.effects.each][:4] == [
        "wait_ns, size 1 → 2, from s1",
        "wait_p90_ns, size 1 → 2, from s1",
        "wait_ns, size 2 → 3, from s2",
        "wait_p90_ns, size 2 → 3, from s2",
    ]
    assert {effect.sign for effect in found.effects.each} == {Sign.AGREES}
    assert [order.tau for order in found.orders.values()] == pytest.approx([1, 1])
    assert len(found.shapes) == 12
    assert found.odd == ()


def test_three_cells_have_no_order_worth_a_word(tmp_path: Path) -> None:
    """Nor has anything else that is told over cells."""
    found = quality(analyse(record(tmp_path, Recipe())).cells, seed=1)

    assert found is not None
    assert found.orders == {}
    assert all(isinstance(each, Inconclusive) for each in (*found.held.values(), found.slope, found.folk))


def test_processes_that_spread_otherwise_than_simulated_are_told(tmp_path: Path) -> None:
    """Two modes where one was predicted, around the same centre; that the centre is off is another question."""
    folder = record(tmp_path, Recipe(replicates=20, manifest=_SIX, off=0.7))
    split(folder, "s2", 1.5)

    found = quality(analyse(folder).cells, seed=1)
    assert found is not None
    assert set(found.odd) == {"s2/wait_ns", "s2/wait_p90_ns"}
    assert found.shapes["s2/wait_ns"].wasserstein == pytest.approx(0.36, abs=0.05)
    assert any(
        "2 of 12 metrics are distributed otherwise than simulated" in line and "s2/wait_" in line
        for line in quality_lines(found)
    )


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
        "over 2 predicted metrics of 1 cell that were measured, each cell being one trial:",
        "of the intervals: a statement over cells needs 5 of them; there are 1",
        "of the bias: a statement over cells needs 5 of them; there are 1",
    ]


def test_a_reader_is_told_in_sentences(tmp_path: Path) -> None:
    """Each with its interval."""
    lines = list(quality_lines(_quality(tmp_path, Recipe())))

    assert lines[0] == "over 12 predicted metrics of 6 cells that were measured, each cell being one trial:"
    assert lines[1].startswith("the 50 % intervals of single processes hold ")
    assert any(line.startswith("measured is 1.0") and "95 % of metrics lie between" in line for line in lines)
    assert any(line.startswith("skill against the folk model") for line in lines)
    assert (
        "effects of factors: 10 of the 10 that were measured with a sign are predicted with it"
        " (of 10 in 5 pairs of cells)"
    ) in lines
    assert any("lies may be uniform" in line for line in lines)
