"""Who polls the network and waits for timers, and who gets what has arrived (proc.go, netpoll.go, netpoll_epoll.go)."""

from __future__ import annotations

from lab.sim import sched
from lab.sim.clock import Steps
from lab.sim.state import Goroutine, M, P
from lab.sim.status import RUNNABLE
from lab.sim.threads import Threads


class Netpoll:
    """The end of an M's search for work: it polls for all, or parks."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._state = threads.state
        threads.wake_poller = self.wake_poller

    def rest(self, m: M, p: P) -> Steps:
        """Give the P back; look once more if this M was spinning; then poll until the next timer, or park.

        A G to run, if one comes out of this.
        """
        state = self._state
        self._threads.release(m, p)
        state.idle_ps.append(p)
        was_spinning = m.spinning
        if was_spinning:
            self._threads.stop_spinning(m)
            if state.runq or any(q.runq or q.runnext is not None for q in state.ps if q.m is not None):
                found = state.idle_ps.pop()
                self._threads.acquire(m, found)
                self._threads.spin(m)
                return sched.global_batch(state, found)
        until = sched.earliest_timer(state.ps if was_spinning else [p])
        if state.netpoll_inited and (until is not None or state.net_waiters) and state.poller is None:
            yield from self._poll(m, until)
            if state.idle_ps:
                self._threads.acquire(m, state.idle_ps.pop())
                if state.net_ready:
                    return self.take_arrived(m)
                if was_spinning:
                    self._threads.spin(m)
                return None
            self.inject(m)
        elif until is not None:
            self._break_poll(m, until)
        yield from self._threads.stopm(m)
        return None

    def _poll(self, m: M, until: int | None) -> Steps:
        """netpoll_epoll.go: netpoll. Block until a timer is due, or somebody breaks it."""
        state = self._state
        state.last_poll = m.clock
        wait = sched.epoll_wait(state, until - m.clock) if until is not None else None
        if wait == 0 or state.net_ready:
            return
        state.poller, state.poll_until = m, until or 0  # who waits, waits for what is still to come
        self._threads.check_dead(m)
        self._threads.recorder.thread(m, "running", "polling")
        wakes_at = None
        if wait is not None:
            wakes_at = m.clock + wait + self._threads.cost("epoll_overshoot")
            m.clock += self._threads.cost("epoll_cpu")  # mostly to set the timer and go to sleep
        yield from self._threads.kernel.sleep(m, wakes_at)
        m.token = False  # what came since it woke has no other sleep to end
        self._threads.recorder.thread(m, "polling", "running")
        state.poller, state.poll_until, state.last_poll = None, 0, m.clock

    def arrived(self, g: Goroutine) -> None:
        """Something has come for *g*: a poller that blocks wakes up, else somebody finds it at the next poll."""
        state = self._state
        state.net_pending -= 1
        state.net_ready.append(g)
        if state.poller is not None:
            self._threads.kernel.deliver(state.poller)

    def take_arrived(self, m: M) -> Goroutine | None:
        """proc.go: findRunnable after netpoll. One G runs here, the rest wherever there is room."""
        if not self._state.net_ready:
            return None
        g = self._arrived_one(m)
        self.inject(m)
        return g

    def inject(self, m: M) -> None:
        """proc.go: injectglist. To the global queue with an M started for each idle P; what remains to the M's own P."""
        state = self._state
        count = len(state.net_ready) if m.p is None else min(len(state.net_ready), len(state.idle_ps))
        for _ in range(count):
            state.runq.append(self._arrived_one(m))
        for _ in range(min(count, len(state.idle_ps))):
            self._threads.startm(m, state.idle_ps.pop(), spinning=False)
        if m.p is not None:
            while state.net_ready:
                sched.runqput(state, m.p, self._arrived_one(m), next=False)
            self._threads.wakep(m)

    def _arrived_one(self, m: M) -> Goroutine:
        """The last that has arrived is the first out (netpoll.go: netpollready pushes onto a stack)."""
        g = self._state.net_ready.pop()
        self._state.net_waiters -= 1
        self._threads.move(m, g, RUNNABLE)
        return g

    def wake_poller(self, m: M, due: int) -> None:
        """proc.go: wakeNetPoller. A timer is the earliest now: break the poll, or see that somebody polls."""
        if self._state.poller is None:
            self._threads.wakep(m)
        else:
            self._break_poll(m, due)

    def _break_poll(self, m: M, due: int) -> None:
        """netpoll_epoll.go: netpollBreak, if the poller would sleep for longer."""
        poller = self._state.poller
        if poller is None or 0 < self._state.poll_until <= due:
            return
        self._state.poll_until = 1  # broken: nobody breaks it again
        self._threads.kernel.wake(poller, m)
