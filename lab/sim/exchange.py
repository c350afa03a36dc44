"""Operations by which goroutines meet: channels, select, timers, and package sync on its semaphores.

None takes time of its own beyond its cost; what waits is parked, and whoever serves it makes it ready.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from lab.sim import channel, sync
from lab.sim import operation as op
from lab.sim.channel import GoPanicError
from lab.sim.program import Chan, GoTimer
from lab.sim.result import STOPPED
from lab.sim.state import Goroutine, M, Timer
from lab.sim.status import GEvent, next_status
from lab.sim.threads import Threads

_MOST_SPINS: Final = 4
"""Rounds of active spinning. proc.go: active_spin."""


class Exchange:
    """``table`` has what performs each of these operations. *cpus* are those the process may use at its start."""

    def __init__(
        self,
        threads: Threads,
        select_source: random.Random,
        spawn: Callable[[Callable[..., op.Body], tuple[Any, ...]], Goroutine],
        *,
        cpus: int,
    ) -> None:
        self._threads = threads
        self._cost = threads.cost
        self._select_source = select_source
        self._spawn = spawn
        self._cpus = cpus
        self.table: Mapping[type[op.Operation], Callable[[M, Goroutine, Any], Any]] = {
            op.Send: self._send,
            op.Recv: self._recv,
            op.Close: self._close,
            op.Select: self._select,
            op.Sleep: self._sleep,
            op.StopTimer: self._stop_timer,
            op.ResetTimer: self._reset_timer,
            op.AfterFunc: self._after_func,
            op.Call: self._call,
            op.OnceDo: self._once,
            op.Lock: self._lock,
            op.Unlock: self._unlock,
            op.Semacquire: self._semacquire,
            op.Semrelease: self._semrelease,
            op.Pause: self._pause,
            op.MaySpin: self._may_spin,
            op.Now: lambda m, _g, _operation: m.clock,
            op.NotifyWait: self._notify_wait,
            op.Notify: self._notify,
        }

    def _parked(self, g: Goroutine, why: str) -> object:
        self._threads.park(g, why)
        return STOPPED

    # Channels

    def _send(self, m: M, g: Goroutine, operation: op.Send) -> object:
        m.clock += self._cost("chan_op")
        chan = operation.chan
        if chan.is_nil:
            return self._parked(g, "chan send (nil chan)")
        done = channel.send(chan, operation.value)
        if done is channel.BLOCKS:
            chan.senders.append(channel.Waiter(g, operation.value))
            return self._parked(g, "chan send")
        if isinstance(done, channel.Waiter):
            self._threads.ready(m, done.g)
        return None

    def _recv(self, m: M, g: Goroutine, operation: op.Recv) -> object:
        m.clock += self._cost("chan_op")
        if operation.chan.is_nil:
            return self._parked(g, "chan receive (nil chan)")
        value = self._received(m, operation.chan)
        if value is not channel.BLOCKS:
            return value
        operation.chan.receivers.append(channel.Waiter(g))
        self._block_on(m, g, operation.chan)
        return self._parked(g, "chan receive")

    def _received(self, m: M, chan: Chan) -> object:
        """A value or BLOCKS; an overdue timer that is in no heap is run by the receiver (time.go: maybeRunChan)."""
        timer = chan.timer
        if timer is not None and timer.p is None and 0 < timer.when <= m.clock:
            self._threads.fire(m, timer)
        value, sender = channel.receive(chan)
        if sender is not None:
            self._threads.ready(m, sender.g)
        return value

    def _block_on(self, m: M, g: Goroutine, chan: Chan) -> None:
        """time.go: blockTimerChan. A channel's timer is in a heap only while somebody blocks on it."""
        timer = chan.timer
        if timer is None:
            return
        timer.blocked += 1
        g.unblocks.append(timer)
        if timer.blocked == 1 and timer.when:
            self._threads.add_timer(m, timer)

    def _close(self, m: M, _g: Goroutine, operation: op.Close) -> object:
        m.clock += self._cost("chan_op")
        for waiting in channel.close(operation.chan):
            self._threads.ready(m, waiting)
        return None

    def _select(self, m: M, g: Goroutine, operation: op.Select) -> object:
        """select.go: selectgo. First a pass in random order; then, without a default, a place in every queue."""
        live = [
            (i, case) for i, case in enumerate(operation.cases) if case is not None and not case.chan.is_nil
        ]
        m.clock += self._cost("chan_op") * max(len(live), 1)
        order = live[:]
        self._select_source.shuffle(order)
        for index, case in order:
            if (found := self._tried(m, case)) is not channel.BLOCKS:
                return (index, found)
        if operation.default:
            return (-1, None)
        selection = channel.Selection()
        for index, case in live:
            is_send = isinstance(case, op.Send)
            queue = case.chan.senders if is_send else case.chan.receivers
            queue.append(
                channel.Waiter(g, case.value if isinstance(case, op.Send) else None, selection, index)
            )
            if not is_send:
                self._block_on(m, g, case.chan)
        return self._parked(g, "select" if operation.cases else "select (no cases)")

    def _tried(self, m: M, case: op.Send | op.Recv) -> object:
        if isinstance(case, op.Recv):
            return self._received(m, case.chan)
        done = channel.send(case.chan, case.value)
        if isinstance(done, channel.Waiter):
            self._threads.ready(m, done.g)
            return None
        return done

    # Timers

    def _sleep(self, m: M, g: Goroutine, operation: op.Sleep) -> object:
        if operation.ns == 0:
            return None
        self._threads.add_timer(m, Timer(when=m.clock + operation.ns, period=0, wakes=g))
        return self._parked(g, "sleep")

    def _after_func(self, m: M, _g: Goroutine, operation: op.AfterFunc) -> object:
        spawns = partial(self._spawn, operation.fn, operation.args)
        timer = Timer(when=m.clock + max(operation.ns, 1), period=0, spawns=spawns)
        self._threads.add_timer(m, timer)
        return GoTimer(timer, None)

    def _stop_timer(self, m: M, _g: Goroutine, operation: op.StopTimer) -> bool:
        """time.go: stop. A value that nobody has received counts as not yet fired (Go 1.23+)."""
        timer: Timer = operation.timer
        m.clock += self._cost("timer_add")
        was_running = timer.when > 0 or bool(timer.chan is not None and timer.chan.buffer)
        timer.when = 0
        timer.p = None
        if timer.chan is not None:
            timer.chan.buffer.clear()
        return was_running

    def _reset_timer(self, m: M, g: Goroutine, operation: op.ResetTimer) -> bool:
        """time.go: modify."""
        was_running = self._stop_timer(m, g, op.StopTimer(None, operation.timer))
        timer: Timer = operation.timer
        timer.when, timer.period = m.clock + max(operation.ns, 1), operation.period
        if timer.chan is None or timer.blocked:
            self._threads.add_timer(m, timer)
        return was_running

    # Package sync

    def _enter(self, g: Goroutine, body: Any) -> None:  # noqa: ANN401 - a generator of operations
        g.callers.append(g.body)
        g.body = body

    def _call(self, m: M, g: Goroutine, operation: op.Call) -> None:
        m.clock += self._cost("sync")
        self._enter(g, operation.body())

    def _once(self, m: M, g: Goroutine, operation: op.OnceDo) -> None:
        m.clock += self._cost("sync")
        if not operation.once.is_done:
            self._enter(g, sync.once_do(operation.once, partial(operation.fn, g.handle, *operation.args)))

    def _lock(self, m: M, g: Goroutine, operation: op.Lock) -> None:
        m.clock += self._cost("sync")
        mu = operation.mutex
        if mu.locked or mu.woken or mu.starving or mu.waiters:
            self._enter(g, sync.lock_slow(mu))
        else:
            mu.locked = True

    def _unlock(self, m: M, g: Goroutine, operation: op.Unlock) -> None:
        m.clock += self._cost("sync")
        mu = operation.mutex
        if not mu.locked:
            raise GoPanicError("fatal error: sync: unlock of unlocked mutex")
        mu.locked = False
        if mu.woken or mu.starving or mu.waiters:
            self._enter(g, sync.unlock_slow(mu))

    def _semacquire(self, m: M, g: Goroutine, operation: op.Semacquire) -> object:
        m.clock += self._cost("sema")
        sema = operation.sema
        if sema.value:
            sema.value -= 1
            return None
        (sema.waiters.appendleft if operation.lifo else sema.waiters.append)(g)
        return self._parked(g, operation.why)

    def _semrelease(self, m: M, g: Goroutine, operation: op.Semrelease) -> object:
        """sema.go: semrelease1. A handed-off waiter runs at once, in what is left of this time slice (goyield)."""
        m.clock += self._cost("sema")
        sema = operation.sema
        if not sema.waiters:
            sema.value += 1
            return None
        self._threads.ready(m, sema.waiters.popleft())
        if not operation.handoff:
            return None
        assert m.p is not None  # noqa: S101 - it runs Go code
        g.status = next_status(g.status, GEvent.PREEMPT)
        m.p.runq.append(g)
        return STOPPED

    def _pause(self, m: M, _g: Goroutine, _operation: op.Pause) -> None:
        m.clock += self._cost("pause_round")

    def _may_spin(self, m: M, _g: Goroutine, operation: op.MaySpin) -> bool:
        state, p = self._threads.state, m.p
        assert p is not None  # noqa: S101 - it runs Go code
        if operation.round >= _MOST_SPINS or self._cpus <= 1:
            return False
        if state.gomaxprocs <= len(state.idle_ps) + state.nmspinning + 1:
            return False
        return not p.runq and p.runnext is None

    def _notify_wait(self, _m: M, g: Goroutine, operation: op.NotifyWait) -> object:
        ticket: sync.Ticket = operation.ticket
        if ticket.called:
            return None
        ticket.g = g
        return self._parked(g, "sync.Cond.Wait")

    def _notify(self, m: M, _g: Goroutine, operation: op.Notify) -> None:
        m.clock += self._cost("sema")
        tickets = operation.cond.tickets
        for _ in range(len(tickets) if operation.all else min(1, len(tickets))):
            ticket = tickets.popleft()
            ticket.called = True
            if ticket.g is not None:
                self._threads.ready(m, ticket.g)
