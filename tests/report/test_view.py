"""What a reader is told of a run, in words and rounded numbers."""

import io
from dataclasses import replace
from typing import Literal

from lab.model.outcome import CellSummary, MeasuredMetric
from lab.model.units import value_to_text
from lab.report.terminal import Page, show_run
from lab.report.view import failures, not_predicted, put_aside, rows
from lab.stats.estimate import centre
from lab.stats.process import Repetitions

_Unit = Literal["ns", "bytes", "count", "errno"]


def _metric(name: str, values: tuple[float, ...], unit: _Unit = "ns", why: str = "no twin") -> MeasuredMetric:
    return MeasuredMetric(
        name=name,
        unit=unit,
        statistic="p50",
        values=values,
        estimate=centre(Repetitions([(value,) for value in values]).only()),
        not_predicted=why,
    )


_CELLS = (
    CellSummary(
        id="touch",
        levels={"mode": "touch"},
        outcomes={"exit": 3},
        reasons={},
        metrics=(
            _metric("touch_ns", (1e6, 1.1e6, 1.2e6)),
            _metric("errno", (12.0, 12.0), "errno", "a policy"),
        ),
    ),
    CellSummary(
        id="heap [0]",
        levels={"mode": "heap"},
        outcomes={"exit": 1, "oom": 2},
        reasons={"oom": "killed at its memory limit"},
        metrics=(_metric("heap_ns", ()),),
    ),
)


def test_each_metric_is_a_row_and_each_cell_is_named_once() -> None:
    """Measured value, interval and n; beside them how the replicates ended and what was asked for."""
    shown = [(row.cell, row.metric, row.measured, row.interval, row.n) for row in rows(_CELLS)]

    assert shown == [
        ("touch", "touch_ns", "1.10 ms", "875 µs … 1.38 ms", "3"),
        ("3 exit", "errno", "ENOMEM", "always the same", "2"),
        ("mode touch", "", "", "", ""),
        ("heap [0]", "heap_ns", "none", "", "0"),
        ("1 exit, 2 oom", "", "", "", ""),
        ("mode heap", "", "", "", ""),
    ]
    assert [row.cell for row in rows(_CELLS) if row.failed] == ["1 exit, 2 oom"]


def test_what_should_not_have_happened_is_a_sentence() -> None:
    """Each unexpected ending, how often, and what the first of them said."""
    assert failures(_CELLS) == ("heap [0]: 2 of 3 replicates ended in oom: killed at its memory limit",)
    assert failures([replace(cell, expected=("exit", "oom")) for cell in _CELLS]) == ()


def test_reasons_without_a_prediction_are_counted() -> None:
    """A reason that many metrics share is said once."""
    assert not_predicted(_CELLS) == {"no twin": 2, "a policy": 1}


def test_values_are_shown_in_their_unit() -> None:
    """Bytes as bytes, durations as durations, an errno by its name."""
    texts = [
        value_to_text(1.5e6, "ns"),
        value_to_text(3 << 20, "bytes"),
        value_to_text(0, "errno"),
        value_to_text(7, "count"),
    ]

    assert texts == ["1.50 ms", "3.00 MiB", "0", "7"]


def test_a_cell_id_with_brackets_is_not_taken_for_markup() -> None:
    """What a scenario is called is data, not formatting."""
    out = io.StringIO()

    show_run(Page(title="a [title]", notes=("record: [x]",)), _CELLS, out)

    for text in ("heap [0]", "a [title]", "record: [x]", "not predicted: no twin (2 lines)", "1 exit, 2 oom"):
        assert text in out.getvalue()


def test_what_was_put_aside_is_counted_by_its_reason() -> None:
    """Over all cells, the most frequent first; a run without any says nothing."""
    first, *others = _CELLS
    cells = [
        replace(first, excluded={"steal": 1, "a stranger": 2}),
        *(replace(cell, excluded={"steal": 3}) for cell in others[:1]),
        *others[1:],
    ]
    total = sum(sum(cell.outcomes.values()) for cell in _CELLS)

    assert put_aside(_CELLS) == ()
    assert put_aside(cells) == (
        f"4 of {total} replicates put aside, in 2 cells: steal",
        f"2 of {total} replicates put aside, in 1 cell: a stranger",
    )
