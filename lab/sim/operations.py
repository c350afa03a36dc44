"""What each operation does to the scheduler, and how long it takes: the table, the CPU, system calls, the network.

Until the collector comes, an allocation costs its time and nothing else; until the kernel layer comes, threads
never wait for a CPU, and a spin takes what it says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from lab.sim import operation as op
from lab.sim.channel import GoPanicError
from lab.sim.clock import Steps, trigger_at
from lab.sim.exchange import Exchange
from lab.sim.result import STOPPED
from lab.sim.state import Goroutine, M
from lab.sim.status import GEvent, next_status
from lab.sim.sysmon import Sysmon
from lab.sim.threads import Threads

Spawn = Callable[[Callable[..., op.Body], tuple[Any, ...]], Goroutine]


class Operations:
    """Performs operations. *spawn* makes a new G. A panic of the program is a :class:`GoPanicError`."""

    def __init__(self, threads: Threads, sysmon: Sysmon, exchange: Exchange, spawn: Spawn) -> None:
        self._threads = threads
        self._clock = threads.clock
        self._cost = threads.cost
        self._sysmon = sysmon
        self._spawn = spawn
        self.masks_deadlock = False
        self._instant: Final[dict[type[op.Operation], Callable[[M, Goroutine, Any], Any]]] = {
            **exchange.table,
            op.Go: self._go,
            op.Gosched: self._gosched,
            op.Block: self._block,
            op.Panic: self._panic,
            op.Goexit: self._goexit,
            op.Netwait: self._netwait,
            op.LockOSThread: self._lock_thread,
            op.UnlockOSThread: self._unlock_thread,
        }
        self._lasting: Final[dict[type[op.Operation], Callable[[M, Goroutine, Any], Steps]]] = {
            op.Work: self._work,
            op.Spin: self._spin,
            op.SpinUntil: self._spin_until,
            op.Touch: self._touch,
            op.Alloc: self._alloc,
            op.Syscall: self._syscall,
        }

    def perform(self, m: M, g: Goroutine, operation: op.Operation) -> Steps:
        """Do it; its result, or STOPPED."""
        if (instant := self._instant.get(type(operation))) is not None:
            return instant(m, g, operation)
        return (yield from self._lasting[type(operation)](m, g, operation))

    # At once

    def _go(self, m: M, _g: Goroutine, operation: op.Go) -> object:
        m.clock += self._cost("go")
        made = self._spawn(operation.fn, operation.args)
        self._threads.put_next(m, made)
        return made.handle

    def _gosched(self, m: M, g: Goroutine, _operation: op.Gosched) -> object:
        self._threads.preempted(m, g)
        return STOPPED

    def _block(self, _m: M, g: Goroutine, _operation: op.Block) -> object:
        self._threads.park(g, "select (no cases)")
        return STOPPED

    def _panic(self, _m: M, _g: Goroutine, operation: op.Panic) -> object:
        raise GoPanicError(operation.text)

    def _goexit(self, _m: M, g: Goroutine, _operation: op.Goexit) -> object:
        g.exiting = True
        return None

    def _netwait(self, m: M, g: Goroutine, operation: op.Netwait) -> object:
        state = self._threads.state
        state.netpoll_inited = True
        state.net_waiters += 1
        self._threads.park(g, "IO wait")
        if operation.ns is not None:
            state.net_pending += 1
            arrival = self._clock.timeout(m.clock + operation.ns - int(self._clock.now))
            arrival.callbacks.append(lambda _: self._threads.arrived(g))
        return STOPPED

    def _lock_thread(self, m: M, g: Goroutine, _operation: op.LockOSThread) -> object:
        g.lock_depth += 1
        g.locked_m, m.locked_g = m, g
        return None

    def _unlock_thread(self, m: M, g: Goroutine, _operation: op.UnlockOSThread) -> object:
        if g.lock_depth:
            g.lock_depth -= 1
        if g.lock_depth == 0:
            g.locked_m = m.locked_g = None
        return None

    # On the CPU

    def _work(self, m: M, g: Goroutine, operation: op.Work) -> Steps:
        spent = yield from self._preemptibly(m, g, operation.ns)
        return self._stopped(m, g, None if spent is None else op.Work(operation.maker, operation.ns - spent))

    def _spin(self, m: M, g: Goroutine, operation: op.Spin) -> Steps:
        return (yield from self._spin_until(m, g, op.SpinUntil(operation.maker, m.clock + operation.ns)))

    def _spin_until(self, m: M, g: Goroutine, operation: op.SpinUntil) -> Steps:
        spent = yield from self._preemptibly(m, g, max(operation.until - m.clock, 0))
        return self._stopped(m, g, None if spent is None else operation)

    def _alloc(self, m: M, g: Goroutine, operation: op.Alloc) -> Steps:
        ns = self._cost("alloc", {"bytes": max(operation.nbytes, 1)})
        return (yield from self._work(m, g, op.Work(operation.maker, ns)))

    def _touch(self, m: M, g: Goroutine, operation: op.Touch) -> Steps:
        """A fault that has begun is finished, signal or not.

        A fault's cost is drawn once for a whole touch: what was calibrated is the mean over many pages.
        """
        if g.left is None:
            g.fault = max(self._cost("fault", {"page": operation.page}), 1)
        begun = m.clock
        spent = yield from self._preemptibly(m, g, operation.pages * g.fault)
        if spent is None:
            return self._stopped(m, g, None)
        done = min(-(-spent // g.fault), operation.pages)
        m.clock = begun + done * g.fault
        yield from self._threads.catch_up(m)
        return self._stopped(m, g, op.Touch(operation.maker, operation.pages - done, operation.page))

    def _stopped(self, m: M, g: Goroutine, left: op.Operation | None) -> object:
        """The end of an operation, or of a part of it after which the G is preempted."""
        g.left = left
        if left is None:
            return None
        self._threads.preempted(m, g)
        return STOPPED

    def _preemptibly(self, m: M, g: Goroutine, ns: int) -> Steps:
        """Let *ns* pass on the CPU; None, or how much had passed when the signal came."""
        begun, end = m.clock, m.clock + ns
        if end < self._clock.peek():
            m.clock = end
            return None
        alarm = self._clock.event()
        trigger_at(self._clock, alarm, end)
        self._sysmon.preemptible[m.id] = (g, alarm)
        yield alarm
        del self._sysmon.preemptible[m.id]
        m.clock = int(self._clock.now)
        return m.clock - begun if m.clock < end else None

    # Off the CPU

    def _syscall(self, m: M, g: Goroutine, operation: op.Syscall) -> Steps:
        """proc.go: entersyscall, exitsyscall. The P stays, until sysmon takes it."""
        state, old = self._threads.state, m.p
        self.masks_deadlock = self.masks_deadlock or operation.is_cgo
        g.status = next_status(g.status, GEvent.ENTER_SYSCALL)
        self._sysmon.wake(m)
        if operation.ns is None:
            state.stuck += 1
            yield from self._threads.catch_up(m)
            yield self._clock.event()  # it never returns
            raise AssertionError("a system call that never returns has returned")
        m.clock += operation.ns + self._cost("syscall")
        yield from self._threads.catch_up(m)
        if m.p is None and state.idle_ps:
            p = old if old in state.idle_ps else state.idle_ps[-1]
            state.idle_ps.remove(p)
            self._threads.acquire(m, p)
            self._sysmon.wake(m)
        if m.p is None:
            g.status = next_status(g.status, GEvent.LOSE_P)
            state.runq.append(g)
            return STOPPED
        m.p.syscalltick += 1
        g.status = next_status(g.status, GEvent.EXIT_SYSCALL)
        return None
