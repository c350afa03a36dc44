"""A goroutine dump in sentences: who is where, who waits for whom, what can never go on, what was not understood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

from lab.model.dump import Awaited, CellDump, Digest, Evidence, Group, Knot, Wait
from lab.model.outcome import CellSummary
from lab.report.text import counted

_LOCKS: Final = frozenset({Awaited.ONCE, Awaited.MUTEX, Awaited.READING, Awaited.WRITING})
"""What somebody has, so that it is worth saying that nobody knows who."""
_NAMED: Final = 6
"""Goroutines that are named one by one."""
_SHORT: Final = 4
"""Lines of each kind where the dump is one thing among others."""


def dump_lines(digest: Digest) -> tuple[str, ...]:
    """Everything that is told of a dump, a line each."""
    return tuple(_lines(digest, most=len(digest.groups) + len(digest.waits) + len(digest.unread)))


def dumps(cells: Sequence[CellSummary]) -> tuple[str, ...]:
    """What is said below a run's table of the cells that left a dump: for each a sentence, and the most of it."""
    return tuple(line for cell in cells if cell.dump for line in _cell_dump(cell.id, cell.dump))


def _cell_dump(cell: str, found: CellDump) -> Iterator[str]:
    yield f"{cell}: where goroutines were when its first replicate ended in {found.ending} ({found.file} of the record):"
    for line in _lines(found.digest, most=_SHORT):
        yield f"  {line}"


def _lines(digest: Digest, *, most: int) -> Iterator[str]:
    own = [group for group in digest.groups if not group.of_runtime]
    for group in own[:most]:
        yield _group(group)
    left = sum(group.count for group in own[most:])
    if left or digest.more_groups:
        rest = digest.count - sum(group.count for group in digest.groups) + left
        yield f"and {counted(rest, 'goroutine')} in smaller groups"
    told = [wait for wait in digest.waits if wait.holders or wait.awaited in _LOCKS]
    for wait in told[:most]:
        yield _wait(wait)
    if more := max(0, len(told) - most) + digest.more_waits:
        yield f"and {more} more things that goroutines wait for"
    for knot in digest.knots:
        yield _knot(knot)
    if digest.more_knots:
        yield f"and {digest.more_knots} more knots"
    for unread in digest.unread[:most]:
        yield f"line {unread.line} was not understood: {unread.why}: {unread.text.strip()}"
    if more := max(0, len(digest.unread) - most) + digest.more_unread:
        yield f"and {counted(more, 'line')} more that were not understood"
    if digest.cut:
        yield "the dump is not whole: goroutines may be missing, so nothing is concluded from who is left"


def _group(group: Group) -> str:
    longest = f", {group.minutes} minutes" if group.minutes == 1 else f", up to {group.minutes} minutes"
    state = f"[{group.state}{longest if group.minutes else ''}]"
    where = ""
    if group.at is not None:
        place = f" ({PurePosixPath(group.at.file).name}:{group.at.line})" if group.at.file else ""
        where = f" in {group.at.function}{place}"
    return f"{counted(group.count, 'goroutine')} {state}{where}: {_ids(group.goroutines, group.count)}"


def _wait(wait: Wait) -> str:
    who = _who(wait)
    thing = f"the {wait.awaited.value.partition(' ')[0]}{_at(wait.address)}"
    waits = "waits" if wait.count == 1 else "wait"
    if wait.evidence is Evidence.SEVERAL:
        return (
            f"{who} {waits} for {thing}: goroutine {_or(wait.holders)} is in it, the dump does not say which"
        )
    if not wait.holders:
        return f"{who} {waits} for {thing}{_purpose(wait)}; {wait.evidence.value}"
    (holder,) = wait.holders
    known = f" ({wait.evidence.value})"
    if wait.awaited is not Awaited.ONCE:
        return f"{who} {waits} for {thing}{_purpose(wait)} behind goroutine {holder}, which waits to write{known}"
    if wait.count == 1 and wait.goroutines == (holder,):
        return f"{who} waits for itself: it is in {thing} that it calls again{known}"
    return f"{who} {waits} for goroutine {holder}, which is in {thing}{known}"


def _purpose(wait: Wait) -> str:
    purpose = wait.awaited.value.partition(" to ")[2] if wait.awaited in _LOCKS else ""
    return f" to {purpose}" if purpose else ""


def _knot(knot: Knot) -> str:
    doubt = "" if knot.certain else ", if those are right of which it is only likely"
    if knot.count == 1:
        return f"goroutine {knot.goroutines[0]} can never go on: it waits for itself{doubt}"
    if knot.ordered and knot.count == len(knot.goroutines):
        circle = ", ".join(
            f"{one} for {other}"
            for one, other in zip(knot.goroutines, (*knot.goroutines[1:], knot.goroutines[0]), strict=True)
        )
        return f"goroutines that can never go on: {circle}{doubt}"
    return (
        f"goroutines {_ids(knot.goroutines, knot.count)} can never go on: they wait for each other and for nobody else,"
        f" whichever has which{doubt}"
    )


def _who(wait: Wait) -> str:
    if wait.count == 1:
        return f"goroutine {wait.goroutines[0]}"
    return f"{wait.count} goroutines ({_ids(wait.goroutines, wait.count)})"


def _at(address: int | None) -> str:
    return "" if address is None else f" {address:#x}"


def _ids(goroutines: Sequence[int], count: int) -> str:
    more = ", …" if count > _NAMED else ""
    return ", ".join(map(str, goroutines[:_NAMED])) + more


def _or(goroutines: Sequence[int]) -> str:
    *others, last = map(str, goroutines)
    return f"{', '.join(others)} or {last}"
