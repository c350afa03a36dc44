"""The monitor thread: asks long-running Gs to stop and takes Ps from long system calls (proc.go: sysmon, retake)."""

from __future__ import annotations

from lab.sim import sched
from lab.sim.clock import Event, Steps, trigger_at
from lab.sim.netpoll import Netpoll
from lab.sim.state import Goroutine, M, P
from lab.sim.threads import Threads


class Sysmon:
    """sysmon. ``preemptible`` has the alarm of each M whose G may be stopped where it is, by the M's id."""

    def __init__(self, threads: Threads, netpoll: Netpoll) -> None:
        self._threads = threads
        self._netpoll = netpoll
        self._state = threads.state
        self._clock = threads.clock
        self._note: Event | None = None
        self.preemptible: dict[int, tuple[Goroutine, Event]] = {}

    def steps(self) -> Steps:
        """Its sleep doubles while it takes no P from a system call."""
        rules, rounds, delay = self._state.release, 0, 0
        me = M(id=-1)
        while True:
            if rounds == 0:
                delay = rules.sysmon_shortest
            elif rounds > rules.sysmon_patience:
                delay = min(delay * 2, rules.sysmon_longest)
            yield self._clock.timeout(delay + self._threads.cost("usleep_overshoot", {"ns": delay}))
            woken = yield from self._sleep_deeply()
            if woken:
                rounds, delay = 0, rules.sysmon_shortest
            me.clock = int(self._clock.now)
            if self._state.net_ready and self._state.poller is None:
                self._poll_at_last(me)
            rounds = 0 if self._retake(me) else rounds + 1

    def _poll_at_last(self, me: M) -> None:
        """Nobody has polled the network for a time slice: sysmon does, without a P."""
        if self._state.last_poll + self._state.release.time_slice < me.clock:
            self._state.last_poll = me.clock
            self._netpoll.inject(me)

    def wake(self, m: M) -> None:
        """A system call begins, or has got a P again, while sysmon sleeps deeply because every P was idle."""
        if self._note is not None:
            trigger_at(self._clock, self._note, m.clock)

    def _sleep_deeply(self) -> Steps:
        """While every P is idle: until the next timer, or until somebody says that it goes on; whether one did."""
        state, now = self._state, int(self._clock.now)
        if len(state.idle_ps) < state.gomaxprocs:
            return False
        due = sched.earliest_timer(state.ps)
        limit = state.release.sysmon_deep_sleep
        if due is not None:
            if due <= now:
                return False
            limit = min(limit, due - now)
        note = self._clock.event()
        self._note = note
        yield note | self._clock.timeout(limit)
        self._note = None
        return note.triggered

    def _retake(self, me: M) -> bool:
        """proc.go: retake. Whether a P was taken from a system call."""
        took = False
        for p in self._state.ps:
            m = p.m
            if m is None or m.p is not p:
                continue
            asked = self._is_overdue(p, me.clock)
            if not sched.is_in_syscall(p):
                if asked and m.curg is not None:
                    self._ask_to_stop(m, m.curg)
            elif self._is_retakable(p, me.clock, asked=asked):
                self._threads.take_p(p, by=me)
                self._threads.handoff(me, p)
                self._threads.check_dead(me)
                took = True
        return took

    def _is_overdue(self, p: P, now: int) -> bool:
        """Whether one G, or one chain of runnexts, has had the P since it was seen a time slice ago."""
        if p.schedtick != p.seen_schedtick:
            p.seen_schedtick, p.seen_schedwhen = p.schedtick, now
            return False
        return p.seen_schedwhen + self._state.release.time_slice <= now

    def _is_retakable(self, p: P, now: int, *, asked: bool) -> bool:
        if not asked and p.syscalltick != p.seen_syscalltick:
            p.seen_syscalltick, p.seen_syscallwhen = p.syscalltick, now
            return False
        others = self._state.nmspinning + len(self._state.idle_ps)
        nobody_waits = not p.runq and p.runnext is None and others > 0
        return not (nobody_waits and p.seen_syscallwhen + self._state.release.time_slice > now)

    def _ask_to_stop(self, m: M, g: Goroutine) -> None:
        """proc.go: preemptone. A flag for the next call, and a signal for what makes none.

        It passes over a G in a system call, which goes on afterwards as if nothing had been (Go 1.26+).
        """
        g.preempt = True
        signal = self._clock.timeout(self._threads.cost("preempt_signal"))
        signal.callbacks.append(lambda _: self._interrupt(m, g))

    def _interrupt(self, m: M, g: Goroutine) -> None:
        running = self.preemptible.get(m.id)
        if g.preempt and running is not None and running[0] is g and not running[1].triggered:
            running[1].succeed()
