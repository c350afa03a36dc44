"""Who waits for whom, where a dump tells it.

Go does not keep who holds a Mutex, who will send on a channel or call Done. Two cases can be told. A Once's mutex is held by
the goroutine in whose stack Once.Do runs its function. A reader or writer that finds a writer waiting before it, waits behind
that one. Everything else is said to be unknown.

The address in a call that runs a Once's function is rarely in force: the compiler keeps the pointer elsewhere by then. So the
holder is mostly told by exclusion: a Once that somebody waits for is held by a goroutine in whose stack such a call stands
(Goexit and panics unlock it on their way). Where only one is left, that is the one. Where several are left, one may be likely: the address
out of date is the right one, or the same line of the program made its call as made those that wait. A likely holder is never
certain, so what can never go on is concluded from all that are possible.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from lab.dump.object import Line, Object, OnceCall, object_of, running_onces
from lab.model.dump import Awaited, Dump, Evidence, Goroutine, Wait

_MOST_CANDIDATES: Final = 16
"""Of more than so many goroutines nobody learns anything by "it is one of them"."""


class _Told(NamedTuple):
    holders: tuple[int, ...] = ()
    evidence: Evidence = Evidence.UNTOLD
    possible: tuple[int, ...] = ()


def waits_of(dump: Dump) -> tuple[Wait, ...]:
    """A wait for each thing that another goroutine could have, those whose holder is known first, then by size."""
    objects = [(one.id, awaited) for one in dump.goroutines if (awaited := object_of(one)) is not None]
    onces = _holders_of_onces(dump, [it for _, it in objects if it.awaited is Awaited.ONCE])
    writers: dict[int | None, int] = {
        it.address: goroutine
        for goroutine, it in objects
        if it.awaited is Awaited.WRITING and not it.queues and it.address is not None
    }
    waiting: defaultdict[tuple[Awaited, int | None, _Told], list[int]] = defaultdict(list)
    for goroutine, it in objects:
        waiting[it.awaited, it.address, _told(goroutine, it, onces, writers)].append(goroutine)
    found = [
        Wait(
            awaited=awaited,
            address=address,
            count=len(goroutines),
            goroutines=tuple(goroutines),
            holders=told.holders,
            evidence=told.evidence,
            possible=told.possible,
        )
        for (awaited, address, told), goroutines in waiting.items()
    ]
    return tuple(sorted(found, key=lambda wait: (not wait.holders, -wait.count, wait.goroutines[0])))


def _told(
    goroutine: int, it: Object, onces: Mapping[int | None, _Told], writers: Mapping[int | None, int]
) -> _Told:
    if it.awaited is Awaited.ONCE:
        return onces[it.address]
    if it.awaited is Awaited.READING or it.queues:
        writer = writers.get(it.address) if it.address is not None else None
        if writer is not None and writer != goroutine:
            return _Told((writer,), Evidence.ADDRESS, (writer,))
    return _Told()


def _holders_of_onces(dump: Dump, waited: Iterable[Object]) -> dict[int | None, _Told]:
    """Who runs the function of each Once that is waited for, by its address."""
    lines: defaultdict[int | None, set[Line]] = defaultdict(set)
    for it in waited:
        lines[it.address] |= {it.line} if it.line else set()
    calls = [(one.id, call) for one in dump.goroutines for call in running_onces(one)]
    found = {
        call.frame.address: _Told((goroutine,), Evidence.ADDRESS, (goroutine,))
        for goroutine, call in calls
        if call.frame.address is not None and call.frame.address in lines
    }
    # A call with another address in force runs another Once.
    left = [(goroutine, call) for goroutine, call in calls if call.frame.address is None]
    possible = tuple(dict.fromkeys(goroutine for goroutine, _ in left))
    is_whole = not dump.cut and not dump.unread and all(map(_is_seen, dump.goroutines))
    if not is_whole or len(possible) > _MOST_CANDIDATES:
        possible = ()
    likely = _Likely(left, lines)
    return found | {
        once: _Told(possible, Evidence.ONLY, possible)
        if len(possible) == 1
        else likely.holder(once, possible)
        for once in lines.keys() - found.keys()
    }


class _Likely:
    """Who may be believed to be in a Once: calls by what they print and by the line that made them."""

    def __init__(self, calls: Iterable[tuple[int, OnceCall]], lines: Mapping[int | None, set[Line]]) -> None:
        self._marked: defaultdict[int, set[int]] = defaultdict(set)
        self._by_line: defaultdict[Line, set[int]] = defaultdict(set)
        for goroutine, call in calls:
            if (address := call.frame.doubtful_address) is not None:
                self._marked[address].add(goroutine)
            if call.line is not None:
                self._by_line[call.line].add(goroutine)
        # A line that calls two Onces tells nothing of which.
        several: defaultdict[Line, int] = defaultdict(int)
        for each in lines.values():
            for line in each:
                several[line] += 1
        self._lines = {once: {line for line in each if several[line] == 1} for once, each in lines.items()}

    def holder(self, once: int | None, possible: tuple[int, ...]) -> _Told:
        if once is not None:
            marked = self._marked.get(once, set())
            if len(marked) == 1:
                return _Told(tuple(marked), Evidence.MARKED, possible)
            callers = {one for line in self._lines[once] for one in self._by_line.get(line, ())}
            if len(callers) == 1:
                return _Told(tuple(callers), Evidence.CALL, possible)
        return _Told(possible, Evidence.SEVERAL, possible) if possible else _Told()


def _is_seen(goroutine: Goroutine) -> bool:
    """Whether all of its stack was printed: in what was not, a call that holds something may stand."""
    is_thread = goroutine.id == 0  # a thread's own stack holds no Go program's locks
    return is_thread or (goroutine.visible and not goroutine.elided and bool(goroutine.frames))
