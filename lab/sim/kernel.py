"""The kernel underneath: threads share CPUs, sleep, wake, and are throttled. It knows nothing of Go.

Theory of operation
-------------------
A thread has a clock of its own. While it has a CPU and no event is due, it runs ahead of the loop in plain Python,
for only an event can take the CPU from it; before what others can see it lets the loop catch up (:meth:`Kernel.reach`).
If its CPU is taken meanwhile, its clock is moved by as long as it waited: what it was doing takes as much CPU time
as before, and ends later.

So long as there are as many CPUs as threads that want one, and no quota, nothing here costs events: ticks exist
only where somebody waits, or is counted.

Not modelled: priorities, caches that a thread leaves behind, real-time classes, more than one level of CPUs.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any, Final

from lab.sim import fair
from lab.sim.bandwidth import PERIOD, Bandwidth
from lab.sim.clock import Clock, Steps
from lab.sim.costs import Draws
from lab.sim.thread import ASLEEP, NEVER, RUNNING, WAITING, Cpu, Thread

_SLACK_TIMER: Final = 5_000_000
"""After which what was given back goes to throttled CPUs. fair.c: ``cfs_bandwidth_slack_period``."""
_BALANCE: Final = 64_000_000
"""How often a busy CPU looks for one that has more threads, less a tick. topology.c: 2 CPUs, ``busy_factor`` 16."""

_GAPS: Final = (5_000, 20_000, 100_000, 1_000_000, 5_000_000)
"""How long a thread has slept, or a CPU idled, when waking was measured, in ns."""
_HOT: Final = 500_000
"""After so long a thread's caches are cold. fair.c: task_hot, ``sysctl_sched_migration_cost``."""

Note = Callable[[Thread, int, str, str], None]


class Kernel:
    """*note* is told of each thread's changes: when, and from what to what. *quota* is in CPUs' worth of time."""

    def __init__(
        self,
        clock: Clock,
        cost: Draws,
        source: random.Random,
        note: Note | None,
        *,
        cpus: int,
        quota: float | None,
    ) -> None:
        self.clock = clock
        self._cost = cost
        self._source = source
        self._note = note
        self._tick = cost("tick")
        self._balance_every = _BALANCE - self._tick  # fair.c: get_sd_balance_interval, "interval -= 1"
        self._slice = cost("slice")
        self._most_lag = max(2 * self._slice, self._tick)  # fair.c: update_entity_lag
        self._overlooks = cost.is_something("free_wake_same_cpu")
        self._clone = cost.source("thread_new_call")
        self._call = cost.source("getppid")
        self.cpus = [Cpu(id=number, tick_phase=source.randrange(self._tick)) for number in range(cpus)]
        self._idle = {cpu.id: cpu for cpu in self.cpus}
        self.throttled_ns = 0
        self._stall, self._stall_gap = cost.source("stall"), cost.source("stall_gap")
        if cost.is_something("stall"):
            for each in self.cpus:
                self._stall_in(self._stall_gap(), each)
        self._bandwidth = None
        if quota is not None:
            spare = round(quota * PERIOD)
            self._bandwidth = Bandwidth(quota=spare, slice=cost("bandwidth_slice"), pool=spare)
            self._refill_in(source.randrange(PERIOD))

    @property
    def now(self) -> int:
        """The loop's time."""
        return int(self.clock.now)

    def after(self, ns: int) -> Any:  # noqa: ANN401 - the loop's own event
        """Something that happens *ns* from the loop's now."""
        return self.clock.timeout(ns)

    # What a thread does

    def begin(
        self, thread: Thread, steps: Steps, cpu: Cpu | None = None, wakes_at: int | None = None
    ) -> None:
        """A thread that sleeps, with what it will do; it last ran on *cpu*, and its timer rings at *wakes_at*."""
        thread.steps = steps
        thread.cpu = cpu or self.cpus[thread.id % len(self.cpus)]
        thread.cpu.utilization = min(thread.cpu.utilization + thread.utilization, 1.0)
        thread.slept_at = thread.clock
        thread.alarm = self.clock.alarm(thread)
        if wakes_at is not None:
            self._ring(thread, wakes_at)

    def run_first(self, thread: Thread, steps: Steps) -> None:
        """The thread with which a process begins: it has its CPU from the start."""
        thread.utilization = fair.NEW
        self.begin(thread, steps, self.cpus[0])
        self._run(thread, self.cpus[0], 0, 0)

    def reach(self, thread: Thread) -> Steps:
        """Let the loop come to where a thread has run ahead to, on its CPU all the while."""
        clock = self.clock
        clock.horizon = clock.peek()
        if thread.state is RUNNING and thread.clock < clock.horizon:
            return
        while True:
            if thread.state is RUNNING:
                clock.resume(thread, thread.clock)
            yield
            if thread.state is RUNNING and thread.clock <= clock.now:
                break
        clock.horizon = clock.peek()

    def sleep(self, thread: Thread, until: int | None = None) -> Steps:
        """Give up the CPU until somebody wakes the thread, or until *until*."""
        yield from self.reach(thread)
        if thread.token:
            thread.token = False
            return
        clock, now = self.clock, thread.clock
        thread.slept_at = now
        if until is not None:
            self._ring(thread, until)
        self._leave(thread, now, "asleep")
        thread.state = ASLEEP
        while True:
            yield
            if thread.state is RUNNING:
                if thread.clock <= clock.now:
                    break
                clock.resume(thread, thread.clock)
        clock.horizon = clock.peek()

    def end(self, thread: Thread) -> Steps:
        """The thread is over."""
        yield from self.reach(thread)
        self._leave(thread, thread.clock, "")
        thread.state = ASLEEP

    def interrupt(self, thread: Thread) -> bool:
        """Stop what a thread is in the middle of, now, or as soon as it has a CPU; whether there was anything to stop."""
        at = thread.stopped_at if thread.state is WAITING else max(self.now, thread.on_since)
        left = thread.clock - at
        if thread.state is ASLEEP or thread.cut or left <= 0:
            return False
        thread.cut, thread.clock, thread.until = left, at, NEVER
        if thread.state is RUNNING:
            self.clock.resume(thread, at)
        return True

    # Waking

    def wake(self, thread: Thread, waker: Thread) -> None:
        """A thread calls the kernel to have another run: futex, eventfd. The call costs the waker, less on its own CPU."""
        now = waker.clock
        here = waker.cpu
        if thread.state is not ASLEEP:
            thread.token = True
            waker.clock += self._call()
            return
        cpu = self._place(thread, now, here)
        place: dict[str, int | str] = {
            "gap": self._slept(thread, now),
            "place": "same" if cpu is here else "idle",
        }
        call, run = self._cost("wake_call", place), self._cost("wake_run", place)
        self._start(thread, cpu, now, run)
        if cpu is here:  # the call as it was measured lasts until the woken thread has slept again
            call = max(call - run - self._hand_over(), 0)
        waker.clock += call

    def deliver(self, thread: Thread) -> None:
        """Something that a thread waits for has come, by an interrupt, now."""
        now = self.now
        if thread.state is not ASLEEP:
            thread.token = True
            return
        self._start(thread, self._place(thread, now, None), now, self._latency(thread, now))

    def _latency(self, thread: Thread, now: int) -> int:
        """Until a thread runs that an interrupt wakes on a CPU that idles."""
        place: dict[str, int | str] = {"gap": self._slept(thread, now), "place": "idle"}
        return max(self._cost("wake_run", place) - self._cost("wake_call", place), 0)

    def _slept(self, thread: Thread, now: int) -> int:
        """For how long, within what is measured: the longer, the later it runs."""
        return min(max(now - thread.slept_at, _GAPS[0]), _GAPS[-1])

    def _hand_over(self) -> int:
        return self._cost("context_switch", {"how": "yield"})

    def _wake_here(self) -> int:
        return self._cost("wake_run", {"gap": _GAPS[0], "place": "same"})

    def spawn(self, thread: Thread, steps: Steps, parent: Thread) -> None:
        """Clone a thread: onto the CPU that has been used least, where no idle one is seen (sched_balance_find_dst_cpu)."""
        now, here = parent.clock, parent.cpu
        assert here is not None  # noqa: S101 - its parent runs
        cpu = self._idle_one(now) or min(self.cpus, key=lambda each: (fair.load(each, now), each is not here))
        thread.stopped_running = now
        thread.utilization = (1 - fair.utilization(cpu, now)) * fair.NEW
        self.begin(thread, steps, cpu)
        call = self._clone()
        self._start(thread, cpu, now, call + self._cost("thread_start"))
        parent.clock += call

    def _ring(self, thread: Thread, at: int) -> None:
        sleep = thread.sleeps
        self._later(max(at - self.now, 0), lambda: self._expire(thread, sleep))

    def _expire(self, thread: Thread, sleep: int) -> None:
        """A thread's own timer. How late timers are is in *until*, so that there is nothing more to wait for but a CPU."""
        now = self.now
        if thread.state is ASLEEP and thread.sleeps == sleep:
            self._start(thread, self._place(thread, now, None), now, 0)

    def _start(self, thread: Thread, cpu: Cpu, now: int, latency: int) -> None:
        thread.clock = max(thread.clock, now)
        self._attach(thread, cpu, now)
        fair.arrive(thread, cpu, now, self._slice)
        thread.sleeps += 1
        if cpu.current is None and not cpu.queue and not cpu.throttled:
            self._run(thread, cpu, now, latency)
            return
        thread.state, thread.stopped_at = WAITING, now
        cpu.queue.append(thread)
        self._say(thread, now, "asleep", "waiting")
        if cpu.throttled:
            self._say(thread, now, "waiting", "throttled")
        elif cpu.current is not None and fair.preempts(thread, cpu.current, now):
            self._stop(cpu, now)
            cpu.queue.remove(thread)
            self._run(thread, cpu, now, self._wake_here())
        self._arm_tick(cpu, now)

    def _place(self, thread: Thread, now: int, here: Cpu | None) -> Cpu:
        """select_task_rq_fair: where it was, if that CPU idles; else on an idle CPU; else there or with its waker.

        A CPU that idles may be overlooked: where a host has put it to sleep it looks like one that the host has taken away
        (available_idle_cpu, vcpu_is_preempted). Then what its CPUs have to do decides (wake_affine_weight).
        """
        last = thread.cpu
        assert last is not None  # noqa: S101 - only a thread that has run is woken
        if last.id in self._idle and not self._is_overlooked(last, now):
            return last
        if here is not None and here is not last and fair.pulls(thread, here, last, now):
            last = here
        if last.id in self._idle:
            return last
        return self._idle_one(now) or last

    def _idle_one(self, now: int) -> Cpu | None:
        """A CPU that is seen to idle: the one that was busy last."""
        cpu = next(reversed(self._idle.values()), None)
        return None if cpu is None or self._is_overlooked(cpu, now) else cpu

    def _is_overlooked(self, cpu: Cpu, now: int) -> bool:
        """Whether a CPU that idles does not look so, by how long it has."""
        if not self._overlooks:
            return False
        idle = now - cpu.idle_since
        gap = min(_GAPS, key=lambda each: abs(math.log(each / max(idle, 1))))
        return bool(self._cost("free_wake_same_cpu", {"gap": gap, "waker": "busy", "prev": "same"}))

    def _attach(self, thread: Thread, cpu: Cpu, now: int) -> None:
        if self._overlooks and thread.cpu is not cpu:
            fair.attach(thread, cpu, now)

    # CPUs change hands

    def _run(self, thread: Thread, cpu: Cpu, now: int, delay: int) -> None:
        """Give a CPU that is free to a thread, which goes on *delay* later."""
        if self._bandwidth is not None:
            self._count(cpu, now)
            if cpu.throttled:
                self._queue(thread, cpu, now)
                return
        self._idle.pop(cpu.id, None)
        if self._overlooks:
            fair.note_use(cpu, now)
        starts = now + delay
        old = "waiting" if thread.state is WAITING else "asleep"
        if thread.stopped_at != NEVER:
            thread.clock += starts - thread.stopped_at
            if thread.until != NEVER:
                thread.clock = max(starts, thread.until)
            thread.stopped_at = NEVER
        thread.clock = max(thread.clock, starts)
        thread.state, thread.on_since = RUNNING, starts
        thread.cpu = cpu
        cpu.current = thread
        self._say(thread, now, old, "running")
        self.clock.resume(thread, thread.clock)
        if self._bandwidth is not None or cpu.queue:
            self._arm_tick(cpu, now)

    def _queue(self, thread: Thread, cpu: Cpu, now: int) -> None:
        if thread.state is not WAITING:
            self._say(thread, now, "running" if thread.state is RUNNING else "asleep", "waiting")
            thread.state = WAITING
        if thread.stopped_at == NEVER:
            thread.stopped_at = now
        if thread not in cpu.queue:
            cpu.queue.append(thread)
        if cpu.throttled:
            self._say(thread, now, "waiting", "throttled")

    def _stop(self, cpu: Cpu, now: int) -> None:
        """Take the CPU from the thread that runs; it waits for it again."""
        thread = cpu.current
        assert thread is not None  # noqa: S101 - asked by who has seen it
        self._put_down(thread, cpu, now)
        thread.stopped_at = now
        self._queue(thread, cpu, now)
        self.clock.horizon = 0  # whoever runs ahead looks again whether it may

    def _put_down(self, thread: Thread, cpu: Cpu, now: int) -> None:
        if self._bandwidth is not None:
            self._bandwidth.charge(cpu, now)
        thread.vruntime = fair.ran(thread, now)
        if self._overlooks:
            fair.note_run(thread, now)
            fair.note_use(cpu, now)
        thread.stopped_running = now
        cpu.current = None

    def _leave(self, thread: Thread, now: int, state: str) -> None:
        """A thread that runs goes to sleep; the next one runs, or one that waits elsewhere (sched_balance_newidle)."""
        cpu = thread.cpu
        assert cpu is not None  # noqa: S101 - it runs
        fair.sleeps(thread, cpu, now, self._most_lag)
        self._put_down(thread, cpu, now)
        self._say(thread, now, "running", state)
        self._next(cpu, now)

    def _next(self, cpu: Cpu, now: int) -> None:
        """What a CPU does that has nobody: the next of its queue, one that waits elsewhere, or nothing."""
        if cpu.throttled:
            return
        if not cpu.queue and (cold := self._cold_one(now)) is not None:
            assert cold.cpu is not None  # noqa: S101 - it waits there
            self._move(cold, cold.cpu, cpu, now)
        if cpu.queue:
            self._run_first(cpu, now, self._hand_over())
            return
        cpu.idle_since = now
        self._idle[cpu.id] = cpu
        if self._bandwidth is not None:
            self._bandwidth.give_back(cpu)
            if any(other.throttled for other in self.cpus):
                self._later(_SLACK_TIMER, self._unthrottle)

    def _run_first(self, cpu: Cpu, now: int, delay: int) -> None:
        thread = fair.pick(cpu.queue, fair.average(cpu, now))
        cpu.queue.remove(thread)
        self._run(thread, cpu, now, delay)

    def _cold_one(self, now: int) -> Thread | None:
        """A thread that waits elsewhere and has not run of late: a newly idle CPU leaves others where their caches are."""
        waiting = (thread for cpu in self.cpus if not cpu.throttled for thread in cpu.queue)
        return next((thread for thread in waiting if now - thread.stopped_running >= _HOT), None)

    def _move(self, thread: Thread, old: Cpu, new: Cpu, now: int) -> None:
        old.queue.remove(thread)
        self._attach(thread, new, now)
        fair.move(thread, new, now)
        new.queue.append(thread)

    # Ticks

    def _arm_tick(self, cpu: Cpu, now: int) -> None:
        if not cpu.ticking:
            cpu.ticking = True
            at = fair.next_tick(cpu, now, self._tick)
            self._later(at - self.now, lambda: self._tick_of(cpu))

    def _tick_of(self, cpu: Cpu) -> None:
        """sched_tick: count, end a slice, and pass a thread that waits to a CPU that has none."""
        now = self.now
        cpu.ticking = False
        if cpu.current is None:
            return
        if self._bandwidth is not None:
            self._count(cpu, now)
            if cpu.throttled:
                return
        if cpu.queue and self._idle:
            idle = next(iter(self._idle.values()))
            thread = fair.pick(cpu.queue, fair.average(cpu, now))
            self._move(thread, cpu, idle, now)
            idle.queue.remove(thread)
            self._run(thread, idle, now, self._latency(thread, now))
        elif cpu.queue and now - cpu.balanced_at >= self._balance_every:
            self._balance(cpu, now)
        if fair.ends_slice(cpu, now, self._slice):
            self._stop(cpu, now)
            self._run_first(cpu, now, self._hand_over())
        if cpu.queue or self._bandwidth is not None:
            self._arm_tick(cpu, now)

    def _balance(self, cpu: Cpu, now: int) -> None:
        """A CPU where threads wait passes one to one where fewer do, if only by turns (seen: three hogs on two CPUs)."""
        cpu.balanced_at = now
        other = min(self.cpus, key=lambda each: (each.throttled, len(each.queue), each.balanced_at))
        if len(other.queue) < len(cpu.queue) and not other.throttled:
            self._move(fair.pick(cpu.queue, fair.average(cpu, now)), cpu, other, now)
            other.balanced_at = now  # it has just got one: it does not pass it back at its next tick
            self._arm_tick(other, now)

    def _later(self, ns: int, do: Callable[[], None]) -> None:
        self.clock.timeout(ns).callbacks.append(lambda _: do())

    def _stall_in(self, ns: int, cpu: Cpu) -> None:
        self._later(ns, lambda: self._stalls(cpu))

    def _stalls(self, cpu: Cpu) -> None:
        """Whoever runs loses some time: to ticks and other interrupts, or to a host that runs something else."""
        length, thread = self._stall(), cpu.current
        if thread is not None:
            lost = thread.clock + length if thread.until == NEVER else max(thread.clock, self.now + length)
            thread.clock = lost
        self._stall_in(length + self._stall_gap(), cpu)

    # Bandwidth

    def _count(self, cpu: Cpu, now: int) -> None:
        """Throttle a CPU whose group has spent its quota."""
        assert self._bandwidth is not None  # noqa: S101 - asked before
        if self._bandwidth.charge(cpu, now) or cpu.throttled:
            return
        if cpu.current is not None:
            self._stop(cpu, now)
        cpu.throttled = True
        cpu.charged_at = now
        self._idle.pop(cpu.id, None)
        for thread in cpu.queue:
            self._say(thread, now, "waiting", "throttled")

    def _refill_in(self, ns: int) -> None:
        self._later(ns, self._refill)

    def _refill(self) -> None:
        assert self._bandwidth is not None  # noqa: S101 - only a quota has periods
        self._bandwidth.refill()
        self._unthrottle()
        self._refill_in(PERIOD)

    def _unthrottle(self) -> None:
        assert self._bandwidth is not None  # noqa: S101 - likewise
        now = self.now
        for cpu in self.cpus:
            if cpu.throttled and self._bandwidth.release(cpu):
                cpu.throttled = False
                self.throttled_ns += now - cpu.charged_at
                cpu.charged_at = now
                for thread in cpu.queue:
                    self._say(thread, now, "throttled", "waiting")
                self._next(cpu, now)

    def _say(self, thread: Thread, now: int, old: str, new: str) -> None:
        if self._note is not None:
            self._note(thread, now, old, new)
