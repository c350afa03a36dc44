"""The table and the sentences that a person reads after a run."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from lab.model.outcome import CellSummary
from lab.report.view import Row, failures, not_predicted, rows

_PIPE_WIDTH = 120
"""Columns where nobody says how wide the page is: a pipe, a file."""


def show_run(
    title: str, cells: Sequence[CellSummary], *, expected: Sequence[str], notes: Sequence[str], file: TextIO
) -> None:
    """Print the table of a run, what went wrong, and what is not predicted and why."""
    console = Console(file=file, width=None if file.isatty() else _PIPE_WIDTH, highlight=False)
    reasons = not_predicted(cells)
    table = Table(title=escape(title), title_justify="left", header_style="bold", pad_edge=False)
    table.add_column("cell", overflow="fold")
    table.add_column("metric", overflow="fold")
    table.add_column("measured", justify="right")
    table.add_column("95 % interval", justify="right")
    table.add_column("n", justify="right")
    table.add_column("predicted")
    shown = rows(cells, expected)
    for row, following in itertools.zip_longest(shown, shown[1:]):
        table.add_row(
            _cell(row),
            row.metric,
            row.measured,
            row.interval,
            row.n,
            _footnote(row.predicted, list(reasons)),
            end_section=following is None or following.is_first,
        )
    console.print(table)
    for number, (reason, count) in enumerate(reasons.items(), start=1):
        console.print(f"no[{number}]: {reason} ({count} metric{'s' * (count > 1)})", markup=False)
    for failure in failures(cells, expected):
        console.print(failure, markup=False, style="red")
    for note in notes:
        console.print(note, markup=False)


def _cell(row: Row) -> Text:
    return Text(row.cell, style="bold" if row.is_first else "red" if row.failed else "dim")


def _footnote(predicted: str, reasons: Sequence[str]) -> str:
    """``no[2]`` instead of a sentence in each row; the sentences stand below the table."""
    return escape(f"no[{reasons.index(predicted.removeprefix('no: ')) + 1}]") if predicted else ""
