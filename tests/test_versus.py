"""Two runs of a made-up scenario, one of them slower: what a user reads and what a script gets."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from lab.analysis import Analysis, analyse
from lab.model.outcome import Inconclusive, RunComparison, Verdict
from lab.model.run import Ending
from lab.model.versus import PairedMetric
from lab.versus import versus
from tests.recorded import Recipe, record


def _run(root: Path, recipe: Recipe) -> Analysis:
    return analyse(record(root, replace(recipe, name=f"20261124-00000{recipe.seed}-example")))


def _all(_cell: str, _metric: str) -> bool:
    return True


def _metrics(found: PairedMetric) -> float:
    assert isinstance(found.found, RunComparison)
    return found.found.comparison.ratio


@pytest.mark.parametrize(
    ("speed", "verdict"),
    [(1.0, Verdict.AGREES), (1.6, Verdict.DISAGREES), (0.6, Verdict.DISAGREES), (1.15, Verdict.INCONCLUSIVE)],
)
def test_a_run_is_compared_with_another(tmp_path: Path, speed: float, verdict: Verdict) -> None:
    """New over old, by process, under the margins that the old run was measured with."""
    old, new = _run(tmp_path, Recipe(seed=1)), _run(tmp_path, Recipe(seed=2, speed=speed))

    found = versus(old, new, _all)
    waits = [metric for cell in found.cells for metric in cell.metrics if metric.name == "wait_ns"]

    assert [cell.old for cell in found.cells] == ["s1", "s2", "s3"]
    assert {metric.verdict for metric in waits} == {verdict}
    assert all(math.isclose(_metrics(metric), speed, rel_tol=0.06) for metric in waits)


def test_equal_constants_agree_and_what_is_missing_does_not(tmp_path: Path) -> None:
    """A size that never changes is alike; a metric that one run lacks is not decided; an ending that came is told."""
    old = _run(tmp_path, Recipe(seed=1))
    new = _run(tmp_path, Recipe(seed=2, endings={"s2": Ending.TIMEOUT}))

    found = versus(old, new, _all)
    grown = {
        cell.old: metric for cell in found.cells for metric in cell.metrics if metric.name == "grown_bytes"
    }

    assert grown["s1"].verdict is Verdict.AGREES
    assert isinstance(grown["s2"].found, Inconclusive)
    assert [(shift.ending, shift.old, shift.new) for cell in found.cells for shift in cell.shifts] == [
        ("exit", 10, 0),
        ("timeout", 0, 10),
    ]
    assert Verdict.DISAGREES in found.verdicts


def test_the_p_values_are_corrected_for_all_metrics_of_the_comparison(tmp_path: Path) -> None:
    """Each is at least its own, and at most as many times as there are metrics."""
    found = versus(_run(tmp_path, Recipe(seed=1)), _run(tmp_path, Recipe(seed=2)), _all)
    metrics = [metric for cell in found.cells for metric in cell.metrics]

    for metric in metrics:
        assert isinstance(metric.found, RunComparison)
        assert metric.holm_p is not None
        assert metric.found.rank_p <= metric.holm_p <= min(metric.found.rank_p * len(metrics), 1) + 1e-12


def test_only_what_is_wanted_is_compared(tmp_path: Path) -> None:
    """And a cell without a partner is told."""
    old = _run(tmp_path, Recipe(seed=1))
    new = _run(tmp_path, Recipe(seed=2, only=("s1", "s3")))

    found = versus(old, new, lambda cell, metric: cell == "s3" and metric == "wait_ns")

    assert [(cell.old, [metric.name for metric in cell.metrics]) for cell in found.cells] == [
        ("s3", ["wait_ns"])
    ]
    assert (found.only_old, found.only_new) == (("s2",), ())
