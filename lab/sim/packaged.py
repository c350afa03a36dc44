"""Costs for machines that nobody has calibrated: of one virtual machine, rounded, and labelled uncalibrated.

They were measured with go1.27.3 on a virtual machine with two CPUs (AMD EPYC, Linux 6.18) by the programs of
``go_templates/calibrate`` where there is one, else as the comment beside each says. They give the right order
of magnitude elsewhere, and no more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Final

from lab.sim.costs import Cost, Costs, Point

_DATE: Final = "2026-11-27"
PACKAGED: Final = "one virtual machine, rounded"
"""The origin of these costs."""

_SIMPLE: Final[Mapping[str, tuple[float, ...]]] = {
    "go_cold": (1_400, 1_500, 1_700),  # newproc with a new stack
    "go_new": (58, 60, 65),  # and with the stack of one that has ended
    "go_exit": (12, 13, 15),
    "schedule": (55, 57, 62),  # find and execute the next G: what Gosched takes
    "chan_op": (11, 12, 15),  # a buffered send or receive that does not block
    "chan_handed": (33, 38, 45),  # one on whose other side somebody waits, or that waits
    "sync": (2, 2, 3),  # the fast path of a lock, a counter
    "sema_handed": (30, 35, 42),  # semacquire and semrelease around the parking itself
    "pause_round": (390, 410, 430),  # 30 PAUSE instructions
    "timer_add": (55, 60, 80),
    "sleep_fire": (170, 240, 300),
    "steal": (200, 300, 500),  # four passes over idle Ps
    "getppid": (210, 215, 230),  # the least that a system call takes
    "sysmon_round": (14_500, 18_000, 21_500),  # CPU time, nearly all of it to go to sleep
    "tick": (4_000_000,),  # HZ=250
    # fair.c: sysctl_sched_base_slice, 0.7 ms times 2 on two CPUs; a slice ends at a tick
    "slice": (1_400_000,),
    "bandwidth_slice": (5_000_000,),  # /proc/sys/kernel/sched_cfs_bandwidth_slice_us
    "stall": (0,),  # what a thread that runs loses to interrupts and to the host; 0: nothing is known of it
    "stall_gap": (4_000_000,),  # until the next
    "epoll_overshoot": (
        62_000,
        72_000,
        85_000,
    ),  # beyond the whole milliseconds asked for: timer slack and waking up
    "epoll_cpu": (
        15_400,
        22_400,
        24_700,
    ),  # CPU time of waiting there for 1 ms: to set the timer, go to sleep, come back
    "syscall": (60, 80, 120),  # entersyscall and exitsyscall around the call itself
    "preempt_signal": (3_000, 5_000, 9_000),  # tgkill, delivery, the signal handler
}

_LEVELLED: Final[Mapping[str, tuple[tuple[Mapping[str, int | str], tuple[float, ...]], ...]]] = {
    "alloc": (
        ({"bytes": 16}, (14, 18, 25)),
        ({"bytes": 1 << 10}, (120, 160, 220)),
        ({"bytes": 32 << 10}, (2_000, 3_000, 4_500)),
    ),
    "fault": (({"page": 4 << 10}, (1_430, 1_500, 1_600)), ({"page": 2 << 20}, (100_000, 106_000, 120_000))),
    "populate": (({"page": 4 << 10}, (1_270, 1_350, 1_450)), ({"page": 2 << 20}, (95_000, 99_000, 105_000))),
    "unmap": (({"page": 4 << 10}, (330, 350, 380)), ({"page": 2 << 20}, (6_200, 6_700, 7_000))),
    "mmap": tuple(
        ({"bytes": size << 30, "prot": prot}, (1_400, 1_600, 1_800))
        for size in (1, 8, 64)
        for prot in ("none", "rw", "noreserve")
    ),
    "munmap": tuple(
        ({"bytes": size << 30, "prot": prot}, (2_500, 4_000, 6_000))
        for size in (1, 8, 64)
        for prot in ("none", "rw", "noreserve")
    ),
    "usleep_overshoot": (
        ({"ns": 20_000}, (60_000, 68_000, 80_000)),
        ({"ns": 10_000_000}, (80_000, 100_000, 150_000)),
    ),
}

# Measured on 2026-11-27 by the groups "wakes", "sharing", "threads", "naps" and "runtime" of go_templates/calibrate, engine
# host, beside other work: of 16 processes' medians those at 10, 35 and 60 %, rounded.
_FINER: Final[Mapping[str, tuple[tuple[Mapping[str, int | str], tuple[float, ...]], ...]]] = {
    # the waker's call, and from its beginning until the woken thread runs, by how long that had slept; on a CPU of its own
    # that was idle, and on the waker's, where it runs before the call returns
    "wake_call": (
        ({"gap": 5_000, "place": "idle"}, (6_200, 8_000, 8_400)),
        ({"gap": 20_000, "place": "idle"}, (6_900, 7_800, 8_400)),
        ({"gap": 100_000, "place": "idle"}, (7_100, 8_100, 8_700)),
        ({"gap": 1_000_000, "place": "idle"}, (8_400, 9_900, 10_900)),
        ({"gap": 5_000_000, "place": "idle"}, (11_500, 13_900, 16_900)),
        ({"gap": 5_000, "place": "same"}, (3_800, 4_000, 4_100)),
        ({"gap": 20_000, "place": "same"}, (3_700, 3_900, 4_100)),
        ({"gap": 100_000, "place": "same"}, (3_900, 4_100, 4_500)),
        ({"gap": 1_000_000, "place": "same"}, (5_100, 6_300, 7_700)),
        ({"gap": 5_000_000, "place": "same"}, (9_800, 12_300, 15_900)),
    ),
    "wake_run": (
        ({"gap": 5_000, "place": "idle"}, (14_900, 18_500, 23_500)),
        ({"gap": 20_000, "place": "idle"}, (14_900, 16_600, 22_600)),
        ({"gap": 100_000, "place": "idle"}, (14_600, 17_500, 21_900)),
        ({"gap": 1_000_000, "place": "idle"}, (24_300, 28_900, 30_700)),
        ({"gap": 5_000_000, "place": "idle"}, (29_900, 38_200, 42_100)),
        ({"gap": 5_000, "place": "same"}, (2_200, 2_250, 2_300)),
        ({"gap": 20_000, "place": "same"}, (2_150, 2_200, 2_300)),
        ({"gap": 100_000, "place": "same"}, (2_300, 2_400, 2_700)),
        ({"gap": 1_000_000, "place": "same"}, (3_300, 4_200, 4_500)),
        ({"gap": 5_000_000, "place": "same"}, (8_500, 12_600, 17_900)),
    ),
    # whether a thread whose CPU another uses stays there although a second idles, by how long that has: most kernels look
    # for an idle CPU and find it; where a host has put it to sleep, they may overlook it
    "free_wake_same_cpu": tuple(
        ({"gap": gap, "waker": "busy", "prev": "same"}, (0,))
        for gap in (5_000, 20_000, 100_000, 1_000_000, 5_000_000)
    ),
    "select": (({"cases": 2, "how": "ready"}, (43, 45, 50)), ({"cases": 4, "how": "ready"}, (92, 95, 110))),
    "select_handed": (({"cases": 2}, (80, 100, 120)), ({"cases": 4}, (150, 175, 200))),
    # one way between two threads of one CPU that take turns
    "context_switch": (
        ({"how": "yield"}, (1_210, 1_240, 1_330)),
        ({"how": "futex"}, (2_020, 2_070, 2_140)),
        ({"how": "pipe"}, (2_480, 2_520, 2_590)),
    ),
    # a go statement that clones a thread; from its return until the thread runs the G, where a CPU idled
    "thread_new_call": (({}, (10_400, 16_500, 19_800)),),
    "thread_start": (({}, (65_000, 90_000, 115_000)),),
    # opening files, by the group "open", CPU time, engines docker and host: of 12 processes' medians those at 10, 35 and 60 %; the host, bind
    # mounts and overlayfs have an ext4 below
    "open_present": (
        ({"fs": "bind"}, (3_300, 3_400, 4_000)),
        ({"fs": "host"}, (3_100, 3_100, 3_300)),
        ({"fs": "overlay"}, (4_500, 5_000, 5_200)),
        ({"fs": "overlay-mount"}, (4_300, 4_800, 5_300)),
        ({"fs": "tmpfs"}, (3_400, 3_900, 4_200)),
    ),
    "open_absent": (
        ({"fs": "bind"}, (1_200, 1_300, 1_500)),
        ({"fs": "host"}, (1_100, 1_200, 1_300)),
        ({"fs": "overlay"}, (1_700, 1_700, 1_800)),
        ({"fs": "overlay-mount"}, (1_500, 1_600, 1_800)),
        ({"fs": "tmpfs"}, (2_400, 2_700, 3_000)),
    ),
    "open_writable": (
        ({"fs": "bind"}, (3_400, 3_600, 4_300)),
        ({"fs": "host"}, (3_200, 3_300, 3_400)),
        ({"fs": "overlay-mount"}, (4_600, 5_100, 5_700)),
        ({"fs": "tmpfs"}, (3_300, 3_500, 3_900)),
    ),
    "open_close": (
        ({"fs": "bind"}, (700, 770, 950)),
        ({"fs": "host"}, (670, 730, 830)),
        ({"fs": "overlay"}, (1_600, 1_700, 1_800)),
        ({"fs": "overlay-mount"}, (1_500, 1_600, 1_800)),
        ({"fs": "tmpfs"}, (780, 850, 1_000)),
    ),
    "open_lookup": (
        ({"fs": "bind", "after": "known"}, (3_200, 5_000, 7_500)),
        ({"fs": "bind", "after": "new"}, (1_900, 2_200, 2_300)),
        ({"fs": "host", "after": "known"}, (3_000, 4_200, 5_000)),
        ({"fs": "host", "after": "new"}, (1_700, 2_200, 2_300)),
        ({"fs": "overlay", "layers": 1, "after": "known"}, (7_500, 11_000, 12_000)),
        ({"fs": "overlay", "layers": 1, "after": "new"}, (3_200, 4_000, 4_300)),
        ({"fs": "overlay", "layers": 3, "after": "known"}, (7_700, 10_000, 17_000)),
        ({"fs": "overlay", "layers": 3, "after": "new"}, (5_900, 6_200, 7_800)),
        ({"fs": "overlay", "layers": 8, "after": "known"}, (15_000, 26_000, 34_000)),
        ({"fs": "overlay", "layers": 8, "after": "new"}, (13_000, 15_000, 16_000)),
        ({"fs": "overlay", "layers": 32, "after": "known"}, (71_000, 83_000, 97_000)),
        ({"fs": "overlay", "layers": 32, "after": "new"}, (50_000, 57_000, 64_000)),
        ({"fs": "overlay", "layers": 100, "after": "known"}, (210_000, 260_000, 280_000)),
        ({"fs": "overlay", "layers": 100, "after": "new"}, (150_000, 170_000, 190_000)),
        ({"fs": "overlay-mount", "layers": 1, "after": "known"}, (7_100, 8_900, 17_000)),
        ({"fs": "overlay-mount", "layers": 1, "after": "new"}, (4_700, 5_300, 6_500)),
        ({"fs": "overlay-mount", "layers": 3, "after": "known"}, (12_000, 16_000, 23_000)),
        ({"fs": "overlay-mount", "layers": 3, "after": "new"}, (7_600, 9_300, 10_000)),
        ({"fs": "overlay-mount", "layers": 8, "after": "known"}, (21_000, 29_000, 37_000)),
        ({"fs": "overlay-mount", "layers": 8, "after": "new"}, (14_000, 17_000, 19_000)),
        ({"fs": "overlay-mount", "layers": 32, "after": "known"}, (68_000, 99_000, 120_000)),
        ({"fs": "overlay-mount", "layers": 32, "after": "new"}, (52_000, 63_000, 68_000)),
        ({"fs": "overlay-mount", "layers": 100, "after": "known"}, (160_000, 230_000, 270_000)),
        ({"fs": "overlay-mount", "layers": 100, "after": "new"}, (150_000, 190_000, 200_000)),
        ({"fs": "tmpfs", "after": "known"}, (930, 1_400, 2_300)),
        ({"fs": "tmpfs", "after": "new"}, (23, 330, 470)),
    ),
    "open_name": (
        ({"fs": "bind"}, (52, 53, 66)),
        ({"fs": "host"}, (52, 52, 54)),
        ({"fs": "overlay"}, (170, 170, 180)),
        ({"fs": "overlay-mount"}, (120, 140, 150)),
        ({"fs": "tmpfs"}, (52, 57, 65)),
    ),
    "open_start": (
        ({"fs": "bind", "file": "absent"}, (1_300, 1_600, 1_900)),
        ({"fs": "bind", "file": "present"}, (20_000, 23_000, 29_000)),
        ({"fs": "host", "file": "absent"}, (1_300, 1_600, 1_700)),
        ({"fs": "host", "file": "present"}, (20_000, 21_000, 24_000)),
        ({"fs": "overlay", "file": "absent"}, (1_600, 1_900, 2_600)),
        ({"fs": "overlay", "file": "present"}, (19_000, 25_000, 26_000)),
        ({"fs": "overlay-mount", "file": "absent"}, (1_700, 2_400, 2_600)),
        ({"fs": "overlay-mount", "file": "present"}, (20_000, 25_000, 27_000)),
        ({"fs": "tmpfs", "file": "absent"}, (1_600, 1_800, 2_700)),
        ({"fs": "tmpfs", "file": "present"}, (17_000, 24_000, 27_000)),
    ),
    # netpollBreak's write, and from its beginning until the poller runs
    "break_call": (
        ({"gap": 20_000}, (6_800, 8_000, 8_500)),
        ({"gap": 1_000_000}, (8_700, 10_200, 10_800)),
    ),
    "break_run": (
        ({"gap": 20_000}, (12_500, 16_500, 20_400)),
        ({"gap": 1_000_000}, (15_000, 26_300, 31_500)),
    ),
}


def _identity(levelled: Mapping[str, object]) -> str:
    """Other values, another identity."""
    return hashlib.sha256(repr(sorted(levelled.items())).encode()).hexdigest()[:8]


@cache
def packaged() -> Costs:
    """The packaged costs, ``calibrated`` false."""
    levelled = {
        **{name: (({}, values),) for name, values in _SIMPLE.items()},
        **_LEVELLED,
        **_FINER,
    }
    return Costs(
        source="packaged",
        identity=f"packaged-{_identity(levelled)}",
        fingerprint="",
        calibrated=False,
        costs={
            name: Cost(
                name=name,
                points=tuple(
                    Point(levels=levels, processes=tuple((value,) for value in values))
                    for levels, values in points
                ),
                date=_DATE,
                origin=PACKAGED,
            )
            for name, points in levelled.items()
        },
    )
