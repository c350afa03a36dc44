"""Operations by which goroutines meet: channels, select, timers, and package sync on its semaphores.

None takes time of its own beyond its cost; what waits is parked, and whoever serves it makes it ready.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from lab.sim import channel, sched, sync
from lab.sim import operation as op
from lab.sim.mistakes import MistakeError, place_of
from lab.sim.program import Chan, GoTimer
from lab.sim.result import STOPPED, GoPanicError
from lab.sim.state import Goroutine, M, Timer
from lab.sim.status import RUNNABLE
from lab.sim.threads import Threads

_MOST_SPINS: Final = 4
"""Rounds of active spinning. proc.go: active_spin."""


class Exchange:
    """``table`` has what performs each of these operations. *cpus* are those the process may use at its start."""

    def __init__(
        self,
        threads: Threads,
        select_source: random.Random,
        spawn: Callable[[Callable[..., op.Body], tuple[Any, ...], M], Goroutine],
        *,
        cpus: int,
    ) -> None:
        self._threads = threads
        self._chan_op = threads.cost.source("chan_op")
        self._chan_handed = threads.cost.source("chan_handed")
        self._cost = threads.cost
        self._timer_add = threads.cost.source("timer_add")
        self._sync = threads.cost.source("sync")
        self._sema = threads.cost.source("sema_handed")
        self._pause_round = threads.cost.source("pause_round")
        self._select_source = select_source
        self._spawn = spawn
        self._cpus = cpus
        self.cases = 0
        """Operations that were given to a select."""
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

    def _parked(self, m: M, g: Goroutine, why: str) -> object:
        self._threads.park(m, g, why)
        return STOPPED

    # Channels. What an operation costs passes after its effect (threads).

    def _send(self, m: M, g: Goroutine, operation: op.Send) -> object:
        chan = operation.chan
        if chan.is_nil:
            return self._parked(m, g, "chan send (nil chan)")
        result = None
        done = channel.send(chan, operation.value)
        if done is channel.BLOCKS:
            chan.senders.append(g)
            g.sends = operation.value
            self._threads.park(m, g, "chan send")
            result = STOPPED
        elif done is not None:
            self._threads.ready(m, done)
        m.clock += self._chan_op() if done is None else self._chan_handed()
        return result

    def _recv(self, m: M, g: Goroutine, operation: op.Recv) -> object:
        chan = operation.chan
        if chan.is_nil:
            return self._parked(m, g, "chan receive (nil chan)")
        value, sender = channel.receive(chan) if chan.timer is None else self._received(m, chan)
        if value is channel.BLOCKS:
            chan.receivers.append(g)
            self._threads.park(m, g, "chan receive")
            if chan.timer is not None:
                self._block_on(m, g, chan.timer)
            value = STOPPED
        elif sender is not None:
            self._threads.ready(m, sender)
        m.clock += self._chan_op() if sender is None and value is not STOPPED else self._chan_handed()
        return value

    def _received(self, m: M, chan: Chan) -> tuple[Any, Goroutine | None]:
        """As channel.receive; an overdue timer that is in no heap is run by the receiver (time.go: maybeRunChan)."""
        timer = chan.timer
        if timer is not None and timer.p is None and timer.when is not None and timer.when <= m.clock:
            self._threads.fire(m, timer)
        return channel.receive(chan)

    def _block_on(self, m: M, g: Goroutine, timer: Timer) -> None:
        """time.go: blockTimerChan. A channel's timer belongs in a heap only while somebody blocks on it."""
        timer.blocked += 1
        g.unblocks = (*g.unblocks, timer)
        if timer.when is not None:
            sched.set_zombie(timer, to=False)
        if sched.belongs_in_heap(timer):
            self._threads.add_timer(m, timer)

    def _close(self, m: M, _g: Goroutine, operation: op.Close) -> object:
        cost = self._chan_op()
        for waiting in channel.close(operation.chan):
            self._threads.ready(m, waiting)
            cost += self._chan_handed()
        m.clock += cost
        return None

    def _select(self, m: M, g: Goroutine, operation: op.Select) -> object:
        """select.go: selectgo. First a pass in random order; then, without a default, a place in every queue."""
        for case in operation.cases:
            if case is not None:
                self._use(g, case)
        live = [
            (i, case) for i, case in enumerate(operation.cases) if case is not None and not case.chan.is_nil
        ]
        cost = (
            self._chan_op() if len(live) <= 1 else self._cost("select", {"cases": len(live), "how": "ready"})
        )
        order = live[:]
        self._select_source.shuffle(order)
        for index, case in order:
            if (found := self._tried(m, case)) is not channel.BLOCKS:
                m.clock += cost
                return (index, found)
        if operation.default:
            m.clock += cost
            return (-1, None)
        selection = channel.Selection()
        self._threads.park(m, g, "select" if operation.cases else "select (no cases)")
        for index, case in live:
            if isinstance(case, op.Send):
                case.chan.senders.append(channel.Waiter(g, selection, index, case.value))
                continue
            case.chan.receivers.append(channel.Waiter(g, selection, index))
            if case.chan.timer is not None:
                self._block_on(m, g, case.chan.timer)
        m.clock += self._cost("select_handed", {"cases": max(len(live), 1)})
        return STOPPED

    def _use(self, g: Goroutine, case: op.Send | op.Recv) -> None:
        if case.maker is op.SPENT:
            raise MistakeError("gave a select an operation that was used before", place_of(g.body))
        case.maker = op.SPENT
        self.cases += 1

    def _tried(self, m: M, case: op.Send | op.Recv) -> object:
        if isinstance(case, op.Recv):
            value, sender = self._received(m, case.chan)
            if sender is not None:
                self._threads.ready(m, sender)
            return value
        done = channel.send(case.chan, case.value)
        if done is None or done is channel.BLOCKS:
            return done
        self._threads.ready(m, done)
        return None

    # Timers

    def _sleep(self, m: M, g: Goroutine, operation: op.Sleep) -> object:
        """time.go: timeSleep. The timer is added after the park, by the M."""
        if operation.ns == 0:
            return None
        timer = Timer(when=m.clock + operation.ns, wakes=g)
        self._threads.park(m, g, "sleep")
        self._threads.add_timer(m, timer)
        return STOPPED

    def _after_func(self, m: M, _g: Goroutine, operation: op.AfterFunc) -> object:
        spawns = partial(self._spawn, operation.fn, operation.args)
        timer = Timer(when=m.clock + operation.ns, spawns=spawns)
        self._threads.add_timer(m, timer)
        return GoTimer(operation.world, timer, Chan(operation.world, 0, is_nil=True))

    def _stop_timer(self, m: M, _g: Goroutine, operation: op.StopTimer) -> bool:
        """time.go: stop. A value that nobody has received counts as not yet fired (Go 1.23+)."""
        timer: Timer = operation.timer
        sched.set_zombie(timer, to=True)
        was_running = self._drained(timer) or timer.when is not None
        timer.when = None
        m.clock += self._timer_add()
        return was_running

    def _reset_timer(self, m: M, _g: Goroutine, operation: op.ResetTimer) -> bool:
        """time.go: modify."""
        timer: Timer = operation.timer
        was_running = self._drained(timer) or timer.when is not None
        timer.when = when = m.clock + operation.ns
        timer.period = operation.period
        if timer.p is not None:
            if sched.move_timer(self._threads.state, timer):
                self._threads.wake_poller(m, when)
        elif sched.belongs_in_heap(timer):
            self._threads.add_timer(m, timer)
        m.clock += self._timer_add()
        return was_running

    def _drained(self, timer: Timer) -> bool:
        """time.go: timerchandrain. Whether there was a value that nobody had received."""
        if timer.chan is None or not timer.chan.buffer:
            return False
        timer.chan.buffer.clear()
        return True

    # Package sync

    def _enter(self, g: Goroutine, body: Any) -> None:  # noqa: ANN401 - a generator of operations
        if g.callers is None:
            g.callers = []
        g.callers.append(g.body)
        g.body = body

    def _call(self, m: M, g: Goroutine, operation: op.Call) -> None:
        m.clock += self._sync()
        self._enter(g, operation.body())

    def _once(self, m: M, g: Goroutine, operation: op.OnceDo) -> None:
        m.clock += self._sync()
        if not operation.once.is_done:
            self._enter(g, sync.once_do(operation.once, partial(operation.fn, g.handle, *operation.args)))

    def _lock(self, m: M, g: Goroutine, operation: op.Lock) -> None:
        m.clock += self._sync()
        mu = operation.mutex
        if mu.locked or mu.woken or mu.starving or mu.waiters:
            self._enter(g, sync.lock_slow(mu))
        else:
            mu.locked = True

    def _unlock(self, m: M, g: Goroutine, operation: op.Unlock) -> None:
        m.clock += self._sync()
        mu = operation.mutex
        if not mu.locked:
            raise GoPanicError("fatal error: sync: unlock of unlocked mutex")
        mu.locked = False
        if mu.woken or mu.starving or mu.waiters:
            self._enter(g, sync.unlock_slow(mu))

    def _semacquire(self, m: M, g: Goroutine, operation: op.Semacquire) -> object:
        """sema.go: semacquire1. Who is woken without a ticket tries again, and others may have come first."""
        sema = operation.sema
        if sync.can_semacquire(sema):
            if not operation.has_waited:
                m.clock += self._sema()
            return None
        m.clock += self._sema()
        operation.has_waited = True
        g.left = operation
        (sema.waiters.appendleft if operation.lifo else sema.waiters.append)(g)
        return self._parked(m, g, operation.why)

    def _semrelease(self, m: M, g: Goroutine, operation: op.Semrelease) -> object:
        """sema.go: semrelease1. With a ticket the waiter runs at once, in what is left of this time slice (goyield)."""
        m.clock += self._sema()
        sema = operation.sema
        sema.value += 1
        if not sema.waiters:
            return None
        waiter: Goroutine = sema.waiters.popleft()
        has_ticket = operation.handoff and sync.can_semacquire(sema)
        if has_ticket:
            waiter.left = None
        self._threads.ready(m, waiter)
        if not has_ticket:
            return None
        assert m.p is not None  # noqa: S101 - it runs Go code
        self._threads.move(m, g, RUNNABLE, "yielded")
        sched.runqput(self._threads.state, m.p, g, next=False)
        return STOPPED

    def _pause(self, m: M, _g: Goroutine, _operation: op.Pause) -> None:
        m.clock += self._pause_round()

    def _may_spin(self, m: M, _g: Goroutine, operation: op.MaySpin) -> bool:
        state, p = self._threads.state, m.p
        assert p is not None  # noqa: S101 - it runs Go code
        if operation.round >= _MOST_SPINS or self._cpus <= 1:
            return False
        if state.gomaxprocs <= len(state.idle_ps) + state.nmspinning + 1:
            return False
        return not p.runq and p.runnext is None

    def _notify_wait(self, m: M, g: Goroutine, operation: op.NotifyWait) -> object:
        ticket: sync.Ticket = operation.ticket
        if ticket.called:
            return None
        ticket.g = g
        return self._parked(m, g, "sync.Cond.Wait")

    def _notify(self, m: M, _g: Goroutine, operation: op.Notify) -> None:
        m.clock += self._sema()
        tickets = operation.cond.tickets
        for _ in range(len(tickets) if operation.all else min(1, len(tickets))):
            ticket = tickets.popleft()
            ticket.called = True
            if ticket.g is not None:
                self._threads.ready(m, ticket.g)
