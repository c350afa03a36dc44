"""A control group's CPU bandwidth: a quota of CPU time each period, handed to the CPUs in slices (kernel/sched/fair.c).

A CPU whose group has used up its slice asks for the next; where the period's quota is spent, all threads there stop
until the next period. What is used is counted at ticks and when threads change, so a CPU may overrun; that is paid
back from what it gets next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lab.sim.thread import Cpu

PERIOD: Final = 100_000_000
"""cpu.cfs_period_us as Docker sets it, and the kernel by itself."""
_KEPT: Final = 1_000_000
"""What a CPU that becomes idle keeps of its slice. fair.c: ``min_cfs_rq_runtime``."""


@dataclass(slots=True)
class Bandwidth:
    """What is left of a period's *quota*, in ns of CPU time; *slice* is what a CPU asks for (sched_cfs_bandwidth_slice_us)."""

    quota: int
    slice: int
    pool: int

    def charge(self, cpu: Cpu, now: int) -> bool:
        """Count what *cpu* has used until *now*, and get it more; whether there was any (account_cfs_rq_runtime)."""
        if cpu.current is not None:
            cpu.runtime -= max(now - cpu.charged_at, 0)
        cpu.charged_at = now
        return cpu.runtime > 0 or self._ask(cpu)

    def refill(self) -> None:
        """A new period: what was left of the last is lost (do_sched_cfs_period_timer)."""
        self.pool = self.quota

    def release(self, cpu: Cpu) -> bool:
        """Give a throttled CPU just enough to go on, if there is enough; whether it may (distribute_cfs_runtime)."""
        needed = 1 - cpu.runtime
        given = min(needed, self.pool)
        self.pool -= given
        cpu.runtime += given
        return cpu.runtime > 0

    @property
    def has_slack(self) -> bool:
        """Whether there is enough for it to be worth while to hand it out again."""
        return self.pool > self.slice

    def give_back(self, cpu: Cpu) -> bool:
        """A CPU that becomes idle keeps 1 ms of its slice; whether there is then enough for others (return_cfs_rq_runtime)."""
        slack = cpu.runtime - _KEPT
        if slack > 0:
            cpu.runtime = _KEPT
            self.pool += slack
        return slack > 0 and self.has_slack

    def _ask(self, cpu: Cpu) -> bool:
        given = min(self.slice - cpu.runtime, self.pool)
        self.pool -= given
        cpu.runtime += given
        return cpu.runtime > 0
