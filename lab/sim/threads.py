"""Ms and Ps: who runs, who spins, who polls, who is parked, and what waking one costs (proc.go)."""

from __future__ import annotations

import random
from collections.abc import Callable

from lab.sim import channel, sched
from lab.sim.clock import Clock, Steps, trigger_at
from lab.sim.costs import Draws
from lab.sim.state import Goroutine, M, P, Sched, Timer
from lab.sim.status import GEvent, next_status


class Threads:
    """The moves between Ms and Ps. *start* makes a new M's steps begin; *died* is told when nothing can run again."""

    def __init__(self, state: Sched, clock: Clock, cost: Draws, steal_source: random.Random) -> None:
        self.state = state
        self.clock = clock
        self.cost = cost
        self._steal_source = steal_source
        self.start: Callable[[M], None]
        self.died: Callable[..., None]

    def new_m(self) -> M:
        """A thread that has just been cloned, or was there at the start."""
        m = M(id=len(self.state.ms), clock=int(self.clock.now))
        self.state.ms.append(m)
        return m

    def catch_up(self, m: M) -> Steps:
        """Let the loop reach an M that ran ahead, if something happens before."""
        if m.clock >= self.clock.peek():
            yield self.clock.timeout(m.clock - int(self.clock.now))

    # Ps change hands

    def acquire(self, m: M, p: P) -> None:
        """proc.go: acquirep."""
        m.p, p.m = p, m

    def release(self, m: M, p: P) -> None:
        """proc.go: releasep."""
        m.p = p.m = None

    def spin(self, m: M) -> None:
        """proc.go: becomeSpinning."""
        if not m.spinning:
            m.spinning = True
            self.state.nmspinning += 1
            self.state.needspinning = False

    def stop_spinning(self, m: M) -> None:
        """An M that has found work, or has given up."""
        m.spinning = False
        self.state.nmspinning -= 1

    # Waking

    def wakep(self, m: M) -> None:
        """proc.go: wakep. At most one wake-up is under way: the next comes when this one has found work."""
        if sched.wakes_one(self.state):
            self.startm(m, self.state.idle_ps.pop(), spinning=True)

    def startm(self, waker: M, p: P, *, spinning: bool) -> None:
        """proc.go: startm. The waker pays the system call; the woken M runs when its wake-up has come through."""
        state = self.state
        waker.clock += self.cost("futex_wake")
        at = waker.clock + self.cost("wake_latency")
        is_new = not state.idle_ms
        m = self.new_m() if is_new else state.idle_ms.pop()
        if is_new:
            self.start(m)
        m.next_p = p
        p.m = m  # taken: neither idle nor anybody else's
        if spinning:
            m.spinning = True
            state.nmspinning += 1
        if m.alarm is not None:
            trigger_at(self.clock, m.alarm, at)
        else:
            m.wake_at = at  # it has not come to its parking yet

    def handoff(self, waker: M, p: P) -> None:
        """proc.go: handoffp."""
        state = self.state
        if sched.handoff_needs_m(state, p):
            self.startm(waker, p, spinning=not (p.runq or p.runnext or state.runq))
            return
        state.idle_ps.append(p)
        if due := sched.next_timer(p):
            self._wake_poller(waker, due)

    def stopm(self, m: M) -> Steps:
        """proc.go: stopm. Park until :meth:`startm` brings a P."""
        state = self.state
        m.alarm = self.clock.event()
        if m.next_p is None:
            if m not in state.idle_ms:
                state.idle_ms.append(m)
            self.check_dead(m)
        else:
            trigger_at(self.clock, m.alarm, m.wake_at)
        yield m.alarm
        m.alarm = None
        m.clock = max(m.clock, int(self.clock.now))
        assert m.next_p is not None  # noqa: S101 - whoever wakes an M brings a P
        self.acquire(m, m.next_p)
        m.next_p = None

    def check_dead(self, m: M) -> None:
        """proc.go: checkdead. Nothing runs, and nothing can: no timer is there, and nothing will arrive."""
        state = self.state
        waiting = len(state.idle_ms) + state.stuck + (state.poller is not None)
        locked = sum(
            each.locked_g is not None and each.p is None and each.next_p is None for each in state.ms
        )
        if waiting + locked >= len(state.ms) and not (
            sched.earliest_timer(state.ps) or state.net_pending or state.net_ready
        ):
            self.died(m.clock, silently=bool(state.stuck or state.poller))

    # Polling

    def rest(self, m: M, p: P) -> Steps:
        """Give the P back; look once more if this M was spinning; then poll until the next timer, or park."""
        state = self.state
        self.release(m, p)
        state.idle_ps.append(p)
        was_spinning = m.spinning
        if was_spinning:
            self.stop_spinning(m)
            if state.runq or any(other.runq for other in state.ps if other.m is not None):
                self.acquire(m, state.idle_ps.pop())
                self.spin(m)
                return
        until = sched.earliest_timer(state.ps if was_spinning else [p])
        if state.netpoll_inited and (until or state.net_waiters) and state.poller is None:
            yield from self._poll(m, until)
            if state.idle_ps:
                self.acquire(m, state.idle_ps.pop())
                self.take_arrived(m)
                if was_spinning:
                    self.spin(m)
                return
            self.inject(m)
        elif until:
            self._break_poll(m, until)
        yield from self.stopm(m)

    def _poll(self, m: M, until: int) -> Steps:
        """netpoll_epoll.go: netpoll. Block until a timer is due, or somebody breaks it."""
        state = self.state
        state.last_poll = m.clock
        wait = sched.epoll_wait(state, until - m.clock) if until else None
        if wait == 0 or state.net_ready:
            return
        state.poller, state.poll_until = m, until
        m.alarm = self.clock.event()
        if wait is not None:
            trigger_at(self.clock, m.alarm, m.clock + wait + self.cost("epoll_overshoot"))
        else:
            self.check_dead(m)
        yield m.alarm
        m.alarm = None
        m.clock = max(m.clock, int(self.clock.now))
        state.poller, state.poll_until, state.last_poll = None, 0, m.clock

    def arrived(self, g: Goroutine) -> None:
        """Something has come for *g*: a poller that blocks wakes up, else somebody finds it at the next poll."""
        state = self.state
        state.net_pending -= 1
        state.net_ready.append(g)
        if state.poller is not None and state.poller.alarm is not None:
            trigger_at(self.clock, state.poller.alarm, int(self.clock.now) + self.cost("wake_latency"))

    def take_arrived(self, m: M) -> None:
        """proc.go: findRunnable after netpoll. The first G runs here, the rest wherever there is room (injectglist)."""
        state = self.state
        if state.net_ready:
            assert m.p is not None  # noqa: S101 - the poller has just taken one
            m.p.runq.append(self._arrived_one())
            self.inject(m)

    def inject(self, m: M) -> None:
        """proc.go: injectglist, to the global queue, with an M started for each idle P."""
        state = self.state
        while state.net_ready:
            state.runq.append(self._arrived_one())
            if state.idle_ps:
                self.startm(m, state.idle_ps.pop(), spinning=False)

    def _arrived_one(self) -> Goroutine:
        g = self.state.net_ready.popleft()
        self.state.net_waiters -= 1
        g.status = next_status(g.status, GEvent.READY)
        return g

    def _wake_poller(self, m: M, due: int) -> None:
        """proc.go: wakeNetPoller. A timer is the earliest now: break the poll, or see that somebody polls."""
        if self.state.poller is None:
            self.wakep(m)
        else:
            self._break_poll(m, due)

    def _break_poll(self, m: M, due: int) -> None:
        """netpoll_epoll.go: netpollBreak, if the poller would sleep for longer."""
        poller = self.state.poller
        if poller is None or poller.alarm is None or 0 < self.state.poll_until <= due:
            return
        self.state.poll_until = 1  # broken: nobody breaks it again
        m.clock += self.cost("futex_wake")
        trigger_at(self.clock, poller.alarm, m.clock + self.cost("wake_latency"))

    # Locked Ms

    def start_locked(self, m: M, g: Goroutine) -> None:
        """proc.go: startlockedm. Hand the P to the M that *g* is locked to, and wake it."""
        locked, p = g.locked_m, m.p
        assert locked is not None  # noqa: S101 - only for a G that is locked
        assert p is not None  # noqa: S101 - this M has found the G with it
        self.release(m, p)
        m.clock += self.cost("futex_wake")
        locked.next_p, p.m = p, locked
        at = m.clock + self.cost("wake_latency")
        if locked.alarm is not None:
            trigger_at(self.clock, locked.alarm, at)
        else:
            locked.wake_at = at

    def stop_locked(self, m: M) -> Steps:
        """proc.go: stoplockedm. The P goes to somebody else; wait until this M's own G is to run."""
        if m.p is not None:
            p = m.p
            self.release(m, p)
            self.handoff(m, p)
            yield from self.catch_up(m)
        m.alarm = self.clock.event()
        if m.next_p is not None:
            trigger_at(self.clock, m.alarm, m.wake_at)
        else:
            self.check_dead(m)
        yield m.alarm
        m.alarm = None
        m.clock = max(m.clock, int(self.clock.now))
        assert m.next_p is not None  # noqa: S101 - whoever wakes an M brings a P
        self.acquire(m, m.next_p)
        m.next_p = None

    # Gs

    def park(self, g: Goroutine, why: str) -> None:
        """proc.go: gopark."""
        g.status = next_status(g.status, GEvent.PARK)
        g.why = why

    def ready(self, m: M, g: Goroutine) -> None:
        """proc.go: ready."""
        g.status = next_status(g.status, GEvent.READY)
        self.put_next(m, g)

    def put_next(self, m: M, g: Goroutine) -> None:
        """To runnext of this M's P, and wake another M for what else there is."""
        assert m.p is not None  # noqa: S101 - only Go code makes a G ready
        sched.runqput(self.state, m.p, g, next=True)
        self.wakep(m)

    def preempted(self, m: M, g: Goroutine) -> None:
        """proc.go: goschedImpl, to the tail of the global queue."""
        g.status = next_status(g.status, GEvent.PREEMPT)
        self.state.runq.append(g)
        self.wakep(m)

    def steal(self, m: M, p: P) -> Goroutine | None:
        """proc.go: stealWork. Timers and runnext only in the last pass; a timer may make a G ready on *p*."""
        state = self.state
        for attempt in range(state.release.steal_tries):
            last = attempt == state.release.steal_tries - 1
            for victim in (
                state.ps[number] for number in sched.steal_order(state.gomaxprocs, self._steal_source)
            ):
                if victim is p:
                    continue
                if last:
                    self.run_timers(m, victim)
                    if p.runnext is not None:
                        return None
                if victim.m is not None and (g := sched.runqsteal(p, victim, with_runnext=last)) is not None:
                    return g
        return None

    # Timers

    def add_timer(self, m: M, timer: Timer) -> None:
        """time.go: maybeAdd, to the heap of this M's P."""
        assert m.p is not None  # noqa: S101 - a timer is added by Go code
        m.clock += self.cost("timer_add")
        if sched.add_timer(self.state, m.p, timer):
            self._wake_poller(m, timer.when)

    def run_timers(self, m: M, p: P) -> None:
        """time.go: timers.check, of any P's heap; what becomes ready goes to this M's own P."""
        while (timer := sched.expired(p, m.clock)) is not None:
            self.fire(m, timer, heap=p)

    def fire(self, m: M, timer: Timer, heap: P | None = None) -> None:
        """time.go: unlockAndRun. *heap* is where a periodic timer goes back to."""
        m.clock += self.cost("timer_fire")
        if timer.chan is None:
            timer.when = 0
            if timer.wakes is not None:
                self.ready(m, timer.wakes)
            else:
                self.put_next(m, timer.spawns())
            return
        timer.when = sched.next_period(timer, m.clock) if timer.period else 0
        if heap is not None and timer.blocked and timer.when:
            sched.add_timer(self.state, heap, timer)
        done = channel.send(timer.chan, m.clock)
        if isinstance(done, channel.Waiter):
            self.ready(m, done.g)

    def unblock(self, g: Goroutine) -> None:
        """time.go: unblockTimerChan. Nobody blocks on it any more: out of the heap."""
        for timer in g.unblocks:
            timer.blocked -= 1
            if timer.blocked == 0:
                timer.p = None
        g.unblocks.clear()
