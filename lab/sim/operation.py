"""Everything that a goroutine may yield, as data. What it does and how long it takes is decided elsewhere.

Operations are not frozen: making a frozen one takes three times as long, and they are most of what a run makes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

SPENT: Final = object()
"""The maker of an operation that has been yielded: nobody can yield it again."""

next_serial: Final = itertools.count(1).__next__
"""Counts the operations that were made, of all runs: one that is never yielded leaves a gap."""


@dataclass(slots=True, eq=False)
class Operation:
    """Something that a goroutine yields.

    ``maker`` is who may yield it: one goroutine's handle, or the run whose object it came from; None for what the
    simulator makes for itself.
    """

    maker: Any
    serial: int = field(init=False, default_factory=next_serial)


@dataclass(slots=True, eq=False)
class Go(Operation):
    """``go fn(args)``. proc.go: newproc."""

    fn: Callable[..., Body]
    args: tuple[Any, ...]


@dataclass(slots=True, eq=False)
class Work(Operation):
    """Use the CPU for ``ns`` at full speed; preemptible, and ``ns`` is what is still left."""

    ns: int


@dataclass(slots=True, eq=False)
class Touch(Operation):
    """First touch of ``pages`` pages of ``page`` bytes; preemptible between two faults, never in one.

    ``fault`` is what one costs in nanoseconds, once it has begun; ``pages`` are those still to come.
    """

    pages: int
    page: int
    fault: int = field(init=False, default=0)


@dataclass(slots=True, eq=False)
class Sleep(Operation):
    """``time.Sleep``. time.go: timeSleep."""

    ns: int


@dataclass(slots=True, eq=False)
class Syscall(Operation):
    """A blocking system call of ``ns``, the first ``cpu`` of it on the CPU. proc.go: entersyscall, exitsyscall."""

    ns: int | None
    cpu: int
    is_cgo: bool = False


@dataclass(slots=True, eq=False)
class Open(Operation):
    """``os.Open`` of a name of *names* parts on *fs*; in *layers* it is looked up first, 0 where the kernel knows the name.

    ``is_writable``: ``os.OpenFile`` with O_RDWR, of a file that need not be copied up. file_unix.go: openFileNolog.
    """

    fs: str
    names: int
    is_present: bool
    layers: int
    is_writable: bool


@dataclass(slots=True, eq=False)
class Gosched(Operation):
    """``runtime.Gosched``: to the tail of the global queue."""


@dataclass(slots=True, eq=False)
class Block(Operation):
    """``select {}``: parked for ever."""


@dataclass(slots=True, eq=False, init=False)
class _Filled(Operation):
    """Made empty and then filled: that takes half as long, and most of what runs make is this. The run counts them."""

    if TYPE_CHECKING:

        def __init__(self) -> None: ...
    else:
        __init__ = object.__init__


@dataclass(slots=True, eq=False, init=False)
class Send(_Filled):
    """``ch <- value``. chan.go: chansend."""

    chan: Any
    value: Any


@dataclass(slots=True, eq=False, init=False)
class Recv(_Filled):
    """``<-ch``. chan.go: chanrecv."""

    chan: Any


@dataclass(slots=True, eq=False)
class Close(Operation):
    """``close(ch)``. chan.go: closechan."""

    chan: Any


@dataclass(slots=True, eq=False)
class Alloc(Operation):
    """Allocate one object of ``nbytes``; ``live`` of them stay reachable; ``ns`` are left of it. malloc.go: mallocgc."""

    nbytes: int
    live: int
    ns: int = field(init=False, default=0)


@dataclass(slots=True, eq=False)
class LockOSThread(Operation):
    """``runtime.LockOSThread``. proc.go: LockOSThread, or lockOSThread, the runtime's own around inits."""

    is_internal: bool = False


@dataclass(slots=True, eq=False)
class UnlockOSThread(Operation):
    """``runtime.UnlockOSThread``. proc.go: UnlockOSThread, or unlockOSThread, the runtime's own after inits."""

    is_internal: bool = False


@dataclass(slots=True, eq=False)
class LeftSyscall(Operation):
    """What a G does first that has waited for a P after a system call. proc.go: exitsyscall, after exitsyscallNoP."""


@dataclass(slots=True, eq=False)
class Spin(Operation):
    """``for time.Since(t) < ns {}``: burn CPU until a point in time, ``until`` once it has begun."""

    ns: int
    until: int = field(init=False, default=0)


@dataclass(slots=True, eq=False)
class Select(Operation):
    """``select``. A case is a :class:`Send`, a :class:`Recv`, or None for a nil channel. select.go: selectgo."""

    cases: tuple[Send | Recv | None, ...]
    default: bool


@dataclass(slots=True, eq=False)
class StopTimer(Operation):
    """``timer.Stop()``; the result is whether it was running. time.go: stop."""

    timer: Any


@dataclass(slots=True, eq=False)
class ResetTimer(Operation):
    """``timer.Reset(ns)``; the result is whether it was running. time.go: modify."""

    timer: Any
    ns: int
    period: int


@dataclass(slots=True, eq=False)
class AfterFunc(Operation):
    """``time.AfterFunc``; the result is the timer."""

    world: Any
    ns: int
    fn: Callable[..., Body]
    args: tuple[Any, ...]


@dataclass(slots=True, eq=False)
class Panic(Operation):
    """An unrecovered panic, or a fatal error of the runtime: the process ends with exit code 2."""

    text: str


@dataclass(slots=True, eq=False)
class Goexit(Operation):
    """``runtime.Goexit``: the deferred calls run, then the goroutine ends."""


@dataclass(slots=True, eq=False)
class Call(Operation):
    """Run a body on the calling goroutine, as a Go function call does; the result is what it returns."""

    body: Callable[[], Generator[Operation, Any, Any]]


@dataclass(slots=True, eq=False)
class Lock(Operation):
    """``mutex.Lock()``: the fast path at once, else what :func:`lab.sim.sync.lock_slow` does."""

    mutex: Any


@dataclass(slots=True, eq=False)
class Unlock(Operation):
    """``mutex.Unlock()``."""

    mutex: Any


@dataclass(slots=True, eq=False)
class Semacquire(Operation):
    """Take the semaphore or wait; *lifo* waits at the front. sema.go: semacquire1."""

    sema: Any
    lifo: bool
    why: str
    has_waited: bool = field(init=False, default=False)


@dataclass(slots=True, eq=False)
class Semrelease(Operation):
    """Give the semaphore; with *handoff* the waiter runs now, in this time slice. sema.go: semrelease1."""

    sema: Any
    handoff: bool


@dataclass(slots=True, eq=False)
class OnceDo(Operation):
    """``once.Do``: *fn* gets the caller's own handle."""

    once: Any
    fn: Callable[..., Body]
    args: tuple[Any, ...]


@dataclass(slots=True, eq=False)
class Netwait(Operation):
    """Wait on the netpoller for something that arrives after ``ns``; None: never."""

    ns: int | None


@dataclass(slots=True, eq=False)
class Pause(Operation):
    """One round of active spinning, 30 PAUSE instructions. lock_sema.go: sync_runtime_doSpin."""


@dataclass(slots=True, eq=False)
class MaySpin(Operation):
    """Whether a waiter may spin for the *round*-th time. proc.go: internal_sync_runtime_canSpin."""

    round: int


@dataclass(slots=True, eq=False)
class Now(Operation):
    """The monotonic clock."""


@dataclass(slots=True, eq=False)
class NotifyWait(Operation):
    """Wait for a ticket of a condition to be called. sema.go: notifyListWait."""

    ticket: Any


@dataclass(slots=True, eq=False)
class Notify(Operation):
    """Call the first ticket of a condition, or all. sema.go: notifyListNotifyOne, notifyListNotifyAll."""

    cond: Any
    all: bool


Body: TypeAlias = Generator[Operation, Any, None]
"""What a goroutine's generator function returns; an annotation of it passes ``mypy --strict``."""
