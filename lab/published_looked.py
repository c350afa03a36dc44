"""What an instrument saw of a cell, and what that cost, as ``--json`` prints it: models whose JSON Schema ``golab schema`` publishes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lab.model.looked import Course, Dumps, Looked
from lab.published_dump import DumpPlace


class _Published(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DisturbanceResult(_Published):
    """One metric with the instrument over the same without it."""

    statistic: str
    n_with: int
    n_plain: int
    ratio: float | None
    ratio_ci: tuple[float | None, float | None] = Field(description="90 % confidence interval")
    why: str | None = Field(description="why there is no ratio")


class SeriesResult(_Published):
    """A time series of one process; ``count`` is how many values there were, of which every so many are here."""

    unit: Literal["count", "ns"]
    at_ns: list[int] = Field(description="since the process was made")
    values: list[int]
    count: int


class CourseResult(_Published):
    """The time series of the first replicate that has any; all of them are in the record."""

    position: int = Field(description="which replicate of the run it was")
    ending: str
    wall_ns: int
    series: dict[str, SeriesResult]


class SeenGroupResult(_Published):
    """Goroutines in the same state at the same stack: in how many dumps, and the fewest and the most in one that has any."""

    state: str
    at: DumpPlace | None
    functions: list[str]
    of_runtime: bool
    dumps: int
    fewest: int
    most: int


class DumpsResult(_Published):
    """The dumps of a cell's replicates, taken together."""

    replicates: int
    dumped: int = Field(description="replicates that wrote one")
    whole: int = Field(description="dumps that are kept whole: those that are looked at")
    early: int = Field(description="replicates that had ended before they were asked")
    mute: int = Field(description="replicates that were asked and wrote none")
    asked_ns: int | None = Field(description="when they were asked, since their start: the median")
    files: list[str] = Field(description="the texts, in the record's folder")
    groups: list[SeenGroupResult]
    more_groups: int
    unread: int = Field(description="lines that were not understood")
    first_unread: str


class LookedResult(_Published):
    """What a cell was looked at with, what was seen, what it cost."""

    instrument: str
    plain: str | None = Field(
        description="the cell with the same levels without it; null where the run has none"
    )
    disturbance: dict[str, DisturbanceResult] = Field(
        description="by metric; also wall_ns and cpu_ns of the whole process"
    )
    undisturbed: str | None = Field(description="why nothing is held against the plain cell")
    course: CourseResult | None
    dumps: DumpsResult | None
    unread: dict[str, int] = Field(description="lines in a format that is not known, by kind")
    first_unread: dict[str, str] = Field(description="the first of these, by kind")


def looked_result(found: Looked) -> LookedResult:
    """What an instrument saw in its published form."""
    return LookedResult(
        instrument=found.instrument,
        plain=found.plain or None,
        disturbance={
            each.metric: DisturbanceResult(
                statistic=each.statistic,
                n_with=each.n_with,
                n_plain=each.n_plain,
                ratio=each.ratio.value if each.ratio else None,
                ratio_ci=(each.ratio.low, each.ratio.high) if each.ratio else (None, None),
                why=each.why or None,
            )
            for each in found.disturbances
        },
        undisturbed=found.undisturbed or None,
        course=_course(found.course) if found.course else None,
        dumps=_dumps(found.dumps) if found.dumps else None,
        unread=dict(found.unread),
        first_unread=dict(found.first_unread),
    )


def _course(found: Course) -> CourseResult:
    return CourseResult(
        position=found.position,
        ending=found.ending,
        wall_ns=found.wall_ns,
        series={
            line.name: SeriesResult(
                unit=line.unit, at_ns=list(line.at_ns), values=list(line.values), count=line.count
            )
            for line in found.lines
        },
    )


def _dumps(found: Dumps) -> DumpsResult:
    return DumpsResult(
        replicates=found.replicates,
        dumped=found.dumped,
        whole=found.whole,
        early=found.early,
        mute=found.mute,
        asked_ns=found.asked_ns,
        files=list(found.files),
        groups=[
            SeenGroupResult(
                state=each.state,
                at=DumpPlace(function=each.at.function, file=each.at.file, line=each.at.line)
                if each.at
                else None,
                functions=list(each.functions),
                of_runtime=each.of_runtime,
                dumps=each.dumps,
                fewest=each.fewest,
                most=each.most,
            )
            for each in found.groups
        ],
        more_groups=found.more_groups,
        unread=found.unread,
        first_unread=found.first_unread,
    )
