"""The table and the sentences that a person reads after a run."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TextIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from lab.model.outcome import CellSummary, Judged
from lab.model.quality import Quality
from lab.model.versus import Versus
from lab.report.bars import WIDTH, legend
from lab.report.claims import ClaimLines
from lab.report.dump import dumps
from lab.report.looked import looked_lines
from lab.report.quality import quality_lines
from lab.report.text import counted, printable
from lab.report.versus import (
    alone,
    explored,
    lastings,
    other_shapes,
    prediction_skill,
    shifts,
    versus_conclusion,
    versus_rows,
)
from lab.report.view import (
    Row,
    cautions,
    conclusion,
    effective_n,
    failures,
    is_predicted,
    measured_claims,
    not_predicted,
    outcome_words,
    put_aside,
    rows,
)

_STYLES: Final = {"agrees": "green", "disagrees": "red", "inconclusive": "yellow"}
_CLAIM_STYLES: Final = {"supported": "green", "refuted": "red", "depends": "magenta", "not decided": "yellow"}
_PIPE_WIDTH: Final = 170
"""Columns where nobody says how wide the page is: a pipe, a file."""
_CLAIMS_WIDTH: Final = 130
"""The same for claims, which are sentences."""
_ID_WIDTH: Final = 6
_INDENT: Final = 24
"""Columns for a claim's id and verdict, beside which its sentences stand."""
_LEAST_ROOM: Final = 20
_WIDE: Final = 150
"""Columns from which on a measured value's interval and n have room beside the verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What stands around the table: titles above, claims and notes below."""

    title: str
    claims: Sequence[Judged] = ()
    notes: Sequence[str] = ()
    quality: Quality | None = None


def show_run(page: Page, cells: Sequence[CellSummary], file: TextIO) -> None:
    """Print the table of a run, how the predictions did if there are any, what is not predicted and why, the claims, what went wrong."""
    console = _console(file)
    is_wide = console.width >= _WIDE
    console.print(_measured_table(page.title, cells, is_wide=is_wide))
    console.print(f"{conclusion(cells)}.", style="bold", markup=False)
    strips = legend(predicted=is_predicted(cells))
    for how in filter(None, (strips, effective_n(cells) if is_wide else "")):
        console.print(how, markup=False, style="dim")
    for number, line in enumerate(quality_lines(page.quality) if page.quality else ()):
        console.print(f"how good the predictions are, {line}" if number == 0 else f"  {line}", markup=False)
    _show_reasons(console, cells, numbered=is_predicted(cells))
    claims, other_claims = measured_claims(page.claims)
    for claim in claims:
        console.print(
            Text.assemble("claim ", (claim.id, "bold"), ": ", (claim.verdict.value, "bold"), f": {claim.why}")
        )
    if other_claims:
        console.print(other_claims, markup=False, style="dim")
    for wrong in (*outcome_words(cells), *failures(cells)):
        console.print(wrong, markup=False, style="red")
    for line in (*dumps(cells), *looked_lines(cells)):
        console.print(printable(line), markup=False)
    for aside in put_aside(cells):
        console.print(aside, markup=False, style="yellow")
    for caution in cautions(cells):
        console.print(f"caution: {caution}", markup=False, style="yellow")
    for note in page.notes:
        console.print(note, markup=False)


def _measured_table(title: str, cells: Sequence[CellSummary], *, is_wide: bool) -> Table:
    """What was measured, and beside it what was predicted, if anything was."""
    reasons = list(not_predicted(cells))
    is_foretold = is_predicted(cells)
    measured = ("measured", "95 % interval", "n") if is_wide else ("measured",)
    table = _table(title, (*measured, *(("predicted", "measured/predicted") if is_foretold else ())))
    table.add_column("distribution", no_wrap=True, min_width=WIDTH)
    if is_foretold:
        table.add_column("verdict")
    _fill(
        table,
        rows(cells),
        lambda row: (
            *((row.measured, row.interval, row.n) if is_wide else (row.measured,)),
            *((_footnote(row.predicted, reasons), row.ratio) if is_foretold else ()),
            row.distribution,
            *((Text(row.verdict, style=_STYLES.get(row.verdict, "")),) if is_foretold else ()),
        ),
    )
    return table


def show_prediction(page: Page, cells: Sequence[CellSummary], file: TextIO) -> None:
    """Print what is predicted of cells that nobody has measured."""
    console = _console(file)
    reasons = list(not_predicted(cells))
    table = _table(page.title, ("predicted", "90 % of processes"))
    _fill(table, rows(cells), lambda row: (_footnote(row.predicted, reasons), row.foreseen))
    console.print(table)
    _show_reasons(console, cells)
    for note in page.notes:
        console.print(note, markup=False)


def show_versus(found: Versus, file: TextIO, *, warning: str = "") -> None:
    """Print what differs in the set-ups of two runs, then their metrics side by side; *warning* stands above all."""
    console = _console(file)
    if warning:
        console.print(f"these runs are compared by --force: {warning}", style="bold red", markup=False)
    setups = Table(header_style="bold", pad_edge=False)
    for column in ("fact", "old", "new"):
        setups.add_column(column, overflow="fold")
    for each in found.differences:
        setups.add_row(escape(each.fact), escape(each.old), escape(each.new))
    console.print(f"set-up: {found.old} → {found.new}", markup=False)
    console.print(setups if found.differences else "the set-ups do not differ")
    table = _table("new over old; intervals of the values 95 %, of the ratio 90 %", ("old", "new", "new/old"))
    for column in ("p (Holm)", "verdict"):
        table.add_column(column)
    shown = list(versus_rows(found))
    for row, following in itertools.zip_longest(shown, shown[1:]):
        table.add_row(
            Text(row.cell, style="bold"),
            row.metric,
            row.old,
            row.new,
            row.ratio,
            row.differs,
            Text(row.verdict, style=_STYLES.get(row.verdict, "")),
            end_section=following is None or following.is_first,
        )
    console.print(table)
    console.print(f"{versus_conclusion(found)}.", style="bold", markup=False)
    console.print(prediction_skill(found), markup=False)
    for sentence in other_shapes(found):
        console.print(sentence, markup=False)
    for sentence in (*lastings(found), *filter(None, (explored(found),))):
        console.print(sentence, markup=False)
    for sentence in shifts(found):
        console.print(sentence, style="red", markup=False)
    for sentence in alone(found):
        console.print(sentence, markup=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPage:
    """Claims by section (title and lines), what the runs are that they rest on, and how many there are of each verdict."""

    sections: Sequence[tuple[str, Sequence[ClaimLines]]]
    notes: Sequence[str]
    warnings: Sequence[str]
    summary: str


def show_claims(page: ClaimPage, file: TextIO) -> None:
    """Print every claim with its verdict, section by section, then the runs that they rest on, then the count."""
    console = _console(file, pipe=_CLAIMS_WIDTH)
    for title, claims in page.sections:
        console.print(Text(printable(title), style="bold underline"))
        for claim in claims:
            _show_claim(console, claim)
        console.print()
    for note in page.notes:
        console.print(printable(note), markup=False, soft_wrap=True)
    for warning in page.warnings:
        console.print(printable(warning), style="yellow", markup=False, soft_wrap=True)
    console.print(f"{page.summary}.", style="bold", markup=False)


def _show_claim(console: Console, claim: ClaimLines) -> None:
    """Id and verdict, and beside them the statement and what stands below it."""
    room = min(console.width, _CLAIMS_WIDTH) - _INDENT
    head = Text.assemble(
        (claim.id.ljust(_ID_WIDTH), "bold"),
        (claim.verdict.ljust(_INDENT - _ID_WIDTH), _CLAIM_STYLES.get(claim.verdict, "dim")),
    )
    for line in _wrapped(claim.statement, room):
        console.print(Text.assemble(head, line), soft_wrap=True)
        head = Text(" " * _INDENT)
    for below in claim.below:
        for number, line in enumerate(_wrapped(below, room - 2)):
            console.print(Text(" " * (_INDENT + 2 * (number > 0)) + line, style="dim"), soft_wrap=True)
    if claim.command:  # in one line, so that it can be copied
        console.print(Text(" " * _INDENT + printable(claim.command), style="dim"), soft_wrap=True)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        printable(text), max(width, _LEAST_ROOM), break_on_hyphens=False, break_long_words=False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRun:
    """One line of the list of runs, in words."""

    run: str
    measured: str
    told: str
    is_problem: bool


def show_runs(runs: Sequence[ListedRun], file: TextIO) -> None:
    """Print the runs, the oldest first."""
    console = _console(file)
    table = Table(header_style="bold", pad_edge=False)
    for column in ("run", "measured", "predictions"):
        table.add_column(column, overflow="fold")
    for run in runs:
        table.add_row(
            escape(run.run), escape(run.measured), Text(run.told, style="red" if run.is_problem else "")
        )
    console.print(table)


def _console(file: TextIO, *, pipe: int = _PIPE_WIDTH) -> Console:
    return Console(file=file, width=None if file.isatty() else pipe, highlight=False)


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=escape(title), title_justify="left", header_style="bold", pad_edge=False)
    table.add_column("cell", overflow="fold")
    table.add_column("metric", overflow="fold")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _fill(table: Table, shown: Sequence[Row], values: Callable[[Row], Sequence[str | Text]]) -> None:
    for row, following in itertools.zip_longest(shown, shown[1:]):
        last = following is None or following.is_first
        table.add_row(_cell(row), row.metric, *values(row), end_section=last)


def _show_reasons(console: Console, cells: Sequence[CellSummary], *, numbered: bool = True) -> None:
    """Why what is not predicted is not; *numbered* as the table's lines have it, which a table without predictions does not."""
    for number, (reason, count) in enumerate(not_predicted(cells).items(), start=1):
        head = f"no[{number}]" if numbered else "not predicted"
        console.print(f"{head}: {reason} ({counted(count, 'line')})", markup=False)


def _cell(row: Row) -> Text:
    return Text(row.cell, style="bold" if row.is_first else "red" if row.failed else "dim")


def _footnote(predicted: str, reasons: Sequence[str]) -> str:
    """``no[2]`` instead of a sentence in each row; the sentences stand below the table."""
    if not predicted.startswith("no: "):
        return predicted
    return escape(f"no[{reasons.index(predicted.removeprefix('no: ')) + 1}]")
