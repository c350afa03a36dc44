"""What each operation does to the scheduler, and how long it takes: the table, the CPU, system calls, the network.

Until the collector comes, an allocation costs its time and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from lab.sim import operation as op
from lab.sim import sched
from lab.sim.clock import Steps
from lab.sim.exchange import Exchange
from lab.sim.mistakes import MistakeError
from lab.sim.netpoll import Netpoll
from lab.sim.opening import Opening
from lab.sim.result import LASTS, STOPPED, GoPanicError
from lab.sim.state import Goroutine, M
from lab.sim.status import RUNNABLE, RUNNING, SYSCALL
from lab.sim.sysmon import Sysmon
from lab.sim.thread import NEVER
from lab.sim.threads import Threads
from lab.sim.unwind import GoexitError, unwind

Spawn = Callable[[Callable[..., op.Body], tuple[Any, ...], M], Goroutine]


class Operations:
    """``table`` has what performs each operation. *spawn* makes a new G. A program's panic is a GoPanicError."""

    def __init__(
        self, threads: Threads, netpoll: Netpoll, sysmon: Sysmon, exchange: Exchange, spawn: Spawn
    ) -> None:
        self._threads = threads
        self._netpoll = netpoll
        self._clock = threads.kernel.clock
        self._kernel = threads.kernel
        self._cost = threads.cost
        self._sysmon = sysmon
        self._spawn = spawn
        self._go_anew, self._go_again = threads.cost.source("go_cold"), threads.cost.source("go_new")
        self._opening = Opening(threads.cost, threads.state)
        self._syscall_cost = threads.cost.source("syscall")
        self.masks_deadlock = False
        self.in_no_time = 0
        """How often a G has worked for 0 ns."""
        self.most_in_no_time = 0
        self.table: Final[dict[type, Callable[[M, Goroutine, Any], Any]]] = {
            **exchange.table,
            op.Go: self._go,
            op.Gosched: self._gosched,
            op.Block: self._block,
            op.Panic: self._panic,
            op.Goexit: self._goexit,
            op.Netwait: self._netwait,
            op.LockOSThread: self._lock_thread,
            op.UnlockOSThread: self._unlock_thread,
            op.LeftSyscall: self._left_syscall,
            op.Work: self._work,
            op.Spin: self._spin,
            op.Touch: self._touch,
            op.Alloc: self._alloc,
            op.Syscall: self._syscall,
            op.Open: self._open,
        }

    # At once

    def _go(self, m: M, _g: Goroutine, operation: op.Go) -> object:
        made = self._spawn(operation.fn, operation.args, m)
        self._threads.put_next(m, made)
        state = self._threads.state
        if state.dead_gs:
            state.dead_gs -= 1
            m.clock += self._go_again()
        else:  # it needs a stack
            m.clock += self._go_anew()
        return made.handle

    def _gosched(self, m: M, g: Goroutine, _operation: op.Gosched) -> object:
        self._threads.preempted(m, g, "runtime.Gosched")
        return STOPPED

    def _block(self, m: M, g: Goroutine, _operation: op.Block) -> object:
        self._threads.park(m, g, "select (no cases)")
        return STOPPED

    def _panic(self, _m: M, _g: Goroutine, operation: op.Panic) -> object:
        raise GoPanicError(operation.text)

    def _goexit(self, _m: M, g: Goroutine, _operation: op.Goexit) -> object:
        g.exited = True
        unwind(g, GoexitError())
        return None

    def _netwait(self, m: M, g: Goroutine, operation: op.Netwait) -> object:
        state = self._threads.state
        state.netpoll_inited = True
        state.net_waiters += 1
        self._threads.park(m, g, "IO wait")
        if operation.ns is not None:
            state.net_pending += 1
            self._clock.later(m.clock + operation.ns - int(self._clock.now), lambda: self._netpoll.arrived(g))
        return STOPPED

    def _lock_thread(self, m: M, g: Goroutine, operation: op.LockOSThread) -> object:
        if operation.is_internal:
            g.is_locked_inside = True
        else:
            g.lock_depth += 1
            m.is_changed = True
            self._threads.template.start(m)
        g.locked_m, m.locked_g = m, g
        return None

    def _unlock_thread(self, m: M, g: Goroutine, operation: op.UnlockOSThread) -> object:
        if operation.is_internal:
            g.is_locked_inside = False
        elif g.lock_depth:
            g.lock_depth -= 1
            m.is_changed = g.lock_depth > 0
        if g.lock_depth == 0 and not g.is_locked_inside:
            g.locked_m = m.locked_g = None
        return None

    def _left_syscall(self, m: M, _g: Goroutine, _operation: op.LeftSyscall) -> object:
        assert m.p is not None  # noqa: S101 - it runs
        m.p.syscalltick += 1
        return None

    # On the CPU

    def _pass_no_time(self) -> None:
        """Work of nothing, again and again, would never end."""
        self.in_no_time += 1
        if self.in_no_time > self.most_in_no_time:
            raise MistakeError(f"has done nothing {self.in_no_time:,} times")

    def _work(self, m: M, g: Goroutine, operation: op.Work) -> object:
        if operation.ns == 0:
            self._pass_no_time()
            return None
        end = m.clock + operation.ns
        if end < self._clock.horizon:
            m.clock = end
            return None
        m.doing = self._works(m, g, operation)
        return LASTS

    def _works(self, m: M, g: Goroutine, operation: op.Work) -> Steps:
        spent = yield from self._preemptibly(m, g, operation.ns)
        if spent is None:
            return None
        operation.ns -= spent
        return self._stopped(m, g, operation)

    def _spin(self, m: M, g: Goroutine, operation: op.Spin) -> object:
        operation.until = operation.until or m.clock + operation.ns
        m.doing = self._spins(m, g, operation)
        return LASTS

    def _spins(self, m: M, g: Goroutine, operation: op.Spin) -> Steps:
        """The wall's clock goes on while the thread waits for a CPU."""
        m.until = operation.until
        spent = yield from self._preemptibly(m, g, max(operation.until - m.clock, 0))
        m.until = NEVER
        return None if spent is None else self._stopped(m, g, operation)

    def _alloc(self, m: M, g: Goroutine, operation: op.Alloc) -> object:
        operation.ns = operation.ns or self._cost("alloc", {"bytes": max(operation.nbytes, 1)})
        m.doing = self._works(m, g, operation)  # type: ignore[arg-type]  # what both have is ns
        return LASTS

    def _touch(self, m: M, g: Goroutine, operation: op.Touch) -> object:
        """A fault's cost is drawn once for a whole touch: what was calibrated is the mean over many pages."""
        operation.fault = operation.fault or max(self._cost("fault", {"page": operation.page}), 1)
        m.doing = self._touches(m, g, operation)
        return LASTS

    def _touches(self, m: M, g: Goroutine, operation: op.Touch) -> Steps:
        """A fault that has begun is finished, signal or not."""
        fault = operation.fault
        spent = yield from self._preemptibly(m, g, operation.pages * fault)
        if spent is None:
            return None
        done = min(-(-spent // fault), operation.pages)
        operation.pages -= done
        m.clock += done * fault - spent
        yield from self._threads.catch_up(m)
        return self._stopped(m, g, operation)

    def _stopped(self, m: M, g: Goroutine, left: op.Operation) -> object:
        """The G is preempted, and has the rest of its operation to come."""
        g.left = left
        self._threads.preempted(m, g, "preempted")
        return STOPPED

    def _preemptibly(self, m: M, g: Goroutine, ns: int) -> Steps:
        """Let *ns* pass on the CPU; None, or how much had passed when the signal came."""
        m.clock += ns
        if m.clock < self._clock.peek():
            return None
        self._sysmon.preemptible[m.id] = g
        yield from self._kernel.reach(m)
        del self._sysmon.preemptible[m.id]
        if not m.cut:
            return None
        left, m.cut = m.cut, 0
        return ns - left

    # Off the CPU

    def _syscall(self, m: M, g: Goroutine, operation: op.Syscall) -> object:
        self.masks_deadlock = self.masks_deadlock or operation.is_cgo
        why = "cgo call" if operation.is_cgo else "system call"
        m.doing = self._calls(m, g, operation.ns, operation.cpu, why)
        return LASTS

    def _open(self, m: M, g: Goroutine, operation: op.Open) -> object:
        ns = self._opening.takes(operation)
        m.doing = self._calls(m, g, ns, ns)
        return LASTS

    def _calls(self, m: M, g: Goroutine, ns: int | None, cpu: int, why: str = "system call") -> Steps:
        """proc.go: entersyscall, exitsyscall. The P stays, until sysmon takes it."""
        threads, state = self._threads, self._threads.state
        threads.move(m, g, SYSCALL, why)
        self._sysmon.wake(m)
        if ns is None:
            state.stuck += 1
            yield from threads.catch_up(m)
            threads.check_dead(m)
            yield from self._kernel.sleep(m)
            raise AssertionError("a system call that never returns has returned")
        m.old_p = m.p
        m.clock += cpu + self._syscall_cost()
        if cpu < ns:
            yield from self._kernel.reach(m)
            yield from self._kernel.sleep(m, m.clock + ns - cpu)
        yield from threads.catch_up(m)
        if m.p is None:
            self._try_get_p(m)
        if m.p is None:
            threads.move(m, g, RUNNABLE)
            state.runq.append(g)
            g.left = op.LeftSyscall(None)
            return STOPPED
        m.p.syscalltick += 1
        threads.move(m, g, RUNNING)
        return None

    def _try_get_p(self, m: M) -> None:
        """proc.go: exitsyscallTryGetP. The P that it had, where that sits in another's system call; else an idle one."""
        old, state = m.old_p, self._threads.state
        if old is not None and sched.is_in_syscall(old):
            self._threads.take_p(old, by=m)
            self._threads.acquire(m, old)
        elif state.idle_ps:
            self._threads.acquire(m, state.idle_ps.pop())
            self._sysmon.wake(m)
