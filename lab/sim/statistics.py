"""What a run has come to, under the names that schedtrace and runtime/metrics print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from lab.sim.state import Goroutine, Sched
from lab.sim.status import RUNNABLE, RUNNING, SYSCALL, WAITING

TRACKED: Final = 7
"""One wait in eight is looked at: those whose number has none of these bits. runtime2.go: gTrackingPeriod."""


class Latencies:
    """How long goroutines were runnable before they ran: counts, by the power of two of the nanoseconds."""

    def __init__(self) -> None:
        self._counts = [0] * 64

    def note(self, ns: int) -> None:
        """One goroutine has waited for *ns*."""
        self._counts[ns.bit_length()] += 1

    def histogram(self) -> tuple[tuple[float, int], ...]:
        """Pairs of an upper bound in seconds and how many waited for less than it and no less than the one before."""
        return tuple(((1 << bits) / 1e9, count) for bits, count in enumerate(self._counts) if count)


class Statistics(Mapping[str, Any]):
    """The scheduler as of the end, frozen: a mapping with the names as Go spells them.

    schedtrace's fields (proc.go: schedtrace) can be had as attributes, too: ``gomaxprocs``, ``idleprocs``, ``threads``
    (sysmon's among them), ``spinningthreads``, ``needspinning``, ``idlethreads``, ``runqueue``, the length of each
    P's own queue in ``runqueues``, and ``schedticks``; so can ``handoffs``, calls of handoffp, which Go itself does not count. From runtime/metrics there are the ``/sched/…`` that are not
    of the collector; ``/sched/latencies:seconds`` is a histogram of every eighth wait, as pairs of an upper bound and
    a count.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = MappingProxyType(dict(values))

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - a number or a list of them
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - likewise
        if name.startswith("_") or name not in self._values:
            raise AttributeError(name)
        return self._values[name]

    def __repr__(self) -> str:
        return f"Statistics({dict(self._values)!r})"

    def __reduce__(self) -> tuple[type[Statistics], tuple[dict[str, Any]]]:
        return Statistics, (dict(self._values),)


def statistics(
    state: Sched, goroutines: Iterable[Goroutine], *, others: int, created: int, latencies: Latencies
) -> Statistics:
    """The statistics of *state*, in which *goroutines* are alive, and *others* are the threads beside its Ms."""
    statuses = [g.status for g in goroutines]
    return Statistics(
        {
            "gomaxprocs": state.gomaxprocs,
            "idleprocs": len(state.idle_ps),
            "threads": len(state.ms) + others,
            "spinningthreads": state.nmspinning,
            "needspinning": int(state.needspinning),
            "idlethreads": len(state.idle_ms),
            "runqueue": len(state.runq),
            "runqueues": tuple(len(p.runq) for p in state.ps),
            "schedticks": tuple(p.schedtick for p in state.ps),
            "handoffs": state.handoffs,
            "/sched/gomaxprocs:threads": state.gomaxprocs,
            "/sched/goroutines-created:goroutines": created,
            "/sched/goroutines:goroutines": len(statuses),
            "/sched/goroutines/not-in-go:goroutines": statuses.count(SYSCALL),
            "/sched/goroutines/runnable:goroutines": statuses.count(RUNNABLE),
            "/sched/goroutines/running:goroutines": statuses.count(RUNNING),
            "/sched/goroutines/waiting:goroutines": statuses.count(WAITING),
            "/sched/latencies:seconds": latencies.histogram(),
            "/sched/threads/total:threads": len(state.ms) + others,
        }
    )
