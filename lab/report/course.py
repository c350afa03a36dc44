"""What an instrument saw of a cell on the page: small pictures over the time of one process, sentences, and a table of what it cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lab.model.looked import Course, Line, Looked
from lab.report.looked import (
    TITLES,
    counted_points,
    course_title,
    disturbance_line,
    dumps_lines,
    dumps_title,
    ends,
    ratio_text,
    shown,
    unread_lines,
)
from lab.report.metric import Figure
from lab.report.svg import Series, Words, moments, states
from lab.report.text import counted
from lab.report.view import metric_name

_PANELS: Final = (
    ("idleprocs",),
    ("threads_traced", "spinningthreads"),
    ("runqueue", "localqueues"),
    ("goroutines_sampled",),
    ("wait_p99_ns", "wait_p50_ns"),
)
"""The time series of each picture."""
_LABELS: Final = {"spinningthreads": "looking for work", "wait_p99_ns": "99 %", "wait_p50_ns": "median"}
"""What stands in a picture where a title has no room."""
_CAPTIONS: Final = {
    "idleprocs": "Ps without work, at each line of schedtrace",
    "threads_traced": "threads (Ms), and dashed those that look for work",
    "runqueue": "runnable goroutines: in the queue of all, and dashed in the Ps' own queues together",
    "goroutines_sampled": "goroutines, at each sample",
    "wait_p99_ns": "how long goroutines were runnable before they ran, between one sample and the next: 99 % and, small, the median (upper ends of buckets)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """One metric with the instrument over the same without it."""

    name: str
    ratio: str
    n: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedView:
    """What an instrument saw of a cell: a title, pictures, a line each, and what that cost."""

    title: str
    figures: tuple[Figure, ...]
    lines: tuple[str, ...]
    cost: str
    costs: tuple[CostRow, ...]


def looked_view(cell: str, looked: Looked) -> LookedView:
    """What the page shows of *looked*."""
    course, dumps = looked.course, looked.dumps
    if dumps is not None:
        title = f"What its dumps say: {dumps_title(dumps)}"
    else:
        title = (
            f"What it was like: {course_title(course)}"
            if course
            else "No replicate wrote a line of its instrument"
        )
    files = (
        (f"the texts are {', '.join(dumps.files)} in the record's folder",) if dumps and dumps.files else ()
    )
    lines = (*dumps_lines(dumps, most=len(dumps.groups)), *files) if dumps else ()
    against = f"What it costs: {looked.instrument} over {looked.plain}, with 90 % intervals"
    return LookedView(
        title=title,
        figures=tuple(_figures(cell, course)) if course else (),
        lines=(*lines, *unread_lines(looked)),
        cost=against if looked.disturbances else disturbance_line(looked),
        costs=tuple(
            CostRow(
                name=metric_name(each.metric, each.statistic),
                ratio=ratio_text(each),
                n=f"{each.n_with} over {each.n_plain}",
            )
            for each in looked.disturbances
        ),
    )


def _figures(cell: str, course: Course) -> Iterator[Figure]:
    by_name = {line.name: line for line in shown(course)}
    for names in _PANELS:
        lines = [by_name[name] for name in names if name in by_name]
        if not lines:
            continue
        words = Words(
            title=f"{' and '.join(TITLES[line.name] for line in lines)} of {cell} over the time of one process",
            content="; ".join(_line_words(course, line) for line in lines),
        )
        series = [
            Series(_LABELS.get(line.name, TITLES[line.name]), *counted_points(course, line)) for line in lines
        ]
        draw = moments if lines[0].unit == "ns" else states
        yield Figure(picture=draw(words, series, course.wall_ns), caption=_CAPTIONS[lines[0].name])


def _line_words(course: Course, line: Line) -> str:
    """What a picture says of one line: its ends, its first and last value, how much of it is drawn."""
    _, values = counted_points(course, line)
    between = f"{TITLES[line.name]}: {ends(course, line)}"
    if not values:
        return between
    drawn = "" if len(line.values) == line.count else f", {len(line.values)} drawn"
    return f"{between}, {counted(line.count, 'sample')}{drawn}"
