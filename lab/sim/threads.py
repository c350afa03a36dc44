"""Ms and Ps: who runs, who spins, who polls, who is parked, and what waking one costs (proc.go).

What an M does to others takes effect at its clock as it stands; what doing it cost is added afterwards. So no
effect comes before an event that the loop has still to deliver.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from lab.sim import channel, sched
from lab.sim.clock import Steps
from lab.sim.costs import Draws
from lab.sim.kernel import Kernel
from lab.sim.recorder import Recorder
from lab.sim.state import Goroutine, M, P, Sched, Timer
from lab.sim.status import RUNNABLE, WAITING, GStatus
from lab.sim.template import TemplateThread

_BACK_OFF: Final = 3_000
"""How long a thief sleeps before it takes a running P's runnext. proc.go: runqgrab, ``usleep(3)``."""


class Threads:
    """The moves between Ms and Ps. The callables are set by whoever has them.

    ``steps`` are what a new M does, ``ended`` is told when and with what words the process dies, and
    ``wake_poller`` that a timer is the earliest now.
    """

    def __init__(
        self, state: Sched, kernel: Kernel, cost: Draws, steal_source: random.Random, recorder: Recorder
    ) -> None:
        self.state = state
        self.kernel = kernel
        self.catch_up = kernel.reach
        self.cost = cost
        self.recorder = recorder
        self._steal_source = steal_source
        self._timer_add = cost.source("timer_add")
        self._timer_fire = cost.source("sleep_fire")
        self.template = TemplateThread(kernel)
        self.waiting: dict[int, Goroutine] = {}
        """Every G that is not dead, by its number."""
        self.horizon = 0
        """How far simulation goes at most."""
        self.steps: Callable[[M], Steps]
        self.ended: Callable[..., None]
        self.exhausted: Callable[[int, str], None]
        self.wake_poller: Callable[[M, int], None]

    def new_m(self, clock: int = 0) -> M:
        """A thread that has just been cloned, or was there at the start."""
        if len(self.state.ms) + 1 + self.template.is_there >= self.state.release.most_threads:
            self.exhausted(clock, sched.EXHAUSTED)  # sysmon and the template thread count, too
        m = M(id=self.state.threads_made, clock=clock)
        self.state.threads_made += 1
        self.state.ms.append(m)
        self.recorder.thread(m, "", "running")
        return m

    def move(self, m: M, g: Goroutine, status: GStatus, reason: str = "") -> None:
        """Change what *g* does, on *m* and at its clock."""
        self.recorder.moved(m, g, status, reason)
        g.status = status
        g.since = m.clock

    def created(self, m: M, g: Goroutine) -> None:
        """A new G is runnable from the start."""
        g.since = m.clock
        self.recorder.created(m, g)

    # Ps change hands

    def acquire(self, m: M, p: P) -> None:
        """proc.go: acquirep."""
        m.p, p.m = p, m
        self.recorder.proc(m, p, "idle", "running")

    def release(self, m: M, p: P, by: M | None = None) -> None:
        """proc.go: releasep, or its P is taken from an M *by* another."""
        m.p = p.m = None
        self.recorder.proc(by or m, p, "running", "idle")

    def take_p(self, p: P, by: M) -> None:
        """proc.go: takeP, from an M in a system call."""
        assert p.m is not None  # noqa: S101 - an M in a system call has it
        self.release(p.m, p, by=by)
        p.syscalltick += 1

    def spin(self, m: M) -> None:
        """proc.go: becomeSpinning."""
        if not m.spinning:
            m.spinning = True
            self.state.nmspinning += 1
            self.state.needspinning = False
            self.recorder.thread(m, "running", "spinning")

    def stop_spinning(self, m: M) -> None:
        """An M that has found work, or has given up."""
        m.spinning = False
        self.state.nmspinning -= 1
        self.recorder.thread(m, "spinning", "running")

    # Waking

    def wakep(self, m: M) -> None:
        """proc.go: wakep. At most one wake-up is under way: the next comes when this one has found work."""
        state = self.state
        if state.nmspinning:
            return
        if state.idle_ps:
            self.startm(m, state.idle_ps.pop(), spinning=True)
        else:
            state.needspinning = True

    def startm(self, waker: M, p: P, *, spinning: bool) -> None:
        """proc.go: startm. The waker pays the system call; the woken M runs when its wake-up has come through."""
        state = self.state
        is_new = not state.idle_ms
        m = self.new_m(waker.clock) if is_new else state.idle_ms.pop()
        m.next_p = p
        p.m = m  # taken: neither idle nor anybody else's
        if spinning:
            m.spinning = True
            state.nmspinning += 1
            self.recorder.woken(m, "running" if is_new else "idle", by=waker)
        if not is_new:
            self.kernel.wake(m, waker)
        elif waker.is_changed:
            self.template.clone(m, self.steps(m), waker)
        else:
            self.kernel.spawn(m, self.steps(m), waker)

    def handoff(self, waker: M, p: P) -> None:
        """proc.go: handoffp."""
        self.state.handoffs += 1
        spinning = sched.handoff_starts(self.state, p)
        if spinning is not None:
            self.startm(waker, p, spinning=spinning)
            return
        self.state.idle_ps.append(p)
        if (due := sched.wake_time(p)) is not None:
            self.wake_poller(waker, due)

    def _park(self, m: M) -> Steps:
        """Sleep on the futex until somebody brings a P. proc.go: mPark, acquirep."""
        if m.next_p is None:
            self.check_dead(m)
        self.recorder.thread(m, "running", "idle")
        yield from self.kernel.sleep(m)
        self.take_brought(m)

    def take_brought(self, m: M) -> None:
        """Take the P that whoever woke or made this M has brought. proc.go: mstart1, stopm, acquirep."""
        assert m.next_p is not None  # noqa: S101 - nobody wakes an M without
        if not m.spinning:
            self.recorder.thread(m, "idle", "running")
        self.acquire(m, m.next_p)
        m.next_p = None

    def stopm(self, m: M) -> Steps:
        """proc.go: stopm."""
        if m.next_p is None:
            self.state.idle_ms.append(m)
        yield from self._park(m)

    def check_dead(self, m: M) -> None:
        """Have the process end if nothing can ever run again."""
        found = sched.checkdead(self.state, self.horizon, any_goroutine=bool(self.waiting))
        if found is not None:
            self.ended(m.clock, found)

    def end(self, m: M) -> Steps:
        """proc.go: mexit. The P goes on without it; nobody can wake this M again."""
        p = m.p
        assert p is not None  # noqa: S101 - its G has just run
        self.release(m, p)
        self.handoff(m, p)
        self.state.ms.remove(m)
        self.recorder.thread(m, "running", "")
        self.check_dead(m)
        yield from self.kernel.end(m)

    # Locked Ms

    def start_locked(self, m: M, g: Goroutine) -> None:
        """proc.go: startlockedm. Hand the P to the M that *g* is locked to, and wake it."""
        locked, p = g.locked_m, m.p
        assert locked is not None  # noqa: S101 - only for a G that is locked
        assert p is not None  # noqa: S101 - this M has found the G with it
        self.release(m, p)
        self.state.nmidlelocked -= 1
        locked.next_p, p.m = p, locked
        self.kernel.wake(locked, m)

    def stop_locked(self, m: M) -> Steps:
        """proc.go: stoplockedm. The P goes to somebody else; wait until this M's own G is to run."""
        if m.p is not None:
            p = m.p
            self.release(m, p)
            self.handoff(m, p)
            yield from self.catch_up(m)
        self.state.nmidlelocked += 1
        yield from self._park(m)

    # Gs

    def park(self, m: M, g: Goroutine, why: str) -> None:
        """proc.go: gopark."""
        if self.recorder.on:
            self.recorder.moved(m, g, WAITING, why)
        g.status = WAITING
        g.since = m.clock
        g.why = why

    def ready(self, m: M, g: Goroutine) -> None:
        """proc.go: ready. To runnext of this M's P, and wake another M for what else there is."""
        if self.recorder.on:
            self.recorder.moved(m, g, RUNNABLE)
        g.status = RUNNABLE
        g.since = m.clock
        self.put_next(m, g)

    def put_next(self, m: M, g: Goroutine) -> None:
        """A G that is runnable, to runnext of this M's P."""
        state, p = self.state, m.p
        if p.runnext is None:  # type: ignore[union-attr]  # only Go code makes a G ready, and it has a P
            p.runnext = g  # type: ignore[union-attr]
        else:
            sched.runqput(state, p, g, next=True)  # type: ignore[arg-type]
        if state.nmspinning == 0:
            self.wakep(m)

    def preempted(self, m: M, g: Goroutine, reason: str) -> None:
        """proc.go: goschedImpl, to the tail of the global queue."""
        self.move(m, g, RUNNABLE, reason)
        self.state.runq.append(g)
        self.wakep(m)

    def steal(self, m: M, p: P) -> Steps:
        """proc.go: stealWork: a G, or None. Timers and runnext only in the last pass; a timer may make a G ready on *p*."""
        state = self.state
        for attempt in range(state.release.steal_tries):
            last = attempt == state.release.steal_tries - 1
            for number in sched.steal_order(state.gomaxprocs, self._steal_source):
                victim = state.ps[number]
                if victim is p:
                    continue
                if last:
                    self.run_timers(m, victim)
                    if p.runnext is not None:
                        return None
                if victim.m is None:
                    continue
                if (g := sched.runqsteal(p, victim)) is not None:
                    return g
                if last and (g := (yield from self._steal_runnext(m, victim))) is not None:
                    return g
        return None

    def _steal_runnext(self, m: M, victim: P) -> Steps:
        """proc.go: runqgrab. Give the victim a moment in which it may run the G itself."""
        while victim.runnext is not None:
            g = victim.runnext
            if sched.backs_off(victim):
                until = m.clock + _BACK_OFF + self.cost("usleep_overshoot", {"ns": _BACK_OFF})
                yield from self.kernel.sleep(m, until)
            if victim.runnext is g:
                victim.runnext = None
                return g
            if victim.runq and m.p is not None:
                return sched.runqsteal(m.p, victim)
        return None

    # Timers

    def add_timer(self, m: M, timer: Timer) -> None:
        """time.go: maybeAdd, to the heap of this M's P."""
        assert m.p is not None  # noqa: S101 - a timer is added by Go code
        if sched.add_timer(self.state, m.p, timer):
            self.wake_poller(m, timer.when)  # type: ignore[arg-type]  # it runs
        m.clock += self._timer_add()

    def run_timers(self, m: M, p: P) -> None:
        """time.go: timers.check, of any P's heap; what becomes ready goes to this M's own P."""
        own = p is m.p
        now, due = m.clock, sched.wake_time(p)
        if due is None or (now < due and not (own and sched.wants_clean(p))):
            return
        while (timer := sched.expired(p, now)) is not None:
            self.fire(m, timer, heap=p)
        if own and p.timers and sched.wants_clean(p):
            sched.clean(p)

    def fire(self, m: M, timer: Timer, heap: P | None = None) -> None:
        """time.go: unlockAndRun. *heap* is where a periodic timer goes back to.

        A channel gets the time at which it was due, however late that is noticed (time/sleep.go: sendTime).
        """
        due, timer.when = timer.when, sched.next_period(timer, m.clock) if timer.period else None
        if timer.chan is None:
            if timer.wakes is not None:
                self.ready(m, timer.wakes)
            else:
                self.put_next(m, timer.spawns(m))
        else:
            if heap is not None and timer.blocked and timer.when is not None:
                sched.add_timer(self.state, heap, timer)
            done = channel.send(timer.chan, due)
            if done is not None and done is not channel.BLOCKS:
                self.ready(m, done)
        m.clock += self._timer_fire()

    def unblock(self, g: Goroutine) -> None:
        """time.go: unblockTimerChan. Where nobody blocks on it any more, a timer's place in a heap is a zombie's."""
        for timer in g.unblocks:
            timer.blocked -= 1
            if timer.blocked == 0:
                sched.set_zombie(timer, to=True)
        g.unblocks = ()
