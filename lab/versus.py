"""Run against run: each metric of each pair of cells, new over old, under the margins of the old run's manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from lab import setup
from lab.analysis import Analysis
from lab.model.metric import Metric
from lab.model.outcome import CellSummary, Estimate, Inconclusive, MeasuredMetric, RunComparison
from lab.model.quality import Shape
from lab.model.run import Ending
from lab.model.versus import Lasting, PairedCell, PairedMetric, Shift, Versus
from lab.stats.censored import logrank
from lab.stats.compare import compare_runs, compare_tail
from lab.stats.family import benjamini_hochberg, holm
from lab.stats.forecast import forecasts, skill
from lab.stats.gather import durations
from lab.stats.process import PerProcess, Repetitions, measured, values_of
from lab.stats.shape import shape
from lab.stats.share import compare_shares
from lab.stats.summary import CLOCK_NS, is_tail_of_processes, one_shot_tail
from lab.stats.tail import too_few_to_judge
from lab.store import RunFolder

_WORTH_TELLING = 0.05
"""Two shares of an ending are told apart below this p-value; each ending stands for itself, nothing is decided by it."""

_SHAPE_SEED = 1
"""Of the permutations: the same two runs give the same p-value."""

Wanted = Callable[[str, str], bool]
"""Whether a metric (cell id, metric name) is looked at."""


def versus(old: Analysis, new: Analysis, wanted: Wanted) -> Versus:
    """Everything that differs between two runs that may be compared (:func:`lab.setup.refusal`)."""
    paired = setup.pairs(old.plan, new.plan)
    olds, news = ({cell.id: cell for cell in each.cells} for each in (old, new))
    cells = [
        replace(
            _cell(
                olds[pair.old.id], news[pair.new.id], old.scenarios[pair.old.scenario].every_metric, wanted
            ),
            lasting=_lasting((old, olds[pair.old.id]), (new, news[pair.new.id])),
        )
        for pair in paired
    ]
    return Versus(
        old=old.plan.run,
        new=new.plan.run,
        differences=setup.differences(old.plan, new.plan),
        cells=_by_family(
            [cell for cell in cells if cell.metrics or cell.shifts or cell.lasting],
            {cell.id for cell in old.cells if cell.looked},
        ),
        only_old=_without(old, {pair.old.id for pair in paired}),
        only_new=_without(new, {pair.new.id for pair in paired}),
        skill=_skill([(olds[pair.old.id], news[pair.new.id]) for pair in paired]),
    )


def _by_family(cells: Sequence[PairedCell], looked_at: set[str]) -> tuple[PairedCell, ...]:
    """Corrected, plain cells among themselves: that an instrument looked as well does not change what is said of them."""
    families = (
        corrected([cell for cell in cells if (cell.old in looked_at) is is_looked_at])
        for is_looked_at in (False, True)
    )
    found = {cell.old: cell for family in families for cell in family}
    return tuple(found[cell.old] for cell in cells)


def _skill(paired: Sequence[tuple[CellSummary, CellSummary]]) -> Estimate | Inconclusive:
    """Of the new prediction against the baseline that costs no simulator: what was measured the last time."""
    baseline = {
        f"{new.id}/{metric.name}": measured(metric)
        for old, new in paired
        for metric in old.metrics
        if metric.values and min(metric.values) > 0
    }
    found, _ = forecasts(new for _, new in paired)
    return skill(found, baseline)


def _without(analysis: Analysis, partners: set[str]) -> tuple[str, ...]:
    return tuple(cell.id for cell in analysis.cells if cell.id not in partners)


def _cell(old: CellSummary, new: CellSummary, metrics: Sequence[Metric], wanted: Wanted) -> PairedCell:
    margins = {metric.name: metric.margin for metric in metrics}
    found = {metric.name: metric for metric in new.metrics}
    return PairedCell(
        old=old.id,
        new=new.id,
        metrics=tuple(
            _metric(metric, found[metric.name], margins[metric.name], old.lost or new.lost)
            for metric in old.metrics
            if metric.name in found and wanted(old.id, metric.name)
        ),
        shifts=tuple(_shifts(old, new)),
    )


def _metric(
    old: MeasuredMetric, new: MeasuredMetric, margin: float, lost: Inconclusive | None
) -> PairedMetric:
    resolution = CLOCK_NS if old.unit == "ns" else 0.0
    return PairedMetric(
        name=old.name,
        unit=old.unit,
        statistic=old.statistic,
        old=old.estimate,
        new=new.estimate,
        found=lost or _compared(old, new, margin, resolution),
        shape=None if lost else shape_of(measured(new), measured(old)),
    )


def _compared(
    old: MeasuredMetric, new: MeasuredMetric, margin: float, resolution: float
) -> RunComparison | Inconclusive:
    found = compare_runs(measured(new), measured(old), margin, resolution=resolution)
    if isinstance(found, Inconclusive):
        return found
    if not (is_tail_of_processes(old) and is_tail_of_processes(new)):
        return too_few_to_judge(old.statistic, measured(new), measured(old)) or found
    above, below = (one_shot_tail(measured(each), old.statistic) for each in (new, old))
    for each in (above, below):
        if isinstance(each, Inconclusive):
            return each
    ends = [each for each in (above, below) if isinstance(each, Estimate)]
    compared = compare_tail(ends[0], ends[1], margin)
    return compared if isinstance(compared, Inconclusive) else replace(found, comparison=compared)


def _shifts(old: CellSummary, new: CellSummary) -> Iterator[Shift]:
    of_old, of_new = sum(old.outcomes.values()), sum(new.outcomes.values())
    for ending in dict.fromkeys((*old.outcomes, *new.outcomes)):
        was, now = old.outcomes.get(ending, 0), new.outcomes.get(ending, 0)
        found = compare_shares((now, of_new), (was, of_old))
        if not isinstance(found, Inconclusive) and found.p < _WORTH_TELLING:
            yield Shift(ending=ending, old=was, of_old=of_old, new=now, of_new=of_new, p=found.p)


def _lasting(old: tuple[Analysis, CellSummary], new: tuple[Analysis, CellSummary]) -> Lasting | None:
    """A timeout is longer than its limit, not missing: asked of the records, since a summary keeps only centres."""
    if not any(cell.outcomes.get(Ending.TIMEOUT.value) for _, cell in (old, new)):
        return None
    was, now = (
        durations(RunFolder(run.folder).records(), cell.id, run.scenarios[cell.scenario].limits.time)
        for run, cell in (old, new)
    )
    return Lasting(
        timed_out_old=was.timed_out.n,
        of_old=was.n,
        timed_out_new=now.timed_out.n,
        of_new=now.n,
        p=logrank(now, was),
    )


def corrected(cells: Sequence[PairedCell]) -> tuple[PairedCell, ...]:
    """With the tests' p-values corrected over the whole comparison: the question is which metrics differ."""
    metrics = [metric for cell in cells for metric in cell.metrics]
    ranks = [metric.found.rank_p for metric in metrics if isinstance(metric.found, RunComparison)]
    shapes = [metric.shape.energy_p for metric in metrics if metric.shape is not None]
    rank, explored, shape = iter(holm(ranks)), iter(benjamini_hochberg(ranks)), iter(holm(shapes))
    return tuple(
        replace(
            cell,
            metrics=tuple(
                replace(
                    metric,
                    holm_p=next(rank) if isinstance(metric.found, RunComparison) else None,
                    explored_p=next(explored) if isinstance(metric.found, RunComparison) else None,
                    shape_holm_p=None if metric.shape is None else next(shape),
                )
                for metric in cell.metrics
            ),
        )
        for cell in cells
    )


def shape_of(new: PerProcess, old: PerProcess) -> Shape | None:
    """How far apart the two distributions of processes are; None where there are too few, or no logarithms of them."""
    samples = [Repetitions([(value,) for value in values_of(each)]) for each in (new, old)]
    found = shape(samples[0], samples[1], seed=_SHAPE_SEED)
    return None if isinstance(found, Inconclusive) else found
