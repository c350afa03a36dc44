"""docs/accuracy.md and its picture: the same record, the same bytes."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from lab.model.accuracy import Accuracy, Errors, Row
from lab.model.units import duration_to_text
from lab.report.accuracy import missing_lines, number, percent, row_cells
from lab.report.text import counted

PICTURE: Final = "accuracy.svg"
RECORD: Final = "Record: "
"""The beginning of the line that names the record a page is made of."""
NONE_YET: Final = "none yet"

_HEAD: Final = """\
# How accurate the simulator is

Written by `golab validate --ring 2 --record NAME --docs docs` from a record; not to be edited by hand.

{record}{name}
"""
_EMPTY: Final = "\nNo validation has been recorded yet.\n"
_METHOD: Final = """
Each row is one metric of one cell: a program at a GOMAXPROCS, on one CPU or both, under a CPU quota or none. The real program was measured in
fresh processes, in randomised blocks; its simulated twin was run before, over resampled calibrations of the machine's primitives, and saw
none of these measurements. *Error* is predicted over measured, less 1. *A/A* is how far the two halves of the measurement (every other
process) are from each other: a row that differs from itself by more than 3 % is *noisy* and is judged by whether the 90 % prediction
interval holds the mean of its processes. That interval is made to hold single processes; their mean varies less, so a right model holds it
nearly always, and a noisy row that passes shows little. Where the processes of a row, or those simulated, have *two modes*, the error is how far the values of one distribution have
to be moved to become the other; so is A/A where the measured ones have. A quiet row *fails* if its error is more than 15 %.
"""
_WIDE: Final = 640
_HIGH: Final = 640
_EDGE: Final = 60
_KINDS: Final = {"development": "#1b6ca8", "held-out": "#c2571a"}
_OTHER: Final = "#666666"
_Place = Callable[[float], str]


def accuracy_page(
    found: Accuracy | None,
    record: str = NONE_YET,
    facts: Sequence[tuple[str, str]] = (),
    notes: Sequence[str] = (),
) -> str:
    """The page about a record called *record*; None where there is none. *facts* are of the machine."""
    head = _HEAD.format(record=RECORD, name=f"`{record}`" if found else record)
    if found is None:
        return head + _EMPTY
    return "\n".join([head + _METHOD, *_body(found, facts, notes)]) + "\n"


def _body(found: Accuracy, facts: Sequence[tuple[str, str]], notes: Sequence[str]) -> Iterator[str]:
    yield from _markdown(("the machine", ""), facts)
    yield from (f"* {note}" for note in notes)
    yield ""
    yield "## Over all rows"
    yield ""
    yield from _markdown(("", *(each.kept for each in found.sums)), _sums(found.sums))
    yield f"![Predicted against measured, a dot a row]({PICTURE})"
    yield ""
    yield "## By program"
    yield ""
    yield from _markdown(
        ("program", "set", "rows", "quiet", "median error", "largest error", "fail"),
        _by_program(found.rows),
    )
    yield "## Where it fails"
    yield ""
    if found.failures:
        yield from _markdown(
            ("cell", "metric", "measured", "A/A", "predicted", "error", "why"),
            [(*row_cells(row)[:6], row.why) for row in found.failures],
        )
    else:
        yield "Nowhere.\n"
    missing = list(missing_lines(found))
    if missing:
        yield "## What is missing"
        yield ""
        yield from (f"* {line}" for line in missing)
        yield ""
    yield "## Every row"
    yield ""
    yield from _markdown(
        ("cell", "metric", "measured", "A/A", "predicted", "error", "90 % interval", "holds", ""),
        [row_cells(row) for row in found.rows],
    )


def _sums(sums: Sequence[Errors]) -> Iterator[tuple[str, ...]]:
    yield "rows (cells)", *(f"{each.rows} ({each.cells})" for each in sums)
    yield "of these differ from themselves by at most 3 %", *(str(each.quiet) for each in sums)
    yield "their median absolute error (target: 5 %)", *(percent(each.median) for each in sums)
    yield "its 90th percentile (target: 15 %)", *(percent(each.p90) for each in sums)
    yield (
        "noisier rows whose mean is in the interval for single processes (a right model: nearly all)",
        *(percent(each.noisy_covered) for each in sums),
    )
    yield "processes that 90 % intervals hold (target: 85 % to 95 %)", *(percent(each.held) for each in sums)
    yield "skill against the folk model", *(number(each.folk) for each in sums)


def _by_program(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    for (kept, program), group in groupby(
        sorted(rows, key=lambda row: (row.kept, row.program)), key=lambda row: (row.kept, row.program)
    ):
        own = list(group)
        quiet = sorted(abs(row.error) for row in own if row.quiet)
        yield (
            program,
            kept,
            str(len(own)),
            str(len(quiet)),
            f"{statistics.median(quiet):.1%}" if quiet else "",
            f"{quiet[-1]:.1%}" if quiet else "",
            str(sum(row.fails for row in own)),
        )


def _markdown(head: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(text.replace('|', chr(92) + '|') for text in row)} |"
    yield ""


def accuracy_picture(found: Accuracy) -> str:
    """Predicted against measured on two logarithmic axes, a dot a row of a duration; between the lines the error is within 15 %."""
    rows = [row for row in found.rows if row.unit == "ns"]
    ends = [math.log10(value) for row in rows for value in (row.measured, row.predicted)] or [3.0, 9.0]
    low, high = math.floor(min(ends)), math.ceil(max(ends) + 1e-9)
    span = max(high - low, 1)

    def at(value: float) -> float:
        return (math.log10(value) - low) / span * (_WIDE - 2 * _EDGE)

    def across(value: float) -> str:
        return f"{_EDGE + at(value):.1f}"

    def upward(value: float) -> str:
        return f"{_HIGH - _EDGE - at(value):.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}" font-family="sans-serif" font-size="12">',
        f"<title>Predicted against measured, {counted(len(rows), 'row')}</title>",
        f'<rect width="{_WIDE}" height="{_HIGH}" fill="#ffffff"/>',
        *_grid(low, low + span, across, upward),
    ]
    first, last = 10.0**low, 10.0 ** (low + span)
    for factor, dash in ((1.0, ""), (1.15, ' stroke-dasharray="4 4"'), (1 / 1.15, ' stroke-dasharray="4 4"')):
        start, end = max(first, first / factor), min(last, last / factor)
        parts.append(
            f'<path d="M{across(start)} {upward(start * factor)}L{across(end)} {upward(end * factor)}" stroke="#333333" fill="none"{dash}/>'
        )
    for row in sorted(rows, key=lambda row: row.name):
        colour = _KINDS.get(row.kept, _OTHER)
        fill = colour if row.quiet else "#ffffff"
        parts.append(
            f'<circle cx="{across(row.measured)}" cy="{upward(row.predicted)}" r="3" fill="{fill}" stroke="{colour}"/>'
        )
    parts += [
        f'<text x="{_WIDE // 2}" y="{_HIGH - 12}" text-anchor="middle">measured</text>',
        f'<text x="16" y="{_HIGH // 2}" text-anchor="middle" transform="rotate(-90 16 {_HIGH // 2})">predicted</text>',
        *_legend(sorted({row.kept for row in rows}), _KINDS),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _grid(low: int, high: int, across: _Place, upward: _Place) -> Iterator[str]:
    for power in range(low, high + 1):
        value = 10.0**power
        text = duration_to_text(value)
        x, y = across(value), upward(value)
        yield f'<path d="M{x} {_EDGE}V{_HIGH - _EDGE}M{_EDGE} {y}H{_WIDE - _EDGE}" stroke="#dddddd" fill="none"/>'
        yield f'<text x="{x}" y="{_HIGH - _EDGE + 18}" text-anchor="middle">{text}</text>'
        yield f'<text x="{_EDGE - 6}" y="{float(y) + 4:.1f}" text-anchor="end">{text}</text>'


def _legend(kept: Sequence[str], colours: Mapping[str, str]) -> Iterator[str]:
    for place, name in enumerate([*kept, "noisy"]):
        y = _EDGE + 16 + 18 * place
        colour = colours.get(name, _OTHER)
        fill = "#ffffff" if name == "noisy" else colour
        yield f'<circle cx="{_EDGE + 14}" cy="{y - 4}" r="3" fill="{fill}" stroke="{colour}"/>'
        yield f'<text x="{_EDGE + 24}" y="{y}">{name}</text>'
