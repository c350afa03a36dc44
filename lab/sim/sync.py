"""Package sync, as Go's sources have it: the slow paths are bodies that run on the calling goroutine.

A lock that is free costs an instant. What happens when it is not (internal/sync/mutex.go, sync/rwmutex.go,
waitgroup.go, once.go, cond.go) is written below in the runtime's own order, on two primitives of sema.go:
take a semaphore or wait, and give it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import Any, Final

from lab.sim.operation import (
    Body,
    Call,
    Lock,
    MaySpin,
    Notify,
    NotifyWait,
    Now,
    OnceDo,
    Operation,
    Panic,
    Pause,
    Semacquire,
    Semrelease,
    Unlock,
)

_STARVING_AFTER: Final = 1_000_000
"""A waiter that has waited for longer turns the mutex to starvation mode. mutex.go: starvationThresholdNs."""
_MOST_READERS: Final = 1 << 30
"""rwmutex.go: rwmutexMaxReaders."""


class Semaphore:
    """A count, and who waits for it. Who is woken first still has to take from the count, as anybody may."""

    __slots__ = ("value", "waiters")

    def __init__(self) -> None:
        self.value = 0
        self.waiters: deque[Any] = deque()


class Mutex:
    """sync.Mutex. Its four fields are the parts of Go's one state word."""

    __slots__ = ("_world", "locked", "sema", "starving", "waiters", "woken")

    def __init__(self, world: object) -> None:
        self._world = world
        self.locked = self.woken = self.starving = False
        self.waiters = 0
        self.sema = Semaphore()

    def lock(self) -> Lock:
        """``mu.Lock()``."""
        return Lock(self._world, self)

    def try_lock(self) -> Call:
        """``mu.TryLock()``; the result is whether it is locked now."""
        return Call(self._world, lambda: _try_lock(self))

    def unlock(self) -> Unlock:
        """``mu.Unlock()``; of an unlocked one the process dies. Who locked it is not checked, as in Go."""
        return Unlock(self._world, self)


class RWMutex:
    """sync.RWMutex."""

    __slots__ = ("_world", "readers", "readers_leaving", "readers_sema", "w", "writer_sema")

    def __init__(self, world: object) -> None:
        self._world = world
        self.w = Mutex(world)
        self.readers = self.readers_leaving = 0
        self.readers_sema, self.writer_sema = Semaphore(), Semaphore()

    def lock(self) -> Call:
        """``rw.Lock()``."""
        return Call(self._world, lambda: _lock_writer(self))

    def unlock(self) -> Call:
        """``rw.Unlock()``."""
        return Call(self._world, lambda: _unlock_writer(self))

    def rlock(self) -> Call:
        """``rw.RLock()``."""
        return Call(self._world, lambda: _lock_reader(self))

    def runlock(self) -> Call:
        """``rw.RUnlock()``."""
        return Call(self._world, lambda: _unlock_reader(self))


class WaitGroup:
    """sync.WaitGroup."""

    __slots__ = ("_world", "count", "sema", "waiters")

    def __init__(self, world: object) -> None:
        self._world = world
        self.count = self.waiters = 0
        self.sema = Semaphore()

    def add(self, n: int) -> Call:
        """``wg.Add(n)``."""
        return Call(self._world, lambda: _add(self, n))

    def done(self) -> Call:
        """``wg.Done()``."""
        return Call(self._world, lambda: _add(self, -1))

    def wait(self) -> Call:
        """``wg.Wait()``."""
        return Call(self._world, lambda: _wait(self))


class Once:
    """sync.Once: a mutex that is held while the function runs."""

    __slots__ = ("_world", "is_done", "m")

    def __init__(self, world: object) -> None:
        self._world = world
        self.is_done = False
        self.m = Mutex(world)

    def do(self, fn: Callable[..., Body], *args: Any) -> OnceDo:  # noqa: ANN401 - a goroutine takes anything
        """``once.Do(func() { fn(g, args) })``: runs *fn* on the calling goroutine, whose handle it gets."""
        return OnceDo(self._world, self, fn, args)


class Cond:
    """sync.Cond over a mutex: tickets are called in the order in which they were drawn."""

    __slots__ = ("_world", "mutex", "tickets")

    def __init__(self, world: object, mutex: Mutex) -> None:
        self._world = world
        self.mutex = mutex
        self.tickets: deque[Ticket] = deque()

    def wait(self) -> Call:
        """``cond.Wait()``."""
        return Call(self._world, lambda: _wait_for_notice(self))

    def signal(self) -> Notify:
        """``cond.Signal()``."""
        return Notify(self._world, self, all=False)

    def broadcast(self) -> Notify:
        """``cond.Broadcast()``: the last waiter runs first, the others in their order."""
        return Notify(self._world, self, all=True)


class Ticket:
    """A place in a condition's list. ``g`` is who waits, once it does; ``called`` may come before."""

    __slots__ = ("called", "g")

    def __init__(self) -> None:
        self.called = False
        self.g: Any = None


Steps = Generator[Operation, Any, Any]


def can_semacquire(sema: Semaphore) -> bool:
    """sema.go: cansemacquire. Take one from the count, if there is one."""
    if sema.value == 0:
        return False
    sema.value -= 1
    return True


def lock_slow(mu: Mutex) -> Steps:  # noqa: C901 - the runtime's own order, step by step
    """mutex.go: lockSlow."""
    wait_start, starving, awoke, round_ = None, False, False, 0
    while True:
        if mu.locked and not mu.starving and (yield MaySpin(None, round_)):
            if not awoke and not mu.woken and mu.waiters:
                mu.woken = awoke = True
            yield Pause(None)
            round_ += 1
            continue
        was_locked, was_starving = mu.locked, mu.starving
        if not was_starving:
            mu.locked = True
        if was_locked or was_starving:
            mu.waiters += 1
        if starving and was_locked:
            mu.starving = True
        if awoke:
            mu.woken = False
        if not was_locked and not was_starving:
            return
        is_again = wait_start is not None
        if not is_again:
            wait_start = yield Now(None)
        yield Semacquire(None, mu.sema, is_again, "sync.Mutex.Lock")
        starving = starving or (yield Now(None)) - wait_start > _STARVING_AFTER
        if mu.starving:
            # ownership was handed over; this goroutine is still counted as a waiter
            mu.locked = True
            mu.waiters -= 1
            if not starving or mu.waiters == 0:
                mu.starving = False
            return
        awoke, round_ = True, 0


def unlock_slow(mu: Mutex) -> Steps:
    """mutex.go: unlockSlow; the lock is given up already."""
    if mu.starving:
        yield Semrelease(None, mu.sema, handoff=True)
    elif mu.waiters and not (mu.locked or mu.woken):
        mu.waiters -= 1
        mu.woken = True
        yield Semrelease(None, mu.sema, handoff=False)


def once_do(once: Once, body: Callable[[], Body]) -> Steps:
    """once.go: doSlow. It counts as done even if the function panics."""
    if once.is_done:
        return
    yield once.m.lock()
    try:
        if not once.is_done:
            try:
                yield from body()
            finally:
                once.is_done = True
    finally:
        yield once.m.unlock()


def _try_lock(mu: Mutex) -> Steps:
    if mu.locked or mu.starving:
        return False
    mu.locked = True
    return True
    yield  # a body is a generator


def _lock_writer(rw: RWMutex) -> Steps:
    yield rw.w.lock()
    readers = rw.readers
    rw.readers -= _MOST_READERS
    if readers:
        rw.readers_leaving += readers
        if rw.readers_leaving:
            yield Semacquire(None, rw.writer_sema, lifo=False, why="sync.RWMutex.Lock")


def _unlock_writer(rw: RWMutex) -> Steps:
    rw.readers += _MOST_READERS
    if rw.readers >= _MOST_READERS:
        yield Panic(None, "fatal error: sync: Unlock of unlocked RWMutex")
    for _ in range(rw.readers):
        yield Semrelease(None, rw.readers_sema, handoff=False)
    yield rw.w.unlock()


def _lock_reader(rw: RWMutex) -> Steps:
    rw.readers += 1
    if rw.readers < 0:
        yield Semacquire(None, rw.readers_sema, lifo=False, why="sync.RWMutex.RLock")


def _unlock_reader(rw: RWMutex) -> Steps:
    rw.readers -= 1
    if rw.readers < 0:
        if rw.readers + 1 in (0, -_MOST_READERS):
            yield Panic(None, "fatal error: sync: RUnlock of unlocked RWMutex")
        rw.readers_leaving -= 1
        if rw.readers_leaving == 0:
            yield Semrelease(None, rw.writer_sema, handoff=False)


def _add(wg: WaitGroup, n: int) -> Steps:
    wg.count += n
    if wg.count < 0:
        yield Panic(None, "panic: sync: negative WaitGroup counter")
    if wg.count == 0 and wg.waiters:
        waiting, wg.waiters = wg.waiters, 0
        for _ in range(waiting):
            yield Semrelease(None, wg.sema, handoff=False)


def _wait(wg: WaitGroup) -> Steps:
    if wg.count:
        wg.waiters += 1
        yield Semacquire(None, wg.sema, lifo=False, why="sync.WaitGroup.Wait")


def _wait_for_notice(cond: Cond) -> Steps:
    ticket = Ticket()
    cond.tickets.append(ticket)
    yield cond.mutex.unlock()
    yield NotifyWait(None, ticket)
    yield cond.mutex.lock()
