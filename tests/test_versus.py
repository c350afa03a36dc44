"""Two runs of a made-up scenario, one of them slower: what a user reads and what a script gets."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from lab.analysis import Analysis, analyse
from lab.model.instrument import DUMP, SCHED
from lab.model.outcome import Inconclusive, RunComparison, Verdict
from lab.model.run import Ending
from lab.model.versus import PairedMetric
from lab.report.versus import explored, lastings, other_shapes
from lab.versus import versus
from tests.recorded import MANIFEST, Recipe, record, split


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


def test_runs_that_instruments_looked_at_are_compared_by_instrument(tmp_path: Path) -> None:
    """Their metrics, too; and what is said of plain cells is the same as without them."""
    old, new = (_run(tmp_path, Recipe(seed=seed, instruments=(SCHED, DUMP))) for seed in (1, 2))
    found = {cell.old: cell for cell in versus(old, new, _all).cells}

    assert list(found) == [f"s{size}{end}" for size in (1, 2, 3) for end in ("", "-with_sched")]
    assert all(cell.old == cell.new for cell in found.values())
    looked = {metric.name: metric for metric in found["s1-with_sched"].metrics}
    assert {"wait_ns", "sched_threads", "sched_runnable_p99_ns"} <= set(looked)
    assert looked["sched_threads"].verdict is Verdict.AGREES

    def is_plain(cell: str, _metric: str) -> bool:
        return "with" not in cell

    assert versus(old, new, is_plain).cells == tuple(found[name] for name in ("s1", "s2", "s3"))


def test_the_p_values_are_corrected_for_all_metrics_of_the_comparison(tmp_path: Path) -> None:
    """Each is at least its own, and at most as many times as there are metrics."""
    found = versus(_run(tmp_path, Recipe(seed=1)), _run(tmp_path, Recipe(seed=2)), _all)
    metrics = [metric for cell in found.cells for metric in cell.metrics]

    for metric in metrics:
        assert isinstance(metric.found, RunComparison)
        assert metric.holm_p is not None
        assert metric.found.rank_p <= metric.holm_p <= min(metric.found.rank_p * len(metrics), 1) + 1e-12


def test_a_timeout_is_longer_than_its_limit_not_missing(tmp_path: Path) -> None:
    """Where some timed out, all durations are asked by the log-rank test; where none did, nothing is said of it."""
    old = _run(tmp_path, Recipe(seed=1))
    late = _run(tmp_path, Recipe(seed=2, endings={"s2": Ending.TIMEOUT}, lost=Ending.TIMEOUT))

    found = versus(old, late, _all)
    s1, s2, _ = found.cells

    assert [cell.lasting for cell in versus(old, old, _all).cells] == [None] * 3
    assert s1.lasting is not None
    assert (s1.lasting.timed_out_new, s1.lasting.of_new, s1.lasting.of_old) == (1, 10, 10)
    assert s2.lasting is not None
    assert isinstance(s2.lasting.p, float)
    assert s2.lasting.p < 1e-4
    assert {metric.verdict for metric in s1.metrics} == {Verdict.INCONCLUSIVE}
    assert any(line.startswith("s2: 0 of 10 replicates timed out, now 10 of 10;") for line in lastings(found))


def test_the_p90_of_what_happens_once_is_compared_as_a_tail(tmp_path: Path) -> None:
    """Of ten processes that gave one value each there is none; of forty there is, and it is the slowest tenth's ratio."""

    def paired(replicates: int) -> PairedMetric:
        old, new = (
            _run(
                tmp_path / str(replicates),
                Recipe(seed=seed, speed=speed, replicates=replicates, repetitions=1),
            )
            for seed, speed in ((1, 1.0), (2, 1.6))
        )
        found = versus(old, new, lambda cell, metric: (cell, metric) == ("s1", "wait_p90_ns"))
        return found.cells[0].metrics[0]

    few, many = paired(10), paired(40)

    assert isinstance(few.found, Inconclusive)
    assert few.found.why == "p90 needs 30 values from 10 processes or more; there are 10 from 10"
    assert few.verdict is Verdict.INCONCLUSIVE
    assert many.verdict is Verdict.DISAGREES
    assert math.isclose(_metrics(many), 1.6, rel_tol=0.06)


def test_a_far_tail_of_a_few_processes_is_not_judged(tmp_path: Path) -> None:
    """A p99 of each of ten processes is no verdict on another ten's; what they are is told all the same."""
    far = MANIFEST.replace('statistic = "p90"', 'statistic = "p99"')
    old, new = (_run(tmp_path, Recipe(seed=seed, manifest=far)) for seed in (1, 2))

    (cell,) = versus(old, new, lambda cell, metric: (cell, metric) == ("s1", "wait_p90_ns")).cells

    (metric,) = cell.metrics
    assert isinstance(metric.found, Inconclusive)
    assert metric.found.why == "a p99 is judged from 30 processes on; there are 10"
    assert metric.old is not None
    assert metric.verdict is Verdict.INCONCLUSIVE


def test_what_is_worth_a_look_is_a_list_and_no_verdict(tmp_path: Path) -> None:
    """Benjamini and Hochberg find at least what Holm finds; what they find beyond it is named."""
    found = versus(_run(tmp_path, Recipe(seed=1)), _run(tmp_path, Recipe(seed=3, speed=1.08)), _all)
    metrics = {f"{cell.old}/{metric.name}": metric for cell in found.cells for metric in cell.metrics}
    both = {
        name: (metric.explored_p, metric.holm_p)
        for name, metric in metrics.items()
        if metric.explored_p is not None and metric.holm_p is not None
    }

    assert all(explored_p <= holm_p for explored_p, holm_p in both.values())
    more = [name for name, (explored_p, holm_p) in both.items() if explored_p <= 0.05 < holm_p]
    assert more
    assert explored(found).endswith(f": {', '.join(more)}")


def test_only_what_is_wanted_is_compared(tmp_path: Path) -> None:
    """And a cell without a partner is told."""
    old = _run(tmp_path, Recipe(seed=1))
    new = _run(tmp_path, Recipe(seed=2, only=("s1", "s3")))

    found = versus(old, new, lambda cell, metric: cell == "s3" and metric == "wait_ns")

    assert [(cell.old, [metric.name for metric in cell.metrics]) for cell in found.cells] == [
        ("s3", ["wait_ns"])
    ]
    assert (found.only_old, found.only_new) == (("s2",), ())


def test_another_shape_is_told_where_the_centres_are_alike(tmp_path: Path) -> None:
    """Two modes around the same centre; of metrics that are alike in both nothing is said."""
    old = record(tmp_path, Recipe(name="20261124-1-example", replicates=24, seed=1))
    new = record(tmp_path, Recipe(name="20261124-2-example", replicates=24, seed=2))
    split(new, "s2", 1.3)

    found = versus(analyse(old), analyse(new), lambda _cell, _metric: True)
    shapes = {(cell.old, metric.name): metric.shape_holm_p for cell in found.cells for metric in cell.metrics}

    assert shapes["s2", "wait_ns"] is not None
    assert shapes["s2", "wait_ns"] < 0.05
    assert all(p is None or p > 0.05 for (cell, _), p in shapes.items() if cell != "s2")
    assert {line.split(":")[0] for line in other_shapes(found)} <= {"s2, wait_ns", "s2, wait_p90_ns"}
    assert any(
        line.startswith("s2, wait_ns: its processes are distributed otherwise")
        for line in other_shapes(found)
    )
