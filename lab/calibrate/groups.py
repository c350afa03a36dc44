"""Which primitives are measured together, and which costs they give: what is missing of a calibration is measured alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from lab.model.scenario import HOST_FS, TMPFS
from lab.sim.costs import Costs
from lab.stats.process import quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """An argument of go_templates/calibrate, and the costs that come out of it.

    ``is_raw``: its threads wait in the kernel without the runtime's knowledge, so no signal may ask them to stop.
    ``is_single``: it has one thread at a time, so that whoever waits for a CPU meanwhile is somebody else. A round has a process of it in
    each of ``folders`` (levels of the factor ``fs``).
    ``is_usual``: it is measured where nobody says what; another is where a program needs it, or somebody names it.
    """

    name: str
    costs: frozenset[str]
    is_raw: bool = False
    is_single: bool = False
    is_usual: bool = True
    folders: tuple[str, ...] = (TMPFS,)

    def environment(self, folder: str, number: int) -> tuple[str, ...]:
        """What its processes need beside the usual, that in *folder* of the *number*-th round."""
        return (
            "GOGC=off",
            *(("GODEBUG=asyncpreemptoff=1",) if self.is_raw else ()),
            *((f"LAB_FOLDER={folder}", f"LAB_ROUND={number}") if len(self.folders) > 1 else ()),
        )


_LAYERS: Final = (1, 3, 8, 32, 100)
"""Of how many layers a folder is calibrated in which files are opened: a look-up takes longer in each, and so much the more where they fill the caches."""
_OTHER_LAYERS: Final = 2
"""An image has the agent's and the program's below them."""

GROUPS: Final = (
    Group(
        name="runtime",
        costs=frozenset(
            [
                "chan_op",
                "switch",
                "chan_round_trip",
                "select",
                "select_round_trip",
                "go",
                "go_new",
                "go_cold",
                "go_exit",
                "go_wave",
                "gosched",
                "sync",
                "sync_op",
                "sema",
                "sema_round_trip",
                "pause_round",
                "timer_new",
                "timer_add",
                "timer_reset",
                "timer_stop",
                "timer_fire",
                "sleep_wave",
                "time_now",
                "syscall",
                "getppid",
                "getppid_go",
                "schedule",
                "chan_handed",
                "go_life",
                "select_handed",
                "sema_handed",
                "sleep_fire",
                "osyield",
            ]
        ),
        is_single=True,
    ),
    Group(
        name="memory",
        costs=frozenset(["fault", "populate", "unmap", "mmap", "munmap", "munmap_touched"]),
        is_single=True,
    ),
    Group(
        name="naps",
        costs=frozenset(
            [
                "usleep_overshoot",
                "usleep_overshoot_busy",
                "epoll_cpu",
                "epoll_overshoot",
                "epoll_wait_overshoot",
                "epoll_wait_overshoot_busy",
                "break_call",
                "break_run",
            ]
        ),
        is_raw=True,
    ),
    Group(
        name="wakes",
        costs=frozenset(
            [
                "futex_wake",
                "wake_latency",
                "wake_call",
                "wake_run",
                "wake_preempts",
                "free_wake_call",
                "free_wake_run",
                "free_wake_same_cpu",
            ]
        ),
        is_raw=True,
    ),
    Group(
        name="sharing",
        costs=frozenset(["thousand_iterations", "context_switch", "slice_run", "slice_wait", "spread_delay"]),
        is_raw=True,
    ),
    Group(
        name="threads",
        costs=frozenset(
            ["first_go_call", "first_go_run", "thread_new_call", "thread_new_run", "thread_start"]
        ),
        is_raw=True,
    ),
    Group(
        name="signals",
        costs=frozenset(
            ["preempt_signal", "locked_round_trip", "sleep_1ms_overshoot", "idle_cycle_cpu", "steal_per_p"]
        ),
    ),
    Group(
        name="network",
        costs=frozenset(["loopback_send", "loopback_receive", "loopback_round_trip", "netpoll_wake"]),
        is_raw=True,
    ),
    Group(
        name="machine",
        costs=frozenset(["stall", "stall_gap", "sysmon_round"]),
        is_raw=True,
    ),
    Group(
        name="open",
        costs=frozenset(
            [
                "open_present",
                "open_absent",
                "open_writable",
                "open_close",
                "open_first_present",
                "open_first_absent",
                "open_start",
                "open_known",
                "open_new",
                "open_lookup",
                "open_name",
            ]
        ),
        is_single=True,
        is_usual=False,
        folders=(
            TMPFS,
            "bind",
            HOST_FS,
            *(f"overlay-mount:{layers}" for layers in _LAYERS),
            *(f"overlay:{layers + _OTHER_LAYERS}" for layers in _LAYERS),
        ),
    ),
)
"""All of them. The longest first would gain nothing: they take turns."""
USUAL: Final = tuple(group for group in GROUPS if group.is_usual)
"""Those that are measured where nobody says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """What is to be measured: for which Go release, on which CPUs (empty: all), which groups, in how many rounds."""

    release: str
    processes: int
    cpuset: str = ""
    groups: tuple[Group, ...] = USUAL


LOOP: Final = "thousand_iterations"
"""The cost of a thousand iterations of the loop behind ``lab.Work``: no simulation draws it."""
SHARES: Final = frozenset({"wake_preempts", "free_wake_same_cpu"})
"""Costs that are none: of each time whether it was so (1) or not (0)."""


def giving(wanted: Collection[str]) -> tuple[Group, ...]:
    """The groups that have any of the costs *wanted*."""
    return tuple(group for group in GROUPS if not group.costs.isdisjoint(wanted))


def iterations_per_us(costs: Costs) -> int | None:
    """How many iterations of ``lab.Work``'s loop this machine does in a microsecond, alone; None where nobody measured.

    It is what ``LAB_ITERS_PER_US`` tells a program. What more than one busy CPU costs is the kernel layer's to model.
    """
    points = costs.costs[LOOP].points if LOOP in costs.costs else ()
    medians = [
        quantile(values, 0.5) for point in points if point.levels == {"busy": 1} for values in point.processes
    ]
    return max(round(1_000_000 / quantile(medians, 0.5)), 1) if medians else None
