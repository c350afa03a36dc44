"""What an instrument saw of a cell, and what it cost, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

from lab.model.looked import Course, Disturbance, Dumps, Line, Looked, SeenGroup
from lab.model.outcome import CellSummary
from lab.model.units import duration_to_text, value_to_text
from lab.report.sparkline import sparkline
from lab.report.text import counted

TITLES: Final = {
    "idleprocs": "idle Ps",
    "threads_traced": "threads",
    "spinningthreads": "threads that look for work",
    "runqueue": "global queue",
    "localqueues": "Ps' own queues",
    "longest_localqueue": "the longest of these",
    "goroutines_sampled": "goroutines",
    "wait_p50_ns": "runnable before it ran, median",
    "wait_p99_ns": "runnable before it ran, 99 %",
}
"""The time series that are shown, in their order."""
_GROUPS: Final = 6
"""Groups of goroutines that a terminal shows."""
_WIDTH: Final = max(map(len, TITLES.values()))


def looked_lines(cells: Sequence[CellSummary]) -> tuple[str, ...]:
    """What is said below a run's table of the cells that an instrument looks at."""
    return tuple(line for cell in cells if cell.looked for line in _cell_lines(cell.id, cell.looked))


def _cell_lines(cell: str, looked: Looked) -> Iterator[str]:
    if looked.course is not None:
        yield f"{cell}: {course_title(looked.course)}"
        for each in shown(looked.course):
            yield f"  {TITLES[each.name]:{_WIDTH}} {_strip(looked.course, each)} {ends(looked.course, each)}"
    elif looked.dumps is None:
        yield f"{cell}: no replicate wrote a line of its instrument"
    if looked.dumps is not None:
        yield f"{cell}: {dumps_title(looked.dumps)}"
        for line in dumps_lines(looked.dumps, most=_GROUPS):
            yield f"  {line}"
    yield from (f"  {line}" for line in (*unread_lines(looked), disturbance_line(looked)))


def _strip(course: Course, line: Line) -> str:
    at, values = counted_points(course, line)
    return sparkline(at, values, course.wall_ns, is_state=line.unit != "ns")


def shown(course: Course) -> tuple[Line, ...]:
    """The lines of a course that are shown, in the order of :data:`TITLES`."""
    by_name = {line.name: line for line in course.lines}
    return tuple(by_name[name] for name in TITLES if name in by_name)


def counted_points(course: Course, line: Line) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Instants and values of a line. A time to run is one only where something was counted since the sample before."""
    if line.unit != "ns":
        return line.at_ns, line.values
    waits = next((each.values for each in course.lines if each.name == "waits"), line.values)
    points = [
        (at, value) for at, value, count in zip(line.at_ns, line.values, waits, strict=True) if count > 0
    ]
    return tuple(at for at, _ in points), tuple(value for _, value in points)


def course_title(course: Course) -> str:
    """Whose course it is."""
    samples = max((line.count for line in course.lines), default=0)
    return (
        f"replicate {course.position}, {counted(samples, 'sample')} in {duration_to_text(course.wall_ns)}"
        f" (ended in {course.ending})"
    )


def ends(course: Course, line: Line) -> str:
    """Between what its values lie."""
    _, values = counted_points(course, line)
    if not values:
        return "none"
    low, high = (value_to_text(each, line.unit) for each in (min(values), max(values)))
    return low if low == high else f"{low} … {high}"


def dumps_title(dumps: Dumps) -> str:
    """How many replicates wrote a dump, and when they were asked."""
    when = f", asked {duration_to_text(dumps.asked_ns)} after their start (median)" if dumps.asked_ns else ""
    return f"{dumps.dumped} of {counted(dumps.replicates, 'replicate')} wrote a dump{when}"


def dumps_lines(dumps: Dumps, *, most: int) -> Iterator[str]:
    """What the dumps of a cell's replicates say together."""
    if dumps.early:
        yield f"{counted(dumps.early, 'replicate')} had ended before"
    if dumps.mute:
        yield f"{counted(dumps.mute, 'replicate')} asked, and wrote none: ended before the runtime answered, or catches the signal"
    if cut := dumps.dumped - dumps.whole:
        yield f"{counted(cut, 'dump')} {'is' if cut == 1 else 'are'} not kept whole, and not counted"
    own = [group for group in dumps.groups if not group.of_runtime]
    for group in own[:most]:
        yield _group(group, dumps.whole)
    if more := len(own) - len(own[:most]) + dumps.more_groups:
        yield f"and {counted(more, 'group')} more"
    if dumps.unread:
        yield f"{counted(dumps.unread, 'line')} of a dump not understood, the first: {dumps.first_unread.strip()}"


def _group(group: SeenGroup, dumps: int) -> str:
    count = f"{group.fewest}" if group.fewest == group.most else f"{group.fewest} to {group.most}"
    noun = "goroutine" if group.most == 1 else "goroutines"
    where = ""
    if group.at is not None:
        place = f" ({PurePosixPath(group.at.file).name}:{group.at.line})" if group.at.file else ""
        where = f" in {group.at.function}{place}"
    return f"{count} {noun} [{group.state}]{where}: in {group.dumps} of {counted(dumps, 'dump')}"


def unread_lines(looked: Looked) -> Iterator[str]:
    """What of the instrument's output is in a format that nobody knows."""
    for kind, count in looked.unread.items():
        first = f", the first: {looked.first_unread[kind]}" if kind in looked.first_unread else ""
        yield f"{counted(count, 'line')} of {kind} could not be read{first}; the others are used"


def disturbance_line(looked: Looked) -> str:
    """What the instrument costs, in a sentence."""
    if looked.undisturbed:
        return f"what it costs: {looked.undisturbed}"
    told = [f"{each.metric} {ratio_text(each)}" for each in looked.disturbances if each.ratio is not None]
    reasons: dict[str, list[str]] = {}
    for each in looked.disturbances:
        if each.ratio is None:
            reasons.setdefault(each.why, []).append(each.metric)
    told += [f"no ratio of {', '.join(names)} ({why})" for why, names in reasons.items()]
    return (
        f"what it costs, {looked.instrument} over {looked.plain} (90 % interval):"
        f" {'; '.join(told) or 'no metric is in both'}"
    )


def ratio_text(found: Disturbance) -> str:
    """A ratio with its interval, or why there is none."""
    if found.ratio is None:
        return f"no ratio ({found.why})"
    if found.ratio.low is None or found.ratio.high is None:
        return f"{found.ratio.value:.2f}"
    return f"{found.ratio.value:.2f} [{found.ratio.low:.2f} … {found.ratio.high:.2f}]"
