"""What a run has come to, under the names that schedtrace and runtime/metrics print."""

from __future__ import annotations

from dataclasses import dataclass

from lab.sim.state import Sched


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """The scheduler as of the end: schedtrace's fields (proc.go: schedtrace), then metrics of runtime/metrics.

    ``threads`` counts sysmon. ``goroutines`` is ``/sched/goroutines:goroutines``, ``goroutines_created`` is
    ``/sched/goroutines-created:goroutines``.
    """

    gomaxprocs: int
    idleprocs: int
    threads: int
    spinningthreads: int
    needspinning: int
    idlethreads: int
    runqueue: int
    local_runqueues: tuple[int, ...]
    schedticks: tuple[int, ...]
    goroutines: int
    goroutines_created: int


def statistics(state: Sched, *, goroutines: int, created: int) -> Statistics:
    """The statistics of *state*."""
    return Statistics(
        gomaxprocs=state.gomaxprocs,
        idleprocs=len(state.idle_ps),
        threads=len(state.ms) + 1,
        spinningthreads=state.nmspinning,
        needspinning=int(state.needspinning),
        idlethreads=len(state.idle_ms),
        runqueue=len(state.runq),
        local_runqueues=tuple(len(p.runq) + (p.runnext is not None) for p in state.ps),
        schedticks=tuple(p.schedtick for p in state.ps),
        goroutines=goroutines,
        goroutines_created=created,
    )
