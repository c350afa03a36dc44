"""The monitor thread: asks long-running Gs to stop and takes Ps from long system calls (proc.go: sysmon, retake)."""

from __future__ import annotations

from lab.sim import sched
from lab.sim.clock import Steps
from lab.sim.netpoll import Netpoll
from lab.sim.state import Goroutine, M, P
from lab.sim.threads import Threads


class Sysmon:
    """sysmon. ``preemptible`` are the Gs that may be stopped where they are, by the ids of their Ms."""

    def __init__(self, threads: Threads, netpoll: Netpoll) -> None:
        self._threads = threads
        self._netpoll = netpoll
        self._state = threads.state
        self._kernel = threads.kernel
        self._round = threads.cost.source("sysmon_round")
        self._sleeps_deeply = False
        self._woken = False
        self.me = M(id=-1)
        self.preemptible: dict[int, Goroutine] = {}

    def steps(self) -> Steps:
        """Its sleep doubles while it takes no P from a system call."""
        rules, rounds, me = self._state.release, 0, self.me
        delay = rules.sysmon_shortest
        while True:
            yield from self._sleep_deeply(me)
            if self._woken:
                rounds, delay, self._woken = 0, rules.sysmon_shortest, False
            self._poll_at_last(me)
            rounds = 0 if self._retake(me, me.clock) else rounds + 1
            if rounds == 0:
                delay = rules.sysmon_shortest
            elif rounds > rules.sysmon_patience:
                delay = min(delay * 2, rules.sysmon_longest)
            due = me.clock + delay + self._late(delay)
            me.clock += self._round()  # mostly to set the timer and go to sleep
            yield from self._kernel.sleep(me, due)

    def begin(self) -> None:
        """Have it monitor from now on."""
        shortest = self._state.release.sysmon_shortest
        self._kernel.begin(self.me, self.steps(), wakes_at=shortest + self._late(shortest))

    def _late(self, delay: int) -> int:
        return self._threads.cost("usleep_overshoot", {"ns": delay})

    def _poll_at_last(self, me: M) -> None:
        """Nobody has polled the network for a time slice: sysmon does, without a P."""
        state = self._state
        if not state.netpoll_inited or state.poller is not None:
            return
        if state.last_poll + state.release.time_slice < me.clock:
            state.last_poll = me.clock
            if state.net_ready:
                self._netpoll.inject(me)

    def wake(self, m: M) -> None:
        """A system call begins, or has got a P again, while sysmon sleeps deeply because every P was idle."""
        if self._sleeps_deeply:
            self._sleeps_deeply, self._woken = False, True
            self._kernel.wake(self.me, m)

    def _sleep_deeply(self, me: M) -> Steps:
        """While every P is idle: until the next timer, or until somebody says that it goes on."""
        state = self._state
        yield from self._kernel.reach(me)
        if len(state.idle_ps) < state.gomaxprocs:
            return
        due = sched.earliest_timer(state.ps)
        limit = state.release.sysmon_deep_sleep
        if due is not None:
            if due <= me.clock:
                return
            limit = min(limit, due - me.clock)
        self._sleeps_deeply = True
        yield from self._kernel.sleep(me, me.clock + limit + self._late(limit))
        self._sleeps_deeply = False
        me.token = False  # who called when its time was over has no other sleep to end

    def _retake(self, me: M, now: int) -> bool:
        """proc.go: retake. Whether a P was taken from a system call."""
        took = False
        for p in self._state.ps:
            m = p.m
            if m is None or m.p is not p:
                continue
            asked = self._is_overdue(p, now)
            if not sched.is_in_syscall(p):
                if asked and m.curg is not None:
                    self._ask_to_stop(m, m.curg)
            elif self._is_retakable(p, now, asked=asked):
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
        self._kernel.clock.later(self._threads.cost("preempt_signal"), lambda: self._interrupt(m, g))

    def _interrupt(self, m: M, g: Goroutine) -> None:
        if g.preempt and self.preemptible.get(m.id) is g:
            self._kernel.interrupt(m)
