"""From the cells of a finished run to errors: predicted against measured, beside measured against itself."""

from __future__ import annotations

import fnmatch
import math
import random
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from lab.model.accuracy import Accuracy, Errors, Row
from lab.model.outcome import CellSummary, Estimate, Inconclusive, MeasuredMetric, Prediction, Reason
from lab.model.run import Ending
from lab.stats.forecast import LEAST_CELLS, Forecast, coverage, skill
from lab.stats.mixture import distance, is_bimodal
from lab.stats.process import PerProcess, Repetitions, measured, quantile, simulated
from lab.stats.share import wilson

QUIET: Final = 0.03
"""A/A difference up to which a cell's error is judged; SIM.md §6."""
MEDIAN_TARGET: Final = 0.05
P90_TARGET: Final = 0.15
"""What the errors of quiet rows are to be: the median, and the 90th percentile, beyond which a row is a failure."""
HELD_TARGET: Final = (0.85, 0.95)
"""What share of runs a 90 % interval is to hold."""

_LEAST_VALUES: Final = 4
"""Replicates of a row: two halves of two."""
_RESAMPLES: Final = 1000
BOTH: Final = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyItFails:
    """A reason written by hand: shown at those rows that it names and that fail."""

    cells: str
    metrics: str
    why: str

    def names(self, row: Row) -> bool:
        """Whether it is about *row*."""
        return fnmatch.fnmatchcase(row.cell, self.cells) and fnmatch.fnmatchcase(row.metric, self.metrics)


NOT_EXPLAINED: Final = "not explained yet"


def accuracy(
    cells: Sequence[CellSummary], kept: Mapping[str, str], reasons: Sequence[WhyItFails], *, seed: int
) -> Accuracy:
    """Errors of every predicted metric of *cells*; *kept* says by program which set it is of.

    The same cells, reasons and *seed* give the same.
    """
    rows = tuple(_explained(row, reasons) for cell in cells for row in _rows(cell, kept))
    known = {
        f"{cell.id}/{metric.name}": metric for cell in cells for metric in cell.metrics if metric.prediction
    }
    sets = [name for name in dict.fromkeys(kept.values()) if any(row.kept == name for row in rows)]
    chosen = {name: [row for row in rows if row.kept == name] for name in sets}
    if len(sets) > 1:
        chosen[BOTH] = list(rows)
    return Accuracy(
        rows=rows,
        sums=tuple(_errors(name, of, known, seed) for name, of in chosen.items()),
        left_out=_grouped(_left_out(cells)),
        not_predicted=_grouped(
            (metric.not_predicted, f"{cell.id}/{metric.name}")
            for cell in cells
            for metric in cell.metrics
            if metric.not_predicted
        ),
        not_judged=_grouped(
            (problem, f"{cell.id}/{metric.name}")
            for cell in cells
            for metric, problem in _predicted(cell)
            if problem
        ),
        unexpected=_summed(
            {ending: n for ending, n in cell.unexpected.items() if ending != Ending.REFUSED.value}
            for cell in cells
        ),
        excluded=_summed(cell.excluded for cell in cells),
        replicates=sum(sum(cell.outcomes.values()) for cell in cells),
    )


def _rows(cell: CellSummary, kept: Mapping[str, str]) -> Iterator[Row]:
    program = cell.levels["program"]
    for metric, problem in _predicted(cell):
        if metric.prediction is not None and not problem:
            yield _row(cell, metric, metric.prediction, kept[program])


def _predicted(cell: CellSummary) -> Iterator[tuple[MeasuredMetric, str]]:
    """The metrics that have a prediction, each with why it is no row, or with nothing; none of a cell that is left out as a whole."""
    never_ran = any(True for _ in _left_out([cell]))
    for metric in cell.metrics:
        if metric.prediction is not None and (metric.values or not never_ran):
            yield metric, _no_row(metric, metric.prediction)


def _no_row(metric: MeasuredMetric, prediction: Prediction) -> str:
    """Why there is no error of it, or nothing. The same of a kind, whatever the figures: reasons are grouped by."""
    foretold = prediction.values
    if not foretold:
        return "no simulated process gave a value"
    if min(foretold) <= 0 or prediction.value <= 0:
        return "a predicted value is not positive, so there is no ratio"
    if len(metric.values) < _LEAST_VALUES:
        return f"fewer than {_LEAST_VALUES} processes gave a value, so there is no A/A"
    return "a measured value is not positive, so there is no ratio" if min(metric.values) <= 0 else ""


def _row(cell: CellSummary, metric: MeasuredMetric, prediction: Prediction, kept: str) -> Row:
    seen, foretold = measured(metric), simulated(prediction)
    bimodal = is_bimodal(seen) or is_bimodal(foretold)
    error = math.expm1(distance(foretold, seen)) if bimodal else prediction.value / _centre(seen) - 1
    aa = _differs_from_itself(metric.values)
    covers = prediction.low <= _centre(seen) <= prediction.high
    quiet = aa <= QUIET
    return Row(
        kept=kept,
        program=cell.levels["program"],
        cell=cell.id,
        metric=metric.name,
        unit=metric.unit,
        n=seen.n,
        measured=_centre(seen),
        aa=aa,
        predicted=prediction.value,
        low=prediction.low,
        high=prediction.high,
        error=error,
        held=statistics.fmean(prediction.low <= value <= prediction.high for value in metric.values),
        covers=covers,
        bimodal=bimodal,
        quiet=quiet,
        fails=abs(error) > P90_TARGET if quiet else not covers,
    )


def _differs_from_itself(values: Sequence[float]) -> float:
    """A/A, of what was measured alone: no prediction may decide whether a row is quiet enough to judge it."""
    one, other = (_part(values[start::2]) for start in (0, 1))
    if is_bimodal(_part(values)):
        return math.expm1(distance(one, other))
    return math.expm1(abs(math.log(_centre(one) / _centre(other))))


def _explained(row: Row, reasons: Sequence[WhyItFails]) -> Row:
    if not row.fails:
        return row
    return replace(row, why=next((each.why for each in reasons if each.names(row)), NOT_EXPLAINED))


def _errors(kept: str, rows: Sequence[Row], known: Mapping[str, MeasuredMetric], seed: int) -> Errors:
    quiet = [row for row in rows if row.quiet]
    errors = _by_cell((row.cell, abs(row.error)) for row in quiet)
    forecasts, folk = [], {}
    for row in rows:
        metric = known[row.name]
        assert metric.prediction is not None  # noqa: S101 - a row has one
        forecasts.append(Forecast(row.name, simulated(metric.prediction), measured(metric), of=row.cell))
        if metric.prediction.folk and min(metric.prediction.folk) > 0:
            folk[row.name] = _part(metric.prediction.folk)
    return Errors(
        kept=kept,
        rows=len(rows),
        cells=len({row.cell for row in rows}),
        quiet=len(quiet),
        median=_over(errors, 0.5, seed),
        p90=_over(errors, 0.9, seed),
        noisy_covered=_mean_share(_by_cell((row.cell, row.covers) for row in rows if not row.quiet)),
        held=coverage(forecasts, 0.9),
        folk=skill(forecasts, folk),
    )


def _over(errors: Sequence[Sequence[float]], q: float, seed: int) -> Estimate | Inconclusive:
    """A quantile of errors over rows, given by cell; its 95 % interval from resampling whole cells by *seed*.

    Metrics of a cell come from the same processes and the same costs: they are wrong together, and are drawn together.
    """
    if len(errors) < LEAST_CELLS:
        return Inconclusive(
            reason=Reason.TOO_FEW,
            why=f"a statement over cells needs {LEAST_CELLS} of them with a quiet row; there are {len(errors)}",
            wanted=LEAST_CELLS,
        )
    source = random.Random(f"{seed}/golab accuracy")  # noqa: S311 - a sample, not a secret
    found = [
        quantile([*chain.from_iterable(source.choices(errors, k=len(errors)))], q) for _ in range(_RESAMPLES)
    ]
    return Estimate(
        value=quantile([*chain.from_iterable(errors)], q),
        low=quantile(found, 0.025),
        high=quantile(found, 0.975),
        confidence=0.95,
        n=len(errors),
        method=f"{q:.0%} quantile over rows, bootstrap over cells",
    )


def _mean_share(held: Sequence[Sequence[float]]) -> Estimate | Inconclusive:
    """The mean over cells of the share of their rows; Wilson's interval for as many trials as cells, as :func:`coverage` has it."""
    if not held:
        return Inconclusive(reason=Reason.NOTHING_MEASURED, why="there is no such row", wanted=1)
    shares = [statistics.fmean(cell) for cell in held]
    low, high = wilson(math.fsum(shares), len(shares))
    return Estimate(
        value=statistics.fmean(shares),
        low=low,
        high=high,
        confidence=0.95,
        n=len(shares),
        method="mean share over cells, Wilson interval",
    )


def _by_cell(pairs: Iterable[tuple[str, float]]) -> list[list[float]]:
    """The values of each cell together, in their order."""
    found: dict[str, list[float]] = {}
    for cell, value in pairs:
        found.setdefault(cell, []).append(value)
    return list(found.values())


def _left_out(cells: Iterable[CellSummary]) -> Iterator[tuple[str, str]]:
    for cell in cells:
        for ending in (Ending.REFUSED.value, Ending.BUILD_FAILED.value):
            if ending in cell.outcomes:
                yield cell.reasons.get(ending, ending), cell.id


def _grouped(pairs: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for reason, name in pairs:
        found.setdefault(reason, []).append(name)
    return {reason: tuple(names) for reason, names in sorted(found.items())}


def _summed(counts: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(sorted(total.items()))


def _part(values: Sequence[float]) -> PerProcess:
    return Repetitions([(value,) for value in values]).only()


def _centre(sample: PerProcess) -> float:
    return math.exp(statistics.fmean(map(math.log, sample.values)))
