"""How good the simulator is, in lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from lab.model.accuracy import Accuracy, Errors, Row
from lab.model.outcome import Estimate, Inconclusive
from lab.model.units import value_to_text
from lab.report.text import counted

_HEAD: Final = ("cell", "metric", "measured", "A/A", "predicted", "error", "90 % interval", "holds", "")


def accuracy_lines(found: Accuracy) -> Iterator[str]:
    """Every row, the sums, the failures, and what is missing."""
    yield from table([_HEAD, *map(row_cells, found.rows)])
    yield ""
    for each in found.sums:
        yield from sum_lines(each)
    yield from failure_lines(found)
    yield from missing_lines(found)


def row_cells(row: Row) -> tuple[str, ...]:
    """What a table shows of a row."""
    marks = [
        *(["two modes"] if row.bimodal else []),
        *([] if row.quiet else ["noisy"]),
        *(["FAILS"] if row.fails else []),
    ]
    return (
        row.cell,
        row.metric,
        value_to_text(row.measured, row.unit),
        f"{row.aa:.1%}",
        value_to_text(row.predicted, row.unit),
        f"{row.error:+.1%}" if not row.bimodal else f"{row.error:.1%}",
        f"{value_to_text(row.low, row.unit)} … {value_to_text(row.high, row.unit)}",
        f"{row.held:.0%}",
        ", ".join(marks),
    )


def sum_lines(found: Errors) -> Iterator[str]:
    """The sums of one set of programs, a line each."""
    yield (
        f"{found.kept}: {counted(found.rows, 'row')} of {counted(found.cells, 'cell')};"
        f" {found.quiet} differ from themselves by at most 3 % (A/A), and of these"
    )
    yield f"  median absolute error  {percent(found.median)} (target: at most 5 %)"
    yield f"  90th percentile        {percent(found.p90)} (target: at most 15 %)"
    yield (
        f"  noisier rows           {percent(found.noisy_covered)} have the mean of their processes in the interval for single ones"
        " (a right model's nearly always: not 90 %)"
    )
    yield f"  90 % intervals         hold {percent(found.held)} of the processes (target: 85 % to 95 %)"
    yield f"  skill                  {number(found.folk)} against the folk model (durations add up, no scheduler)"


def failure_lines(found: Accuracy) -> Iterator[str]:
    """Where the model fails, and why as far as that is known."""
    failed = found.failures
    yield f"{counted(len(failed), 'row')} of {len(found.rows)} fail{'s' * (len(failed) == 1)}" + (
        ":" if failed else ""
    )
    for row in failed:
        yield f"  {row.cell} {row.metric}: {row.error:+.1%}; {row.why}"


def missing_lines(found: Accuracy) -> Iterator[str]:
    """What could not be measured or was not predicted, and replicates that count for nothing."""
    for reason, cells in found.left_out.items():
        yield f"left out, {reason}: {counted(len(cells), 'cell')}: {', '.join(cells)}"
    for reason, rows in found.not_predicted.items():
        yield f"not predicted, {reason}: {counted(len(rows), 'row')}"
    for reason, rows in found.not_judged.items():
        yield f"not judged, {reason}: {counted(len(rows), 'row')}: {', '.join(rows)}"
    for ending, count in found.unexpected.items():
        yield f"{count} of {counted(found.replicates, 'replicate')} ended in {ending}"
    for why, count in found.excluded.items():
        yield f"{count} of {counted(found.replicates, 'replicate')} put aside: {why}"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns that stand below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def percent(found: Estimate | Inconclusive) -> str:
    """A share with its interval, or why there is none."""
    if isinstance(found, Inconclusive):
        return f"inconclusive ({found.why})"
    return f"{found.value:.1%} [{found.low:.1%} … {found.high:.1%}]"


def number(found: Estimate | Inconclusive) -> str:
    """A number with its interval, or why there is none."""
    if isinstance(found, Inconclusive):
        return f"inconclusive ({found.why})"
    return f"{found.value:.2f} [{found.low:.2f} … {found.high:.2f}]"
