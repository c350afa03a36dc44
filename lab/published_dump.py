"""A goroutine dump as ``--json`` prints it, as models whose JSON Schema ``golab schema`` publishes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lab.model.dump import CellDump, Digest, Frame


class _Published(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DumpPlace(_Published):
    """A call and where it stands; an empty file and line 0 where the dump does not say."""

    function: str
    file: str
    line: int


class DumpGroup(_Published):
    """Goroutines in the same state at the same stack."""

    count: int
    state: str = Field(description="the word between Go's brackets: what they wait for, or their status")
    status: str
    minutes: int = Field(description="the longest wait in whole minutes; 0 below one")
    at: DumpPlace | None = Field(
        description="the innermost call of the program's own code; without one, the outermost of the library's"
    )
    functions: list[str] = Field(description="innermost first, without the runtime's")
    goroutines: list[int] = Field(description="the first of them")
    of_runtime: bool


class DumpWait(_Published):
    """Goroutines that wait for the same thing, and for whom."""

    awaited: str
    address: str | None = Field(description="in hexadecimal digits; null where the dump does not print it")
    count: int
    goroutines: list[int]
    holders: list[int] = Field(
        description="for whom they wait: one; several where one of them is it; none where nobody can tell"
    )
    possible: list[int] = Field(description="of whom one is it for certain; none where nobody can say")
    evidence: Literal["address", "only", "marked", "call", "several", "untold"]
    certain: bool


class DumpKnot(_Published):
    """Goroutines that wait for each other and for nobody else."""

    count: int
    goroutines: list[int] = Field(description="where it is known who waits for whom, in that order")
    ordered: bool
    certain: bool


class DumpUnread(_Published):
    """A line that was not understood."""

    line: int
    text: str
    why: str


class DumpDigest(_Published):
    """What is told of a dump; ``more_…`` counts what was left out of a list."""

    head: list[str] = Field(description="the lines before the first goroutine")
    goroutines: int
    groups: list[DumpGroup]
    waits: list[DumpWait]
    knots: list[DumpKnot]
    unread: list[DumpUnread]
    cut: bool = Field(description="whether the text ends before the dump does")
    more_groups: int
    more_waits: int
    more_knots: int
    more_unread: int


class DumpResult(_Published):
    """``golab dump … --json``."""

    format: Literal[1]
    dump: DumpDigest


class CellDumpResult(_Published):
    """The dump of the first replicate of a cell that ended in a deadlock or at its time limit."""

    position: int = Field(description="which replicate of the run it was")
    ending: Literal["timeout", "deadlock"]
    file: str = Field(description="the text, in the record's folder")
    dump: DumpDigest


def dump_digest(found: Digest) -> DumpDigest:
    """A digest in its published form."""
    return DumpDigest(
        head=list(found.head),
        goroutines=found.count,
        groups=[
            DumpGroup(
                count=each.count,
                state=each.state,
                status=each.status,
                minutes=each.minutes,
                at=_place(each.at),
                functions=list(each.functions),
                goroutines=list(each.goroutines),
                of_runtime=each.of_runtime,
            )
            for each in found.groups
        ],
        waits=[
            DumpWait.model_validate(
                {
                    "awaited": each.awaited.value,
                    "address": None if each.address is None else f"{each.address:#x}",
                    "count": each.count,
                    "goroutines": each.goroutines,
                    "holders": each.holders,
                    "possible": each.possible,
                    "evidence": each.evidence.name.lower(),
                    "certain": each.evidence.is_certain,
                }
            )
            for each in found.waits
        ],
        knots=[DumpKnot.model_validate(each, from_attributes=True) for each in found.knots],
        unread=[DumpUnread.model_validate(each, from_attributes=True) for each in found.unread],
        cut=found.cut,
        more_groups=found.more_groups,
        more_waits=found.more_waits,
        more_knots=found.more_knots,
        more_unread=found.more_unread,
    )


def cell_dump(found: CellDump) -> CellDumpResult:
    """The dump of a cell in its published form."""
    return CellDumpResult.model_validate(
        {
            "position": found.position,
            "ending": found.ending,
            "file": found.file,
            "dump": dump_digest(found.digest),
        }
    )


def _place(frame: Frame | None) -> DumpPlace | None:
    return DumpPlace(function=frame.function, file=frame.file, line=frame.line) if frame else None
