"""Two runs side by side, in words and rounded numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lab.model.outcome import Estimate, Inconclusive, Verdict
from lab.model.units import value_to_text
from lab.model.versus import PairedCell, PairedMetric, Versus
from lab.report.quality import skill_text
from lab.report.view import estimate_interval, metric_name, ratio_text

_TOLD = 0.05
"""Below which corrected p-value another shape is told."""


@dataclass(frozen=True, slots=True)
class VersusRow:
    """One metric of one pair of cells, as text."""

    cell: str
    is_first: bool
    metric: str
    old: str
    new: str
    ratio: str
    differs: str
    verdict: str


def versus_rows(found: Versus) -> Iterator[VersusRow]:
    """The rows of the table, cell by cell."""
    for cell in found.cells:
        for number, metric in enumerate(cell.metrics):
            yield _row(cell, metric, is_first=number == 0)


def versus_conclusion(found: Versus) -> str:
    """What is different, in a sentence."""
    verdicts = [metric.verdict for cell in found.cells for metric in cell.metrics]
    counts = {verdict: verdicts.count(verdict) for verdict in Verdict}
    parts = [f"{counts[Verdict.AGREES]} of {len(verdicts)} metrics are alike within their margins"]
    if counts[Verdict.DISAGREES]:
        parts.append(f"{counts[Verdict.DISAGREES]} differ")
    if counts[Verdict.INCONCLUSIVE]:
        are = "is" if counts[Verdict.INCONCLUSIVE] == 1 else "are"
        parts.append(f"{counts[Verdict.INCONCLUSIVE]} {are} not decided{_how_to_decide(found)}")
    return "; ".join(parts)


def shifts(found: Versus) -> Iterator[str]:
    """One sentence for each ending whose share differs."""
    for cell in found.cells:
        for shift in cell.shifts:
            yield (
                f"{cell.old}: {shift.ending} was the end of {shift.old} of {shift.of_old} replicates,"
                f" now of {shift.new} of {shift.of_new} (p = {shift.p:.2g})"
            )


def other_shapes(found: Versus) -> Iterator[str]:
    """One sentence for each metric whose centre is not told to differ, but whose processes are distributed otherwise."""
    for cell in found.cells:
        for metric in cell.metrics:
            p, shape = metric.shape_holm_p, metric.shape
            if shape is not None and p is not None and p < _TOLD and metric.verdict is not Verdict.DISAGREES:
                yield (
                    f"{cell.old}, {metric.name}: its processes are distributed otherwise (by {shape.wasserstein:.0%} on"
                    f" average; p = {p:.2g} by permuting processes, Holm)"
                )


def lastings(found: Versus) -> Iterator[str]:
    """One sentence for each cell in which replicates timed out: whether they take equally long."""
    for cell in found.cells:
        if each := cell.lasting:
            told = (
                each.p.why if isinstance(each.p, Inconclusive) else f"p = {each.p:.2g} by the log-rank test"
            )
            yield (
                f"{cell.old}: {each.timed_out_old} of {each.of_old} replicates timed out, now"
                f" {each.timed_out_new} of {each.of_new}; that both take equally long: {told}"
            )


def explored(found: Versus) -> str:
    """Which metrics may differ, beyond those that surely do: a list to look into, not a verdict; empty without any."""
    names = [
        f"{cell.old}/{metric.name}"
        for cell in found.cells
        for metric in cell.metrics
        if metric.explored_p is not None
        and metric.holm_p is not None
        and metric.explored_p <= _TOLD < metric.holm_p
    ]
    if not names:
        return ""
    return f"worth a look (Benjamini and Hochberg: 1 in 20 of such lists' entries differs by chance): {', '.join(names)}"


def prediction_skill(found: Versus) -> str:
    """Whether the prediction of the new run was worth more than the old run's measurement, in a sentence."""
    return f"skill of the new run's prediction against the old run's measurement: {skill_text(found.skill)}"


def alone(found: Versus) -> Iterator[str]:
    """Cells that only one of the runs has."""
    for run, cells in ((found.old, found.only_old), (found.new, found.only_new)):
        if cells:
            yield f"only in {run}: {', '.join(cells)}"


def _row(cell: PairedCell, metric: PairedMetric, *, is_first: bool) -> VersusRow:
    name = cell.old if cell.old == cell.new else f"{cell.old} / {cell.new}"
    found = metric.found
    return VersusRow(
        cell=name if is_first else "",
        is_first=is_first,
        metric=metric_name(metric.name, metric.statistic),
        old=_told(metric.old, metric.unit),
        new=_told(metric.new, metric.unit),
        ratio="" if isinstance(found, Inconclusive) else ratio_text(found.comparison),
        differs="" if metric.holm_p is None else f"{metric.holm_p:.2g}",
        verdict=_verdict(metric),
    )


def _verdict(metric: PairedMetric) -> str:
    if isinstance(metric.found, Inconclusive) and metric.verdict is Verdict.INCONCLUSIVE:
        return metric.found.reason.value
    return metric.verdict.value


def _told(estimate: Estimate | None, unit: str) -> str:
    if estimate is None:
        return "none"
    interval = estimate_interval(estimate, unit)
    return f"{value_to_text(estimate.value, unit)}{f' [{interval}]' if interval else ''}"


def _how_to_decide(found: Versus) -> str:
    wanted = [
        metric.found.comparison.more
        for cell in found.cells
        for metric in cell.metrics
        if not isinstance(metric.found, Inconclusive) and metric.found.comparison.more
    ]
    if not wanted:
        return ""
    return f" ({min(wanted)} to {max(wanted)} more replicates of each run would decide {len(wanted)} of them)"
