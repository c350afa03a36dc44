"""Who waits for whom, where a dump tells it.

Go does not keep who holds a Mutex, who will send on a channel or call Done. Two cases can be told. A Once's mutex is held by
the goroutine in whose stack Once.Do runs its function. A reader or writer that finds a writer waiting before it, waits behind
that one. Everything else is said to be unknown.

The address in a call that runs a Once's function is rarely in force: the compiler keeps the pointer elsewhere by then. So the
holder is mostly told by exclusion: a Once that somebody waits for is held by a goroutine in whose stack such a call stands
(Goexit and panics unlock it on their way). Where only one is left, that is the one. Where several are left none of them is
named as the holder; but if all of them wait as well, and for nobody outside, then whichever holds which, none can go on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from lab.dump.object import Object, object_of, running_onces
from lab.model.dump import Awaited, Dump, Evidence, Goroutine, Wait

_MOST_CANDIDATES: Final = 16
"""Of more than so many goroutines nobody learns anything by "it is one of them"."""


def waits_of(dump: Dump) -> tuple[Wait, ...]:
    """A wait for each thing that another goroutine could have, those whose holder is known first, then by size."""
    objects = [(one.id, awaited) for one in dump.goroutines if (awaited := object_of(one)) is not None]
    onces = _holders_of_onces(dump, {it.address for _, it in objects if it.awaited is Awaited.ONCE})
    writers: dict[int | None, int] = {
        it.address: goroutine
        for goroutine, it in objects
        if it.awaited is Awaited.WRITING and not it.queues and it.address is not None
    }
    waiting: defaultdict[tuple[Awaited, int | None, tuple[int, ...], Evidence], list[int]] = defaultdict(list)
    for goroutine, it in objects:
        holders, evidence = _told(goroutine, it, onces, writers)
        waiting[it.awaited, it.address, holders, evidence].append(goroutine)
    found = [
        Wait(
            awaited=awaited,
            address=address,
            count=len(goroutines),
            goroutines=tuple(goroutines),
            holders=holders,
            evidence=evidence,
        )
        for (awaited, address, holders, evidence), goroutines in waiting.items()
    ]
    return tuple(sorted(found, key=lambda wait: (not wait.holders, -wait.count, wait.goroutines[0])))


def _told(
    goroutine: int,
    it: Object,
    onces: Mapping[int | None, tuple[tuple[int, ...], Evidence]],
    writers: Mapping[int | None, int],
) -> tuple[tuple[int, ...], Evidence]:
    if it.awaited is Awaited.ONCE:
        return onces[it.address]
    if it.awaited is Awaited.READING or it.queues:
        writer = writers.get(it.address) if it.address is not None else None
        if writer is not None and writer != goroutine:
            return (writer,), Evidence.ADDRESS
    return (), Evidence.UNTOLD


def _holders_of_onces(
    dump: Dump, waited: set[int | None]
) -> dict[int | None, tuple[tuple[int, ...], Evidence]]:
    """Who runs the function of each Once that is waited for."""
    calls = [(one.id, call) for one in dump.goroutines for call in running_onces(one)]
    is_whole = not dump.cut and not dump.unread and all(map(_is_seen, dump.goroutines))
    found: dict[int | None, tuple[tuple[int, ...], Evidence]] = {
        call.address: ((goroutine,), Evidence.ADDRESS)
        for goroutine, call in calls
        if call.address is not None and call.address in waited
    }
    # A call with another address in force runs another Once.
    possible = [(goroutine, call) for goroutine, call in calls if call.address is None]
    goroutines = tuple(dict.fromkeys(goroutine for goroutine, _ in possible))
    marked: defaultdict[int | None, set[int]] = defaultdict(set)
    for goroutine, call in possible:
        marked[call.doubtful_address].add(goroutine)
    for once in waited - found.keys():
        if is_whole and len(goroutines) == 1:
            found[once] = (goroutines, Evidence.ONLY)
        elif once is not None and len(marked[once]) == 1:
            found[once] = (tuple(marked[once]), Evidence.MARKED)
        elif is_whole and 0 < len(goroutines) <= _MOST_CANDIDATES:
            found[once] = (goroutines, Evidence.SEVERAL)
        else:
            found[once] = ((), Evidence.UNTOLD)
    return found


def _is_seen(goroutine: Goroutine) -> bool:
    """Whether all of its stack was printed: in what was not, a call that holds something may stand."""
    is_thread = goroutine.id == 0  # a thread's own stack holds no Go program's locks
    return is_thread or (goroutine.visible and not goroutine.elided and bool(goroutine.frames))
