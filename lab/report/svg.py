"""Pictures as inline SVG: small functions from numbers to markup, each with its content in words.

Nothing here has a style of its own: classes are given colours by ``page.css``, so that a strict policy holds and the
dark scheme needs no second picture. Coordinates are whole numbers and dots are one path, which keeps a page with
eight hundred pictures small. All text goes through :func:`_text`.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from lab.model.outcome import Comparison, Estimate, Prediction
from lab.report.axis import Axis, around_one, axis_for, marks, ratio_marks
from lab.report.text import printable

WIDTH: Final = 400
_LEFT, _RIGHT = 6, 394
_DOT: Final = 6
"""The width of a dot, and how far the dots of one place are apart."""
MOST_DOTS: Final = 250
"""In one picture; of more, every second, third … is drawn, which the words say."""
_TIME_LEFT: Final = 60
"""Where time begins: at its left values have room."""
_MINI_WIDTH, _MINI_HEIGHT = 110, 20
_SWARM: Final = 18
"""How far from their line dots of one place may be moved."""

_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class Picture:
    """Markup that needs no escaping any more; templates take it as it is by its ``__html__``."""

    markup: str

    def __html__(self) -> str:
        """The markup."""
        return self.markup


@dataclass(frozen=True, slots=True)
class Words:
    """What a picture is, and what it says."""

    title: str
    content: str


@dataclass(frozen=True, slots=True)
class ForestLine:
    """One ratio of a forest plot."""

    label: str
    comparison: Comparison


def distribution(
    words: Words, values: Sequence[float], estimate: Estimate | None, prediction: Prediction | None, unit: str
) -> Picture:
    """One dot a measured process, above the predicted ones, on one axis; the predicted range lies behind both."""
    foreseen = (prediction.low, prediction.value, prediction.high) if prediction else ()
    simulated = prediction.values if prediction else ()
    interval = _interval(estimate)
    axis = axis_for([*values, *foreseen, *simulated, *interval], _LEFT, _RIGHT)
    foot = 98 if prediction else 64
    parts = [*_marked(axis, unit, foot)]
    if prediction:
        low, centre, high = (axis.at(value) for value in foreseen)
        parts += [
            f'<rect class="b" x="{low}" y="16" width="{max(high - low, 2)}" height="{foot - 16}"/>',
            f'<path class="c" d="M{centre} 16V{foot}"/>',
            _label(_LEFT, 74, "predicted", "p"),
            _dots("s", _swarm(thinned(simulated), axis, 88, most=8)),
        ]
    parts += [
        _label(_LEFT, 12, "measured" if values else "nothing measured"),
        _dots("m", _swarm(thinned(values), axis, 36, most=_SWARM)),
        *_centre(estimate, axis, 58),
    ]
    return _picture(words, WIDTH, foot + 18, parts)


def drift(words: Words, points: Sequence[tuple[int, float]], centre: float, turns: int, unit: str) -> Picture:
    """Each process's value against its position in the run: over the *centre* where all are positive, else as it is."""
    is_ratio = centre > 0 and all(value > 0 for _, value in points)
    shown = [(position, value / centre if is_ratio else value) for position, value in points]
    across = Axis(0, max(turns - 1, 1), 46, _RIGHT, is_log=False)
    if is_ratio:
        upward = around_one((value for _, value in shown), 98, 22, least=1.12, most=1000)
        ticks = ratio_marks(upward, 15)
    else:
        upward = axis_for([value for _, value in shown], 98, 22)
        ticks = marks(upward, unit)
    middle = upward.at(1 if is_ratio else centre)
    grid = "".join(f"M42 {y}H{WIDTH}" for y, _ in ticks)
    parts = [
        f'<path class="g" d="{grid}"/>',
        *(_label(38, y + 4, text, "e") for y, text in ticks),
        f'<path class="c" d="M42 {middle}H{WIDTH}"/>',
        _dots("m", ((across.at(position), upward.at(value)) for position, value in thinned(shown))),
        _label(46, 12, "over the centre" if is_ratio else "value"),
        _label(46, 112, "turn 1"),
        _label(_RIGHT, 112, f"turn {turns}", "e"),
    ]
    return _picture(words, WIDTH, 116, parts)


def forest(words: Words, lines: Sequence[ForestLine]) -> Picture:
    """A line a ratio, with its interval and its margin's band, on one logarithmic axis."""
    axis = around_one(_ends(line.comparison for line in lines), _LEFT, _RIGHT, least=1.3, most=8)
    foot = 34 * len(lines) + 4
    one = axis.at(1)
    parts = [*_ratio_marked(axis, foot)]
    for number, line in enumerate(lines):
        top = 34 * number
        parts += [
            _band(axis, line.comparison, top + 16, 16),
            _label(_LEFT, top + 12, line.label),
            _whisker(axis, line.comparison, top + 24),
        ]
    return _picture(words, WIDTH, foot + 18, [*parts, f'<path class="c" d="M{one} 14V{foot}"/>'])


@dataclass(frozen=True, slots=True)
class Series:
    """A time series to be drawn: instants in ns, and values."""

    label: str
    at_ns: Sequence[int]
    values: Sequence[int]


def states(words: Words, series: Sequence[Series], end_ns: int) -> Picture:
    """What counts were, from 0 to *end_ns*: each lasts until the next is known. At most two series, the second one dashed."""
    most = max((value for each in series for value in each.values), default=0)
    across, upward = _over_time(end_ns), Axis(0, max(most, 1), 98, 22, is_log=False)
    paths = [
        f'<path class="{kind}" d="{_stairs(each, across, upward)}"/>'
        for kind, each in zip(("w", "o"), series, strict=False)
        if each.values
    ]
    labels = [
        _label(_TIME_LEFT + 170 * number, 12, each.label, "p" if number else "")
        for number, each in enumerate(series)
    ]
    ticks = tuple(tick for tick in marks(upward, "count") if tick[1].replace(",", "").isdecimal())
    return _picture(words, WIDTH, 116, [*_timed(across, ticks), *paths, *labels])


def moments(words: Words, series: Sequence[Series], end_ns: int) -> Picture:
    """What times were, on a logarithmic axis, from 0 to *end_ns*: a large dot for each of the first series, a small one of the second."""
    values = [value for each in series for value in each.values]
    across = _over_time(end_ns)
    upward = axis_for(values or [1.0], 98, 22)
    parts = [
        _dots(
            kind,
            ((across.at(at), upward.at(value)) for at, value in zip(each.at_ns, each.values, strict=True)),
        )
        for kind, each in zip(("m", "s"), series, strict=False)
    ]
    labels = [
        _label(_TIME_LEFT + 170 * number, 12, each.label, "p" if number else "")
        for number, each in enumerate(series)
    ]
    return _picture(words, WIDTH, 116, [*_timed(across, marks(upward, "ns")), *parts, *labels])


def _over_time(end_ns: int) -> Axis:
    return Axis(0, max(end_ns, 1), _TIME_LEFT, _RIGHT, is_log=False)


def _timed(across: Axis, ticks: Sequence[tuple[int, str]]) -> Iterator[str]:
    """The grid of a picture over time: *ticks* at its left, instants below."""
    grid = "".join(f"M{_TIME_LEFT - 4} {y}H{WIDTH}" for y, _ in ticks)
    yield f'<path class="g" d="{grid}"/>'
    yield from (_label(_TIME_LEFT - 8, y + 4, text, "e") for y, text in ticks)
    for x, text in marks(across, "ns"):
        room = 4 * len(text)
        yield _label(min(max(x, room), WIDTH - room), 113, text, "k")


def _stairs(series: Series, across: Axis, upward: Axis) -> str:
    """A line that stays where it is until the next value; what would not move it is left out."""
    x, y = across.at(series.at_ns[0]), upward.at(series.values[0])
    path = [f"M{x} {y}"]
    for at, value in zip(series.at_ns[1:], series.values[1:], strict=True):
        if (height := upward.at(value)) != y:
            path.append(f"H{across.at(at)}V{height}")
            y = height
    return f"{''.join(path)}H{across.end}"


def ratio_axis(comparisons: Iterable[Comparison]) -> Axis:
    """The axis that all small pictures of a table share."""
    found = tuple(comparisons)
    widest = max((1.25 * (1 + comparison.margin) for comparison in found), default=1.0)
    return around_one(_ends(found), 4, _MINI_WIDTH - 4, least=1.3, most=max(widest, 1.6))


def small_ratio(words: Words, comparison: Comparison, axis: Axis) -> Picture:
    """One line of a forest plot, for a row of a table."""
    one = axis.at(1)
    parts = [
        _band(axis, comparison, 1, _MINI_HEIGHT - 2),
        f'<path class="c" d="M{one} 0V{_MINI_HEIGHT}"/>',
        _whisker(axis, comparison, _MINI_HEIGHT // 2),
    ]
    return _picture(words, _MINI_WIDTH, _MINI_HEIGHT, parts)


def thinned(values: Sequence[_Kind]) -> Sequence[_Kind]:
    """What is drawn of *values*: all, or every so many that no more than :data:`MOST_DOTS` are left."""
    return values[:: -(-len(values) // MOST_DOTS) or 1]


def _picture(words: Words, width: int, height: int, parts: Iterable[str]) -> Picture:
    return Picture(
        f'<svg viewBox="0 0 {width} {height}" role="img"><title>{_text(words.title)}</title>'
        f"<desc>{_text(words.content)}</desc>{''.join(parts)}</svg>"
    )


def _text(text: str) -> str:
    return html.escape(printable(text))


def _label(x: int, y: int, text: str, kind: str = "") -> str:
    return f'<text x="{x}" y="{y}"{f" class={chr(34)}{kind}{chr(34)}" if kind else ""}>{_text(text)}</text>'


def _dots(kind: str, places: Iterable[tuple[int, int]]) -> str:
    """Lines of no length with round ends: a dot is nine characters."""
    path = "".join(f"M{x} {y}h0" for x, y in places)
    return f'<path class="{kind}" d="{path}"/>' if path else ""


def _swarm(values: Sequence[float], axis: Axis, line: int, *, most: int) -> Iterator[tuple[int, int]]:
    """Dots that would cover each other are moved off their line, up and down in turn."""
    taken: Counter[int] = Counter()
    places = sorted(axis.at(value) for value in values)
    crowds = Counter(place // _DOT for place in places)
    step = min(float(_DOT), 2 * most / max(max(crowds.values(), default=1) - 1, 1))
    for place in places:
        number = taken[place // _DOT]
        taken[place // _DOT] += 1
        offset = (number + 1) // 2 * (1 if number % 2 else -1) * step
        yield place, round(line + offset)


def _interval(estimate: Estimate | None) -> tuple[float, ...]:
    if estimate is None or estimate.low is None or estimate.high is None:
        return ()
    return (estimate.low, estimate.high)


def _centre(estimate: Estimate | None, axis: Axis, y: int) -> Iterator[str]:
    """The measured centre with its interval."""
    if estimate is None:
        return
    middle = axis.at(estimate.value)
    if ends := _interval(estimate):
        low, high = (axis.at(end) for end in ends)
        yield f'<path class="w" d="M{low} {y}H{high}"/>'
    yield f'<path class="d" d="M{middle} {y - 5}l5 5-5 5-5-5z"/>'


def _marked(axis: Axis, unit: str, foot: int) -> Iterator[str]:
    return _scale(marks(axis, unit), foot)


def _ratio_marked(axis: Axis, foot: int) -> Iterator[str]:
    return _scale(ratio_marks(axis, 40), foot)


def _scale(ticks: Sequence[tuple[int, str]], foot: int) -> Iterator[str]:
    lines = "".join(f"M{x} 14V{foot}" for x, _ in ticks)
    yield f'<path class="g" d="{lines}M{_LEFT} {foot}H{_RIGHT}"/>'
    for x, text in ticks:
        room = 4 * len(text)
        yield _label(min(max(x, room), WIDTH - room), foot + 14, text, "k")


def _band(axis: Axis, comparison: Comparison, y: int, height: int) -> str:
    low, high = (axis.at(ratio) for ratio in band(comparison))
    return f'<rect class="n" x="{low}" y="{y}" width="{high - low}" height="{height}"/>'


def band(comparison: Comparison) -> tuple[float, float]:
    """The ratios within the margin: 0.15 is 1/1.15 to 1.15."""
    return 1 / (1 + comparison.margin), 1 + comparison.margin


def _whisker(axis: Axis, comparison: Comparison, y: int) -> str:
    """The interval with its ends, an arrow where it goes on beyond the axis, and the ratio."""
    kind = comparison.verdict.value[0]
    if comparison.low is None or comparison.high is None:
        line = ""
    elif comparison.high < axis.low or comparison.low > axis.high:
        start, inward = (axis.start, 1) if comparison.high < axis.low else (axis.end, -1)
        line = f"M{start + 12 * inward} {y}H{start}" + _end(start, y, inward, is_open=True)
    else:
        left, right = axis.at(comparison.low), axis.at(comparison.high)
        line = f"M{left} {y}H{right}" + _end(left, y, 1, is_open=comparison.low < axis.low)
        line += _end(right, y, -1, is_open=comparison.high > axis.high)
    middle = _dots("m", [(axis.at(comparison.ratio), y)]) if axis.holds(comparison.ratio) else ""
    return f'<g class="v{kind}"><path class="w" d="{line}"/>{middle}</g>'


def _end(x: int, y: int, inward: int, *, is_open: bool) -> str:
    return f"M{x + 4 * inward} {y - 4}L{x} {y}L{x + 4 * inward} {y + 4}" if is_open else f"M{x} {y - 4}v8"


def _ends(comparisons: Iterable[Comparison]) -> Iterator[float]:
    for comparison in comparisons:
        yield from (comparison.low or comparison.ratio, comparison.high or comparison.ratio)
        yield from band(comparison)
