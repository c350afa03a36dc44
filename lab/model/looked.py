"""What an instrument saw of a cell, and what it cost: what a reader is told of a cell that is looked at with one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lab.model.dump import Frame


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of two centres with its 90 % interval."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """One metric with the instrument over the same without it.

    ``n_with`` and ``n_plain`` are processes; ``why`` says why there is no ratio.
    """

    metric: str
    statistic: str
    n_with: int
    n_plain: int
    ratio: Ratio | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A time series: values at instants since its process was made. ``count`` is how many there were; more than are kept are thinned."""

    name: str
    unit: Literal["count", "ns"]
    at_ns: tuple[int, ...]
    values: tuple[int, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The time series of one replicate, the first of its cell that has any; ``position`` is which of the run it was."""

    position: int
    ending: str
    wall_ns: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenGroup:
    """Goroutines in the same state at the same function, over the dumps of several replicates: in how many, and the fewest and the most in one that has any.

    ``functions`` are those of the first one's stack, innermost first.
    """

    state: str
    at: Frame | None
    functions: tuple[str, ...]
    of_runtime: bool
    dumps: int
    fewest: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dumps:
    """The dumps of a cell's replicates, taken together.

    Of ``replicates`` so many have ``dumped``, and of these dumps ``whole`` are looked at; ``early`` had ended before they were asked, ``mute`` were asked and
    wrote none. ``asked_ns`` is when they were asked, since their start, the median. ``files`` have the texts, in the record's folder. ``unread``
    is how many lines of all dumps were not understood, ``first_unread`` the first of them.
    """

    replicates: int
    dumped: int
    whole: int
    early: int
    mute: int
    asked_ns: int | None
    files: tuple[str, ...]
    groups: tuple[SeenGroup, ...]
    more_groups: int = 0
    unread: int = 0
    first_unread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a cell was looked at with, what was seen, and what that cost.

    ``plain`` is the cell that it is held against, empty where the run has none; ``undisturbed`` says why there is nothing to hold
    against it. ``unread`` are how many lines of each kind were in a format that nobody knows, over all replicates, ``first_unread`` the first of each.
    """

    instrument: str
    plain: str
    disturbances: tuple[Disturbance, ...] = ()
    undisturbed: str = ""
    course: Course | None = None
    dumps: Dumps | None = None
    unread: Mapping[str, int] = field(default_factory=dict)
    first_unread: Mapping[str, str] = field(default_factory=dict)
