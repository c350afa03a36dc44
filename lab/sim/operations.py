"""What each operation of a program does to the scheduler, and how long it takes.

Not modelled yet: locks, select, the collector, the network, cgo, and threads that outnumber CPUs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from lab.sim import channel, program
from lab.sim.clock import Steps, trigger_at
from lab.sim.state import Goroutine, M, Timer
from lab.sim.status import GEvent, next_status
from lab.sim.sysmon import Sysmon
from lab.sim.threads import Threads

STOPPED: Final = object()
"""The G no longer runs on this M: it parked, was preempted, or lost its P."""


class Operations:
    """Performs operations. *spawn* makes a new G; a panic of the program is a :class:`~lab.sim.channel.GoPanicError`."""

    def __init__(self, threads: Threads, sysmon: Sysmon, spawn: Callable[[program.Go], Goroutine]) -> None:
        self._threads = threads
        self._clock = threads.clock
        self._cost = threads.cost
        self._sysmon = sysmon
        self._spawn = spawn
        self._instant: dict[type[program.Operation], Callable[[M, Goroutine, Any], Any]] = {
            program.Go: self._go,
            program.Send: self._send,
            program.Recv: self._recv,
            program.Close: self._close,
            program.StopTicker: self._stop_ticker,
            program.Sleep: self._sleep,
            program.Gosched: self._gosched,
            program.Block: self._block,
        }
        self._lasting: dict[type[program.Operation], Callable[[M, Goroutine, Any], Steps]] = {
            program.Work: self._work,
            program.Touch: self._touch,
            program.Syscall: self._syscall,
        }

    def perform(self, m: M, g: Goroutine, operation: program.Operation) -> Steps:
        """Do it; its result, or STOPPED."""
        if (instant := self._instant.get(type(operation))) is not None:
            return instant(m, g, operation)
        return (yield from self._lasting[type(operation)](m, g, operation))

    def _parked(self, g: Goroutine, why: str) -> object:
        self._threads.park(g, why)
        return STOPPED

    # Operations that take no time of their own

    def _go(self, m: M, _g: Goroutine, operation: program.Go) -> object:
        m.clock += self._cost("go")
        made = self._spawn(operation)
        self._threads.put_next(m, made)
        return made.handle

    def _send(self, m: M, g: Goroutine, operation: program.Send) -> object:
        m.clock += self._cost("chan_op")
        done = channel.send(operation.chan, operation.value)
        if done is channel.BLOCKS:
            operation.chan.senders.append(channel.Waiter(g, operation.value))
            return self._parked(g, "chan send")
        if isinstance(done, channel.Waiter):
            self._threads.ready(m, done.g)
        return None

    def _recv(self, m: M, g: Goroutine, operation: program.Recv) -> object:
        m.clock += self._cost("chan_op")
        chan, timer = operation.chan, operation.chan.timer
        if timer is not None and timer.p is None and timer.when and timer.when <= m.clock:
            self._threads.fire(m, timer)  # time.go: maybeRunChan
        value, sender = channel.receive(chan)
        if sender is not None:
            self._threads.ready(m, sender.g)
        if value is not channel.BLOCKS:
            return value
        chan.receivers.append(channel.Waiter(g))
        if timer is not None:
            timer.blocked += 1
            g.unblocks = timer
            if timer.blocked == 1 and timer.when:
                self._threads.add_timer(m, timer)
        return self._parked(g, "chan receive")

    def _close(self, m: M, _g: Goroutine, operation: program.Close) -> object:
        m.clock += self._cost("chan_op")
        for waiting in channel.close(operation.chan):
            self._threads.ready(m, waiting)
        return None

    def _stop_ticker(self, _m: M, _g: Goroutine, operation: program.StopTicker) -> object:
        operation.chan.timer.when = 0
        operation.chan.timer.p = None
        operation.chan.buffer.clear()
        return None

    def _sleep(self, m: M, g: Goroutine, operation: program.Sleep) -> object:
        if operation.ns == 0:
            return None
        self._threads.add_timer(m, Timer(when=m.clock + operation.ns, period=0, wakes=g))
        return self._parked(g, "sleep")

    def _gosched(self, m: M, g: Goroutine, _operation: program.Gosched) -> object:
        self._threads.preempted(m, g)
        return STOPPED

    def _block(self, _m: M, g: Goroutine, _operation: program.Block) -> object:
        return self._parked(g, "select (no cases)")

    # Operations that take time

    def _work(self, m: M, g: Goroutine, operation: program.Work) -> Steps:
        spent = yield from self._preemptibly(m, g, operation.ns)
        if spent is None:
            g.left = None
            return None
        g.left = program.Work(operation.maker, operation.ns - spent)
        self._threads.preempted(m, g)
        return STOPPED

    def _touch(self, m: M, g: Goroutine, operation: program.Touch) -> Steps:
        """A fault that has begun is finished, signal or not.

        A fault's cost is drawn once for a whole touch: what was calibrated is the mean over many pages.
        """
        if g.left is None:
            g.fault = max(self._cost("fault", {"page": operation.page}), 1)
        begun = m.clock
        spent = yield from self._preemptibly(m, g, operation.pages * g.fault)
        if spent is None:
            g.left = None
            return None
        done = min(-(-spent // g.fault), operation.pages)
        m.clock = begun + done * g.fault
        yield from self._threads.catch_up(m)
        g.left = program.Touch(operation.maker, operation.pages - done, operation.page)
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

    def _syscall(self, m: M, g: Goroutine, operation: program.Syscall) -> Steps:
        """proc.go: entersyscall, exitsyscall. The P stays, until sysmon takes it."""
        old, idle = m.p, self._threads.state.idle_ps
        g.status = next_status(g.status, GEvent.ENTER_SYSCALL)
        self._sysmon.wake(m)
        m.clock += operation.ns + self._cost("syscall")
        yield from self._threads.catch_up(m)
        if m.p is None and idle:
            p = old if old in idle else idle[-1]
            idle.remove(p)
            self._threads.acquire(m, p)
            self._sysmon.wake(m)
        if m.p is None:
            g.status = next_status(g.status, GEvent.LOSE_P)
            self._threads.state.runq.append(g)
            return STOPPED
        m.p.syscalltick += 1
        g.status = next_status(g.status, GEvent.EXIT_SYSCALL)
        return None
