"""What a waiting goroutine waits for: the kind of thing, and where it is in memory.

A signal's dump prints the runtime's calls, and in them the address of the semaphore or channel, always in force. A deadlock's
or panic's dump leaves them out; there the callers' arguments are what there is, and most of them are marked as possibly out of
date. Each address is that of the object itself, whichever part of it the runtime waits on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from lab.dump.word import plain
from lab.model.dump import Awaited, Frame, Goroutine

ONCE: Final = "sync.(*Once).doSlow"
_RWMUTEX: Final = "sync.(*RWMutex).Lock"
_WAIT: Final = "sync.(*WaitGroup).Wait"
_LOCKING: Final = frozenset(
    # sync.Mutex is internal/sync's since 1.24
    {
        "sync.runtime_SemacquireMutex",
        "sync.(*Mutex).lockSlow",
        "sync.(*Mutex).Lock",
        "internal/sync.runtime_SemacquireMutex",
        "internal/sync.(*Mutex).lockSlow",
        "internal/sync.(*Mutex).Lock",
    }
)
# Where the parts lie, in bytes; the same in 1.21 to 1.27 (sync/once.go, mutex.go, rwmutex.go, waitgroup.go, cond.go; on 64 bits).
_ONCE_MUTEX: Final = 4  # Once: done (uint32, later atomic.Uint32, atomic.Bool: four bytes each), m
_MUTEX_SEMA: Final = 4  # Mutex: state int32, sema
_WRITER_SEMA: Final = 8  # RWMutex: w Mutex, writerSem, readerSem
_READER_SEMA: Final = 12
_GROUP_SEMA: Final = 8  # WaitGroup: state atomic.Uint64, sema
_NOTIFY_LIST: Final = 16  # Cond: L Locker, notify


Line = tuple[str, str, int]
"""A line of the program: function, file, number."""


class Object(NamedTuple):
    """A thing that is waited for. ``queues`` says of a writer that it waits for another writer, not for readers.

    ``line`` is the one of the program that calls a Once; None where that is no line of the program's own.
    """

    awaited: Awaited
    address: int | None
    queues: bool = False
    line: Line | None = None


class OnceCall(NamedTuple):
    """A call of Once.Do that runs its function, or may, and the line that made it."""

    frame: Frame
    line: Line | None


def object_of(goroutine: Goroutine) -> Object | None:
    """What it waits for; None where that is nothing that another goroutine could have."""
    found = _BY_REASON.get(plain(goroutine.reason))
    return found(goroutine.frames) if found and goroutine.status == "waiting" else None


def running_onces(goroutine: Goroutine) -> list[OnceCall]:
    """The calls of Once.Do in its stack that run their function, or may: those that do not wait for the Once's mutex.

    One that locks and is not waiting may have been handed the mutex a moment ago.
    """
    waits = goroutine.status == "waiting"
    frames = [frame for frame in goroutine.frames if not frame.function.startswith("runtime.")]
    return [
        OnceCall(frame, _line(frames[place + 1 :]))
        for place, frame in enumerate(frames)
        if frame.function == ONCE and not (waits and place and frames[place - 1].function in _LOCKING)
    ]


def _locked(frames: tuple[Frame, ...]) -> Object:
    mutex = _of(frames, "sync.(*Mutex).lockSlow") or _of(frames, "internal/sync.(*Mutex).lockSlow")
    mutex = mutex or _by_semaphore(frames, _MUTEX_SEMA)
    for place, frame in enumerate(frames):
        if frame.function in _LOCKING or frame.function.startswith("runtime."):
            continue
        if frame.function == ONCE:
            address = mutex - _ONCE_MUTEX if mutex else frame.address
            return Object(Awaited.ONCE, address, line=_line(frames[place + 1 :]))
        if frame.function == _RWMUTEX:
            return Object(Awaited.WRITING, mutex or frame.address, queues=True)
        break
    return Object(Awaited.MUTEX, mutex)


def _line(outside: Sequence[Frame]) -> Line | None:
    """The line that calls a Once. A function of sync.OnceFunc calls its own, whichever it is of."""
    for frame in outside:
        if frame.function == "sync.(*Once).Do":
            continue
        if frame.function.startswith("sync.") or frame.file.endswith("sync/oncefunc.go"):
            return None
        return frame.function, frame.file, frame.line
    return None


def _reading(frames: tuple[Frame, ...]) -> Object:
    return Object(Awaited.READING, _by_semaphore(frames, _READER_SEMA))


def _writing(frames: tuple[Frame, ...]) -> Object:
    return Object(Awaited.WRITING, _by_semaphore(frames, _WRITER_SEMA) or _of(frames, _RWMUTEX))


def _wait_group(frames: tuple[Frame, ...]) -> Object:
    return Object(Awaited.WAIT_GROUP, _by_semaphore(frames, _GROUP_SEMA) or _of(frames, _WAIT))


def _semaphore(frames: tuple[Frame, ...]) -> Object | None:
    """Before 1.24 a WaitGroup's wait has the word of any semaphore."""
    return _wait_group(frames) if any(frame.function == _WAIT for frame in frames) else None


def _condition(frames: tuple[Frame, ...]) -> Object:
    notified = _of(frames, "sync.runtime_notifyListWait")
    return Object(
        Awaited.CONDITION, notified - _NOTIFY_LIST if notified else _of(frames, "sync.(*Cond).Wait")
    )


def _receiving(frames: tuple[Frame, ...]) -> Object:
    return Object(Awaited.RECEIVING, _of(frames, "runtime.chanrecv"))


def _sending(frames: tuple[Frame, ...]) -> Object:
    return Object(Awaited.SENDING, _of(frames, "runtime.chansend"))


def _by_semaphore(frames: tuple[Frame, ...], offset: int) -> int | None:
    semaphore = _of(frames, "runtime.semacquire1")
    return semaphore - offset if semaphore else None


def _of(frames: tuple[Frame, ...], function: str) -> int | None:
    """The object of the innermost call of a function, if Go is sure of it."""
    for frame in frames:
        if frame.function == function:
            return frame.address
    return None


_BY_REASON: Final[Mapping[str, Callable[[tuple[Frame, ...]], Object | None]]] = MappingProxyType(
    {
        "sync.Mutex.Lock": _locked,
        "sync.RWMutex.RLock": _reading,
        "sync.RWMutex.Lock": _writing,
        "sync.WaitGroup.Wait": _wait_group,
        "semacquire": _semaphore,
        "sync.Cond.Wait": _condition,
        "chan receive": _receiving,
        "chan send": _sending,
    }
)
"""How the object is found in the stack of a goroutine that waits for this reason."""
