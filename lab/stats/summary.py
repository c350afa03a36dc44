"""Records of a cell, as what is known of its metrics and outcomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from lab.model.matrix import Cell
from lab.model.outcome import CellSummary, MeasuredMetric, Prediction
from lab.model.run import Record
from lab.model.scenario import Metric, Scenario
from lab.stats.compare import compare
from lab.stats.estimate import centre, process_value


def summarise(
    scenario: Scenario,
    cells: Iterable[Cell],
    records: Sequence[Record],
    foretold: Mapping[tuple[str, str], Prediction | str],
) -> tuple[CellSummary, ...]:
    """One summary a cell, in the order of *cells*; records that are not usable count as outcomes only.

    *foretold* has, by cell id and metric name, a prediction or the reason for none.
    """
    return tuple(
        _cell(
            cell,
            [(metric, foretold[cell.id, metric.name]) for metric in scenario.metrics_of(cell.levels)],
            [record for record in records if record.turn.cell == cell.id],
        )
        for cell in cells
    )


def _cell(
    cell: Cell, metrics: Iterable[tuple[Metric, Prediction | str]], records: Sequence[Record]
) -> CellSummary:
    outcomes = Counter(record.termination.ending.value for record in records)
    return CellSummary(
        id=cell.id,
        levels={name: level.text for name, level in cell.levels.items()},
        outcomes=dict(sorted(outcomes.items())),
        reasons=_reasons(records),
        metrics=tuple(_metric(metric, records, foretold) for metric, foretold in metrics),
    )


def _reasons(records: Iterable[Record]) -> Mapping[str, str]:
    """For each ending but a plain exit, what the first replicate that had it said."""
    reasons: dict[str, str] = {}
    for record in records:
        if record.termination.detail:
            reasons.setdefault(record.termination.ending.value, record.termination.detail)
    return reasons


def _metric(metric: Metric, records: Iterable[Record], foretold: Prediction | str) -> MeasuredMetric:
    values = tuple(
        process_value(repetitions, metric.statistic)
        for record in records
        if record.usable and (repetitions := record.observations.get(metric.observation))
    )
    prediction = foretold if isinstance(foretold, Prediction) else None
    return MeasuredMetric(
        name=metric.name,
        unit=metric.unit,
        statistic=metric.statistic,
        values=values,
        estimate=centre(values),
        not_predicted="" if isinstance(foretold, Prediction) else foretold,
        prediction=prediction,
        comparison=compare(values, prediction, metric.margin) if prediction else None,
    )
