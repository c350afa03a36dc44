"""The kernel underneath: threads share CPUs, sleep, wake, and are throttled. It knows nothing of Go.

Theory of operation
-------------------
A thread has a clock of its own. While it has a CPU and no event is due, it runs ahead of the loop in plain Python,
for only an event can take the CPU from it; before what others can see it lets the loop catch up (:meth:`Kernel.reach`).
If its CPU is taken meanwhile, its clock is moved by as long as it waited: what it was doing takes as much CPU time
as before, and ends later.

So long as there are as many CPUs as threads that want one, and no quota, little here costs events: ticks exist only
where somebody waits, or is counted, and CPUs stall, where it is known how they do, only while they are used.

Not modelled: priorities, caches that a thread leaves behind, real-time classes, more than one level of CPUs.
"""

from __future__ import annotations

import random

from lab.sim import fair
from lab.sim.clock import Clock, Steps
from lab.sim.costs import Draws
from lab.sim.cpu import Cpus, Note
from lab.sim.thread import ASLEEP, NEVER, RUNNING, WAITING, Cpu, Thread
from lab.sim.waking import Waking


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
        self._waking = Waking(cost)
        self.cpus = Cpus(clock, cost, self._waking, source, note, count=cpus, quota=quota)
        self._clone = cost.source("thread_new_call")
        self._cloned = cost.source("thread_start")
        self._call = cost.source("getppid")

    @property
    def now(self) -> int:
        """The loop's time."""
        return int(self.clock.now)

    # What a thread does

    def begin(
        self, thread: Thread, steps: Steps, cpu: Cpu | None = None, wakes_at: int | None = None
    ) -> None:
        """A thread that sleeps, with what it will do; it last ran on *cpu*, and its timer rings at *wakes_at*."""
        thread.steps = steps
        thread.cpu = cpu or self.cpus.all[thread.id % len(self.cpus.all)]
        thread.cpu.utilization = min(thread.cpu.utilization + thread.utilization, 1.0)
        thread.slept_at = thread.clock
        thread.alarm = self.clock.alarm(thread)
        if wakes_at is not None:
            self._ring(thread, wakes_at)

    def run_first(self, thread: Thread, steps: Steps) -> None:
        """The thread with which a process begins: it has its CPU from the start."""
        thread.utilization = fair.NEW
        self.begin(thread, steps, self.cpus.all[0])
        self.cpus.run(thread, self.cpus.all[0], 0, 0)

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
        self.cpus.leave(thread, now, "asleep")
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
        self.cpus.leave(thread, thread.clock, "")
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
        call, run = self._waking.here(thread, now) if cpu is here else self._waking.there(thread, now)
        self._start(thread, cpu, now, run, run if cpu is here else self._waking.in_place())
        waker.clock += call

    def deliver(self, thread: Thread) -> None:
        """Something that a thread waits for has come, by an interrupt, now."""
        now = self.now
        if thread.state is not ASLEEP:
            thread.token = True
            return
        latency = self._waking.by_interrupt(thread, now)
        self._start(thread, self._place(thread, now, None), now, latency, self._waking.in_place())

    def spawn(self, thread: Thread, steps: Steps, parent: Thread) -> None:
        """Clone a thread: onto the CPU that has been used least, where no idle one is seen (sched_balance_find_dst_cpu)."""
        now, here = parent.clock, parent.cpu
        assert here is not None  # noqa: S101 - its parent runs
        cpu = self._idle_one(now) or self._least_used(now, here)
        thread.stopped_running = now
        thread.utilization = (1 - fair.utilization(cpu, now)) * fair.NEW
        self.begin(thread, steps, cpu)
        call, start = self._clone(), self._cloned()
        self._start(thread, cpu, now, call + start, call + start)
        if thread.state is WAITING:
            thread.clock += start  # it has that still to do when it is given a CPU
        parent.clock += call

    def _least_used(self, now: int, here: Cpu) -> Cpu:
        if self._waking.overlooks:
            return min(self.cpus.all, key=lambda each: (fair.load(each, now), each is not here))
        return min(self.cpus.all, key=lambda each: (len(each.queue), each is not here))

    def _ring(self, thread: Thread, at: int) -> None:
        sleep = thread.sleeps
        self.clock.later(max(at - self.now, 0), lambda: self._expire(thread, sleep))

    def _expire(self, thread: Thread, sleep: int) -> None:
        """A thread's own timer. How late timers are is in *until*, so that there is nothing more to wait for but a CPU."""
        now = self.now
        if thread.state is ASLEEP and thread.sleeps == sleep:
            self._start(thread, self._place(thread, now, None), now, 0, self._waking.in_place())

    def _start(self, thread: Thread, cpu: Cpu, now: int, idle: int, busy: int) -> None:
        """Have a thread run on *cpu*: *idle* later where nobody uses it, *busy* later where it takes another's place."""
        thread.clock = max(thread.clock, now)
        self.cpus.attach(thread, cpu, now)
        fair.arrive(thread, cpu, now, self.cpus.slice)
        thread.sleeps += 1
        if cpu.current is None and not cpu.queue and not cpu.throttled:
            self.cpus.run(thread, cpu, now, idle)
            return
        thread.state, thread.stopped_at = WAITING, now
        cpu.queue.append(thread)
        self.cpus.say(thread, now, "asleep", "waiting")
        if cpu.throttled:
            self.cpus.say(thread, now, "waiting", "throttled")
        elif cpu.current is not None and fair.preempts(thread, cpu.current, now):
            self.cpus.stop(cpu, now)
            cpu.queue.remove(thread)
            self.cpus.run(thread, cpu, now, busy)
        self.cpus.arm_tick(cpu, now)

    def _place(self, thread: Thread, now: int, here: Cpu | None) -> Cpu:
        """select_task_rq_fair: where it was, if that CPU idles; else on an idle CPU; else there or with its waker.

        A CPU that idles may be overlooked: where a host has put it to sleep it looks like one that the host has taken away
        (available_idle_cpu, vcpu_is_preempted). Then what its CPUs have to do decides (wake_affine_weight).
        """
        last = thread.cpu
        assert last is not None  # noqa: S101 - only a thread that has run is woken
        if last.id in self.cpus.idle and not self._waking.is_overlooked(last, now):
            return last
        looks = self._waking.overlooks  # only there is what CPUs have to do kept
        if looks and here is not None and here is not last and fair.pulls(thread, here, last, now):
            last = here
        if last.id in self.cpus.idle:
            return last
        return self._idle_one(now) or last

    def _idle_one(self, now: int) -> Cpu | None:
        """A CPU that is seen to idle: the one that was busy last."""
        cpu = next(reversed(self.cpus.idle.values()), None)
        return None if cpu is None or self._waking.is_overlooked(cpu, now) else cpu
