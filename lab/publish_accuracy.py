"""From what a validation says to what ``--json`` prints of it."""

from __future__ import annotations

from collections.abc import Sequence

from lab.model.accuracy import Accuracy, Row
from lab.model.outcome import Estimate, Inconclusive
from lab.model.rules import EndResult, RuleResult
from lab.model.run import CostsUsed
from lab.published_accuracy import (
    AccuracyResult,
    AccuracyRow,
    AccuracySum,
    EndOutcome,
    EndsResult,
    Over,
    RuleOutcome,
    RulesResult,
)


def accuracy_result(found: Accuracy, costs: CostsUsed) -> AccuracyResult:
    """Of ring 2."""
    return AccuracyResult(
        format=1,
        costs=costs.identity,
        calibrated=costs.calibrated,
        rows=[_row(row) for row in found.rows],
        sums=[
            AccuracySum(
                set=each.kept,
                rows=each.rows,
                cells=each.cells,
                quiet=each.quiet,
                median_error=_over(each.median),
                p90_error=_over(each.p90),
                noisy_covered=_over(each.noisy_covered),
                held=_over(each.held),
                folk_skill=_over(each.folk),
            )
            for each in found.sums
        ],
        left_out={reason: list(cells) for reason, cells in found.left_out.items()},
        not_predicted={reason: list(rows) for reason, rows in found.not_predicted.items()},
        not_judged={reason: list(rows) for reason, rows in found.not_judged.items()},
        unexpected=dict(found.unexpected),
        excluded=dict(found.excluded),
        replicates=found.replicates,
    )


def rules_result(
    results: Sequence[RuleResult], right: Estimate | Inconclusive, times: Sequence[Row]
) -> RulesResult:
    """Of ring 1."""
    return RulesResult(
        format=1,
        rules=[
            RuleOutcome(
                name=each.name,
                title=each.title,
                gomaxprocs=each.gomaxprocs,
                says=each.says,
                folk=each.folk,
                real=dict(each.real),
                simulated=dict(each.simulated),
                holds=each.holds,
            )
            for each in results
        ],
        right=sum(each.right for each in results),
        runs=sum(each.runs for each in results),
        right_share=_over(right),
        times=[_row(row) for row in times],
    )


def ends_result(results: Sequence[EndResult]) -> EndsResult:
    """Of the oracle."""
    return EndsResult(
        format=1,
        programs=[
            EndOutcome(
                name=each.name,
                title=each.title,
                gomaxprocs=each.gomaxprocs,
                expected=each.expected,
                real=dict(each.real),
                simulated=dict(each.simulated),
                difference=each.difference,
                wrong=each.wrong,
                race=each.race,
            )
            for each in results
        ],
    )


def _row(row: Row) -> AccuracyRow:
    return AccuracyRow(
        set=row.kept,
        program=row.program,
        cell=row.cell,
        metric=row.metric,
        unit=row.unit,
        processes=row.n,
        measured=row.measured,
        aa=row.aa,
        predicted=row.predicted,
        pi90=(row.low, row.high),
        error=row.error,
        held=row.held,
        covers=row.covers,
        two_modes=row.bimodal,
        quiet=row.quiet,
        fails=row.fails,
        why=row.why,
    )


def _over(found: Estimate | Inconclusive) -> Over:
    if isinstance(found, Inconclusive):
        return Over(value=None, ci=(None, None), inconclusive=found.why)
    return Over(value=found.value, ci=(found.low, found.high))
