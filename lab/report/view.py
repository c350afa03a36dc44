"""A finished run in words and rounded numbers: what any report shows, whatever it is drawn with."""

from __future__ import annotations

import itertools
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lab.model.outcome import (
    CellSummary,
    Comparison,
    Estimate,
    Judged,
    MeasuredMetric,
    Outcome,
    Reason,
    Verdict,
)
from lab.model.scenario import QUIET_LEVELS
from lab.model.units import value_to_text
from lab.report.bars import bar
from lab.report.text import counted

_EXIT: Final = ("exit",)
_ASIDE_WIDTH: Final = 26
"""Columns for what was asked for, beside the metrics."""


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of one cell, or how its processes end, as text; ``cell`` goes on from row to row of the same cell.

    Its first row has the id, the second how the replicates ended (``failed`` where they should not have), the next
    what was asked for.
    """

    cell: str = ""
    is_first: bool = False
    failed: bool = False
    metric: str = ""
    measured: str = ""
    interval: str = ""
    n: str = ""
    predicted: str = ""
    foreseen: str = ""
    ratio: str = ""
    distribution: str = ""
    verdict: str = ""


def rows(cells: Sequence[CellSummary]) -> tuple[Row, ...]:
    """The rows of the table, cell by cell."""
    return tuple(row for cell in cells for row in _cell_rows(cell))


def failures(cells: Sequence[CellSummary]) -> tuple[str, ...]:
    """One sentence for each ending that a cell should not have had."""
    return tuple(
        f"{cell.id}: {count} of {sum(cell.outcomes.values())} replicates ended in {ending}"
        + (f": {cell.reasons[ending]}" if ending in cell.reasons else "")
        for cell in cells
        for ending, count in cell.unexpected.items()
    )


def put_aside(cells: Sequence[CellSummary]) -> tuple[str, ...]:
    """One sentence for each reason for which replicates were put aside, the most frequent first: how many, of how many cells."""
    replicates: Counter[str] = Counter()
    touched: Counter[str] = Counter()
    for cell in cells:
        replicates.update(cell.excluded)
        touched.update(cell.excluded.keys())
    total = sum(sum(cell.outcomes.values()) for cell in cells)
    return tuple(
        f"{count} of {counted(total, 'replicate')} put aside, in {counted(touched[reason], 'cell')}: {reason}"
        for reason, count in replicates.most_common()
    )


def levels_text(levels: Mapping[str, str]) -> str:
    """What was asked for, without the factors of every scenario that are as they always are."""
    return ", ".join(f"{name} {level}" for name, level in levels.items() if QUIET_LEVELS.get(name) != level)


def not_predicted(cells: Sequence[CellSummary]) -> Mapping[str, int]:
    """Each reason for which something is not predicted, and how many lines it concerns: metrics, and endings that are told."""
    reasons: dict[str, int] = {}
    for cell in cells:
        told = cell.told_outcome
        for reason in (
            *([told.not_predicted] if told else []),
            *(each.not_predicted for each in cell.metrics),
        ):
            if reason:
                reasons[reason] = reasons.get(reason, 0) + 1
    return reasons


def _cell_rows(cell: CellSummary) -> list[Row]:
    outcomes = ", ".join(f"{count} {ending}" for ending, count in cell.outcomes.items())
    asked = levels_text(cell.levels)
    aside = [cell.id, *([outcomes] if outcomes else []), *textwrap.wrap(asked, _ASIDE_WIDTH)]
    lines = [*([_outcome_line(cell.told_outcome)] if cell.told_outcome else []), *map(_line, cell.metrics)]
    return [
        replace(
            line or Row(),
            cell=text or "",
            is_first=position == 0,
            failed=position == 1 and bool(cell.unexpected),
        )
        for position, (text, line) in enumerate(itertools.zip_longest(aside, lines, fillvalue=None))
    ]


def _line(metric: MeasuredMetric) -> Row:
    return Row(
        metric=metric_name(metric.name, metric.statistic),
        measured=measured_text(metric),
        interval=estimate_interval(metric.estimate, metric.unit) if metric.estimate else "",
        n=n_text(metric),
        predicted=predicted_text(metric),
        foreseen=foreseen_text(metric),
        ratio=ratio_text(metric.comparison) if metric.comparison else "",
        distribution=bar(metric),
        verdict=verdict_text(metric),
    )


def _outcome_line(outcome: Outcome) -> Row:
    return Row(
        metric=ENDING,
        measured=ends_text(outcome.measured),
        n=str(sum(outcome.measured.values())),
        predicted=foretold_text(outcome),
        verdict=outcome.verdict.value if outcome.verdict else "",
    )


ENDING: Final = "ending"
"""What stands where a metric's name would, beside how processes end."""


def ends_text(ends: Mapping[str, int]) -> str:
    """How processes ended: one word where all did so, else each word with its share."""
    total = sum(ends.values())
    if len(ends) == 1:
        return next(iter(ends))
    return ", ".join(f"{word} {100 * count / total:.0f} %" for word, count in ends.items()) or "none"


def foretold_text(outcome: Outcome) -> str:
    """How the simulated processes ended, or why none was simulated."""
    return ends_text(outcome.predicted) if outcome.predicted else f"no: {outcome.not_predicted}"


def verdicts(cells: Sequence[CellSummary]) -> tuple[Verdict, ...]:
    """Of every metric that is predicted, and of every ending that is told and predicted; nothing measured decides nothing.

    An ending that should not have been disagrees. Where one other than an exit is what is expected and none is predicted, that it came
    agrees; where several are, whatever comes is one of them, and nothing was foretold that could have failed.
    """
    found = [_verdict(metric) for metric in _predicted(cells)]
    found += [each.verdict or Verdict.INCONCLUSIVE for each in _foretold(cells)]
    ended = [
        cell
        for cell in cells
        if _foretells(cell.expected) and cell.outcomes and not cell.unexpected and not cell.outcome.predicted
    ]
    return (*found, *(Verdict.DISAGREES for _ in failures(cells)), *(Verdict.AGREES for _ in ended))


def _foretells(expected: Sequence[str]) -> bool:
    return len(expected) == 1 and tuple(expected) != _EXIT


def _verdict(metric: MeasuredMetric) -> Verdict:
    return metric.comparison.verdict if metric.comparison else Verdict.INCONCLUSIVE


def _predicted(cells: Sequence[CellSummary]) -> list[MeasuredMetric]:
    return [metric for cell in cells for metric in cell.metrics if metric.prediction]


def _foretold(cells: Sequence[CellSummary]) -> list[Outcome]:
    return [told for cell in cells if (told := cell.told_outcome) and told.predicted]


def is_predicted(cells: Sequence[CellSummary]) -> bool:
    """Whether there is a line with a prediction: of a metric, or of an ending that is told."""
    return bool(_predicted(cells) or _foretold(cells))


def conclusion(cells: Sequence[CellSummary]) -> str:
    """How the predictions did, in a sentence."""
    predicted, told = _predicted(cells), _foretold(cells)
    if not predicted and not told:
        return "nothing of this was predicted"
    verdicts = [metric.comparison.verdict for metric in predicted if metric.comparison]
    verdicts += [each.verdict for each in told if each.verdict]
    total = len(predicted) + len(told)
    counts = {verdict: verdicts.count(verdict) for verdict in Verdict}
    parts = [f"{counts[Verdict.AGREES]} of {total} predictions hold"]
    if counts[Verdict.DISAGREES]:
        parts.append(f"{counts[Verdict.DISAGREES]} {'does' if counts[Verdict.DISAGREES] == 1 else 'do'} not")
    if counts[Verdict.INCONCLUSIVE]:
        are = "is" if counts[Verdict.INCONCLUSIVE] == 1 else "are"
        parts.append(f"{counts[Verdict.INCONCLUSIVE]} {are} not decided{_how_to_decide(predicted, told)}")
    reasons = [metric.no_ratio.reason for metric in predicted if metric.no_ratio]
    lost = reasons.count(Reason.LOST)
    if lost:
        parts.append(f"{lost} cannot be judged: replicates ended without their values")
    few = reasons.count(Reason.TOO_FEW)
    if few:
        parts.append(f"{few} cannot be judged: too few processes for a tail")
    if missing := total - len(verdicts) - lost - few:
        parts.append(f"{missing} had nothing measured to compare with")
    return "; ".join(parts)


def outcome_words(cells: Sequence[CellSummary]) -> tuple[str, ...]:
    """One sentence for each cell whose processes did not end as predicted."""
    return tuple(
        f"{cell.id}: {outcome_sentence(told)}"
        for cell in cells
        if (told := cell.told_outcome) and told.verdict is Verdict.DISAGREES
    )


def outcome_sentence(outcome: Outcome) -> str:
    """How processes ended, how they were predicted to, and what decides."""
    ended = f"ended in {ends_text(outcome.measured)}"
    if not outcome.predicted:
        return f"{ended}, not predicted: {outcome.not_predicted}"
    return f"{ended}, predicted {ends_text(outcome.predicted)}: {outcome.why}"


def cautions(cells: Sequence[CellSummary]) -> tuple[str, ...]:
    """What a reader of a metric is warned of, in sentences: one for all cells of which the same is to be said."""
    where: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        for metric in cell.metrics:
            for caution in metric.cautions:
                where.setdefault((metric.name, caution.text), []).append(cell.id)
    return tuple(f"{', '.join(ids)}, {metric}: {text}" for (metric, text), ids in where.items())


def measured_claims(claims: Sequence[Judged]) -> tuple[tuple[Judged, ...], str]:
    """Those of which something was measured, and a sentence about the others."""
    others = ", ".join(claim.id for claim in claims if not claim.is_touched)
    sentence = f"nothing was measured here of {others} (golab claims tells how each stands)" if others else ""
    return tuple(claim for claim in claims if claim.is_touched), sentence


def effective_n(cells: Sequence[CellSummary]) -> str:
    """What the second number of an n is, where some metric has one."""
    found = [
        metric.correlation.icc
        for cell in cells
        for metric in cell.metrics
        if metric.correlation and metric.correlation.icc is not None
    ]
    if not found:
        return ""
    return (
        "n: processes, which is what all intervals rest on; after ~ what their repetitions are worth as independent"
        f" values (intra-class correlation {min(found):.2f} to {max(found):.2f})"
    )


def ratio_text(comparison: Comparison) -> str:
    """A ratio with its interval, where it has one."""
    if comparison.low is None or comparison.high is None:
        return f"{comparison.ratio:.2f}"
    return f"{comparison.ratio:.2f} [{comparison.low:.2f} … {comparison.high:.2f}]"


def metric_name(name: str, statistic: str) -> str:
    """A metric's name, with its statistic unless that is p50 or part of the name."""
    return name if statistic == "p50" or statistic in name else f"{name} ({statistic})"


def estimate_interval(estimate: Estimate, unit: str) -> str:
    """The interval of an estimate in words; nothing where n gives none."""
    if estimate.low is None or estimate.high is None:
        return ""
    if estimate.low == estimate.high:
        return "always the same"
    return f"{value_to_text(estimate.low, unit)} … {value_to_text(estimate.high, unit)}"


def predicted_text(metric: MeasuredMetric) -> str:
    """The centre that was predicted, or why none was."""
    if metric.prediction is None:
        return f"no: {metric.not_predicted}"
    return value_to_text(metric.prediction.value, metric.unit)


def foreseen_text(metric: MeasuredMetric) -> str:
    """Where nine of ten processes are expected."""
    if metric.prediction is None:
        return ""
    low, high = metric.prediction.low, metric.prediction.high
    return f"{value_to_text(low, metric.unit)} … {value_to_text(high, metric.unit)}"


def verdict_text(metric: MeasuredMetric) -> str:
    """Agrees, disagrees, inconclusive, or why there is none of these; nothing where nothing is predicted."""
    if metric.prediction is None:
        return ""
    if metric.comparison:
        return metric.comparison.verdict.value
    return (metric.no_ratio.reason if metric.no_ratio else Reason.NOTHING_MEASURED).value


def measured_text(metric: MeasuredMetric) -> str:
    """The centre of what was measured."""
    return value_to_text(metric.estimate.value, metric.unit) if metric.estimate else "none"


def n_text(metric: MeasuredMetric) -> str:
    """How many processes, and what their repetitions are worth as independent values."""
    worth = metric.correlation.effective_n if metric.correlation else None
    return str(metric.processes) if worth is None else f"{metric.processes} ~{worth:.0f}"


def _how_to_decide(metrics: Sequence[MeasuredMetric], outcomes: Sequence[Outcome]) -> str:
    wanted = [metric.comparison.more for metric in metrics if metric.comparison and metric.comparison.more]
    wanted += [outcome.more for outcome in outcomes if outcome.more]
    return (
        f" ({_range(min(wanted), max(wanted))} more replicates would decide {len(wanted)} of them)"
        if wanted
        else ""
    )


def _range(low: int, high: int) -> str:
    return f"{low}" if low == high else f"{low} to {high}"
