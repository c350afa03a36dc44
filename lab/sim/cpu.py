"""Who has which CPU, and until when: CPUs change hands at ticks and when threads sleep, stall, and are throttled."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Final

from lab.sim import fair
from lab.sim.bandwidth import PERIOD, Bandwidth
from lab.sim.clock import Clock
from lab.sim.costs import Draws
from lab.sim.thread import NEVER, RUNNING, WAITING, Cpu, Thread
from lab.sim.waking import Waking

_SLACK_TIMER: Final = 5_000_000
"""After which what was given back goes to throttled CPUs. fair.c: ``cfs_bandwidth_slack_period``."""
_NEAR: Final = 2_000_000
"""A new period that comes so soon is waited for. fair.c: ``min_bandwidth_expiration``."""
_BALANCE: Final = (32_000_000, 64_000_000)
"""How often a busy CPU looks for one that has more threads, less a tick. topology.c: ``sd_weight`` and twice as many ms on
two CPUs, times ``busy_factor`` 16; fair.c varies it between the two."""
_HOT: Final = 500_000
"""After so long a thread's caches are cold. fair.c: task_hot, ``sysctl_sched_migration_cost``."""

Note = Callable[[Thread, int, str, str], None]


class Cpus:
    """All CPUs with their queues; ``idle`` are those that nobody uses, by number, the last to become so last.

    *note* is told of each thread's changes: when, and from what to what. *quota* is in CPUs' worth of time.
    """

    def __init__(
        self,
        clock: Clock,
        cost: Draws,
        waking: Waking,
        source: random.Random,
        note: Note | None,
        *,
        count: int,
        quota: float | None,
    ) -> None:
        self._clock = clock
        self._note = note
        self._waking = waking
        self._tick = cost("tick")
        self.slice = cost("slice")
        self._most_lag = max(2 * self.slice, self._tick)  # fair.c: update_entity_lag
        self.all = [Cpu(id=number, tick_phase=source.randrange(self._tick)) for number in range(count)]
        self.idle = {cpu.id: cpu for cpu in self.all}
        self._taken = set[
            int
        ]()  # all others: at every sleep they are looked through, and of thousands of CPUs few are
        self.throttled_ns = 0
        self._used_ns = 0
        self._stall, self._stall_gap = cost.source("stall"), cost.source("stall_gap")
        self._has_stalls = cost.is_something("stall")
        self._chance = random.Random(source.random()).random  # noqa: S311 - a simulation
        self._has_slack_timer = False
        self._refill_at = 0
        self._bandwidth = None
        if quota is not None:
            spare = round(quota * PERIOD)
            self._bandwidth = Bandwidth(quota=spare, slice=cost("bandwidth_slice"), pool=spare)
            self._refill_in(source.randrange(PERIOD))

    @property
    def _now(self) -> int:
        return int(self._clock.now)

    def used_ns(self, now: int) -> int:
        """CPU time that all threads together have had until *now*."""
        running = (cpu.current for cpu in self.all)
        return self._used_ns + sum(max(now - thread.on_since, 0) for thread in running if thread is not None)

    # CPUs change hands

    def run(self, thread: Thread, cpu: Cpu, now: int, delay: int) -> None:
        """Give a CPU that is free to a thread, which goes on *delay* later."""
        if self._bandwidth is not None:
            self._count(cpu, now)
            if cpu.throttled:
                self._queue(thread, cpu, now)
                return
        self._takes(cpu)
        if self._waking.overlooks:
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
        self.say(thread, now, old, "running")
        self._clock.resume(thread, thread.clock)
        if self._bandwidth is not None or cpu.queue:
            self.arm_tick(cpu, now)
        if self._has_stalls and not cpu.stalling:
            self._stall_in(self._stall_gap(), cpu)

    def _takes(self, cpu: Cpu) -> None:
        self.idle.pop(cpu.id, None)
        self._taken.add(cpu.id)

    def _queue(self, thread: Thread, cpu: Cpu, now: int) -> None:
        if thread.state is not WAITING:
            self.say(thread, now, "running" if thread.state is RUNNING else "asleep", "waiting")
            thread.state = WAITING
        if thread.stopped_at == NEVER:
            thread.stopped_at = now
        if thread not in cpu.queue:
            cpu.queue.append(thread)
        if cpu.throttled:
            self.say(thread, now, "waiting", "throttled")

    def stop(self, cpu: Cpu, now: int) -> None:
        """Take the CPU from the thread that runs; it waits for it again."""
        thread = cpu.current
        assert thread is not None  # noqa: S101 - asked by who has seen it
        self._put_down(thread, cpu, now)
        thread.stopped_at = max(now, thread.on_since)  # a switch to it that was under way is not made twice
        self._queue(thread, cpu, now)
        self._clock.horizon = 0  # whoever runs ahead looks again whether it may

    def _put_down(self, thread: Thread, cpu: Cpu, now: int) -> None:
        if self._bandwidth is not None:
            self._bandwidth.charge(cpu, now)
        used = max(now - thread.on_since, 0)
        thread.vruntime += used
        self._used_ns += used
        if self._waking.overlooks:
            fair.note_run(thread, now)
            fair.note_use(cpu, now)
        thread.stopped_running = now
        cpu.current = None

    def leave(self, thread: Thread, now: int, state: str) -> None:
        """A thread that runs goes to sleep; the next one runs, or one that waits elsewhere (sched_balance_newidle)."""
        cpu = thread.cpu
        assert cpu is not None  # noqa: S101 - it runs
        fair.sleeps(thread, cpu, now, self._most_lag)
        self._put_down(thread, cpu, now)
        self.say(thread, now, "running", state)
        self._next(cpu, now)

    def _next(self, cpu: Cpu, now: int) -> None:
        """What a CPU does that has nobody: the next of its queue, one that waits elsewhere, or nothing."""
        if cpu.throttled:
            return
        if not cpu.queue and (cold := self._cold_one(now)) is not None:
            assert cold.cpu is not None  # noqa: S101 - it waits there
            self._move(cold, cold.cpu, cpu, now)
        if cpu.queue:
            self._run_first(cpu, now, self._waking.hand_over())
            return
        cpu.idle_since, cpu.chance = now, self._chance()
        self.idle[cpu.id] = cpu
        self._taken.discard(cpu.id)
        if self._bandwidth is not None and self._bandwidth.give_back(cpu):
            self._slack_in(now)

    def _run_first(self, cpu: Cpu, now: int, delay: int) -> None:
        thread = fair.pick(cpu.queue, fair.average(cpu, now))
        cpu.queue.remove(thread)
        self.run(thread, cpu, now, delay)

    def _cold_one(self, now: int) -> Thread | None:
        """A thread that waits elsewhere, for a newly idle CPU."""
        crowded = (
            cpu for number in sorted(self._taken) if (cpu := self.all[number]).queue and not cpu.throttled
        )
        return next((thread for cpu in crowded for thread in _cold(cpu.queue, now)), None)

    def _move(self, thread: Thread, old: Cpu, new: Cpu, now: int) -> None:
        lag = fair.lag(thread, old, now, self._most_lag)
        old.queue.remove(thread)
        self.attach(thread, new, now)
        fair.move(thread, new, now, lag)
        new.queue.append(thread)

    def attach(self, thread: Thread, cpu: Cpu, now: int) -> None:
        """Have a thread that comes to *cpu* count there; only where what CPUs have to do decides anything."""
        if self._waking.overlooks and thread.cpu is not cpu:
            fair.attach(thread, cpu, now)

    # Ticks

    def arm_tick(self, cpu: Cpu, now: int) -> None:
        """Have a CPU tick, where somebody waits or what is used is counted."""
        if not cpu.ticking:
            cpu.ticking = True
            at = fair.next_tick(cpu, now, self._tick)
            self._clock.later(at - self._now, lambda: self._tick_of(cpu))

    def _tick_of(self, cpu: Cpu) -> None:
        """sched_tick: count, end a slice, and pass a thread that waits to a CPU that has none."""
        now = self._now
        cpu.ticking = False
        if cpu.current is None:
            return
        if self._bandwidth is not None:
            self._count(cpu, now)
            if cpu.throttled:
                return
        if cpu.queue and self.idle:
            idle = next(iter(self.idle.values()))
            thread = fair.pick(cpu.queue, fair.average(cpu, now))
            self._move(thread, cpu, idle, now)
            idle.queue.remove(thread)
            self.run(thread, idle, now, self._waking.by_interrupt(thread, now))
        elif cpu.queue and now >= cpu.balances_at:
            self._balance(cpu, now)
        if fair.ends_slice(cpu, now, self.slice):
            self.stop(cpu, now)
            self._run_first(cpu, now, self._waking.hand_over())
        if cpu.queue or self._bandwidth is not None:
            self.arm_tick(cpu, now)

    def _balance(self, cpu: Cpu, now: int) -> None:
        """A CPU where threads wait passes one to one where fewer do, if only by turns (seen: three hogs on two CPUs)."""
        cpu.balances_at = self._next_balance(now)
        other = min(self.all, key=lambda each: (each.throttled, len(each.queue), each.balances_at))
        cold = _cold(cpu.queue, now)
        if cold and len(other.queue) < len(cpu.queue) and not other.throttled:
            self._move(fair.pick(cold, fair.average(cpu, now)), cpu, other, now)
            # it has just got one: it does not pass it back at its next tick
            other.balances_at = self._next_balance(now)
            self.arm_tick(other, now)

    def _next_balance(self, now: int) -> int:
        least, most = _BALANCE
        return now + least + round((most - least) * self._chance()) - self._tick

    def _stall_in(self, ns: int, cpu: Cpu) -> None:
        cpu.stalling = True
        self._clock.later(ns, lambda: self._stalls(cpu))

    def _stalls(self, cpu: Cpu) -> None:
        """Whoever runs loses some time: to ticks and other interrupts, or to a host that runs something else."""
        length, thread = self._stall(), cpu.current
        cpu.stalling = False
        if thread is None:
            return
        lost = thread.clock + length if thread.until == NEVER else max(thread.clock, self._now + length)
        thread.clock = lost
        self._stall_in(length + self._stall_gap(), cpu)

    # Bandwidth

    def _count(self, cpu: Cpu, now: int) -> None:
        """Throttle a CPU whose group has spent its quota."""
        assert self._bandwidth is not None  # noqa: S101 - asked before
        if self._bandwidth.charge(cpu, now) or cpu.throttled:
            return
        if cpu.current is not None:
            self.stop(cpu, now)
        cpu.throttled = True
        cpu.charged_at = now
        self._takes(cpu)
        for thread in cpu.queue:
            self.say(thread, now, "waiting", "throttled")

    def _refill_in(self, ns: int) -> None:
        self._refill_at = self._now + ns
        self._clock.later(ns, self._refill)

    def _slack_in(self, now: int) -> None:
        """Have what was given back go to throttled CPUs, unless a new period is near (start_cfs_slack_bandwidth)."""
        if self._has_slack_timer or self._refill_at - now < _SLACK_TIMER + _NEAR:
            return
        self._has_slack_timer = True
        self._clock.later(_SLACK_TIMER, self._slack)

    def _slack(self) -> None:
        """fair.c: do_sched_cfs_slack_timer."""
        assert self._bandwidth is not None  # noqa: S101 - likewise
        self._has_slack_timer = False
        if self._refill_at - self._now >= _NEAR and self._bandwidth.has_slack:
            self._unthrottle()

    def _refill(self) -> None:
        assert self._bandwidth is not None  # noqa: S101 - only a quota has periods
        self._bandwidth.refill()
        self._unthrottle()
        self._refill_in(PERIOD)

    def _unthrottle(self) -> None:
        assert self._bandwidth is not None  # noqa: S101 - likewise
        now = self._now
        for cpu in self.all:
            if cpu.throttled and self._bandwidth.release(cpu):
                cpu.throttled = False
                self.throttled_ns += now - cpu.charged_at
                cpu.charged_at = now
                for thread in cpu.queue:
                    self.say(thread, now, "throttled", "waiting")
                self._next(cpu, now)

    def say(self, thread: Thread, now: int, old: str, new: str) -> None:
        """Tell whoever wants to know what becomes of a thread."""
        if self._note is not None:
            self._note(thread, now, old, new)


def _cold(queue: Iterable[Thread], now: int) -> list[Thread]:
    """Those that have waited so long that nothing of theirs is left in the caches: others are left where they are."""
    return [thread for thread in queue if now - thread.stopped_running >= _HOT]
