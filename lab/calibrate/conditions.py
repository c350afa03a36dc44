"""Under what a calibration was made: the machine's state then, kept with it and told with every refusal."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from lab.calibrate.groups import Sitting
from lab.host import cgroup, environment, facts
from lab.model.run import Record

_ROOT: Final = Path("/")
_COARSE: Final = 6
"""CLOCK_MONOTONIC_COARSE, whose resolution is the kernel's tick (time.h)."""
_USER_HZ: Final = 100
"""Ticks a second of /proc/stat (proc(5), sysconf(_SC_CLK_TCK))."""

_CROWDED: Final = 0.1
"""The share of the time that waited for a CPU from which on a calibration is warned of: one in ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Those of one sitting. Shares are of the time that was measured, 0 … 1; None is unknown.

    ``psi_cpu_share`` is how much of the time somebody waited for a CPU while one thread was measured, which needs one.
    """

    groups: tuple[str, ...]
    processes: int
    seconds: float
    engine: str
    release: str
    cpus: str
    kernel: str | None
    cpu_model: str | None
    clock_source: str | None
    virtualisation: str
    cpuidle_driver: str | None
    cpuidle_governor: str | None
    tick_hz: int
    timer_slack_ns: int | None
    load: float | None
    steal_share: float | None
    psi_cpu_share: float | None
    drifted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    """Folders that could not be had, and why: what it costs to open files there is not known."""

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)

    def in_words(self) -> Iterator[str]:
        """Two lines for whoever reads the table above them, and one more if the machine did not stay the same."""
        yield (
            f"{', '.join(self.groups)}: {self.processes} rounds in {self.seconds:g} s, engine {self.engine}, go{self.release},"
            f" CPUs {self.cpus}; {self.state()}"
        )
        yield (
            f"kernel {self.kernel}, {self.cpu_model}, {self.virtualisation}; cpuidle {self.cpuidle_driver or 'none'}"
            f" ({self.cpuidle_governor or 'none'}), HZ {self.tick_hz}, timer slack {self.timer_slack_ns} ns"
        )
        if self.drifted:
            yield f"drifted meanwhile, and kept as asked: {', '.join(self.drifted)}"
        yield from (f"not measured: {why}" for why in self.refused)

    def state(self) -> str:
        """What may have disturbed it, in words."""
        shares = (("steal", self.steal_share), ("waiting for a CPU", self.psi_cpu_share))
        told = [f"{name} {share:.1%}" for name, share in shares if share is not None]
        return ", ".join([*told, *([f"load {self.load:.1f}"] if self.load is not None else [])]) or "unknown"

    def crowding(self) -> str:
        """A warning where others wanted the CPUs, so that costs have their waits in them; empty where none did, or none is known of."""
        if self.psi_cpu_share is None or self.psi_cpu_share <= _CROWDED:
            return ""
        return (
            f"calibrated while others wanted the CPUs ({self.state()}): predictions may be far off;"
            " golab calibrate --settle 5m measures again when the machine is quiet"
        )


def conditions(
    sitting: Sitting,
    records: Sequence[tuple[bool, Record]],
    *,
    engine: str,
    seconds: float,
    root: Path = _ROOT,
) -> Conditions:
    """Of one sitting, from its processes' records; each says whether its process had one thread."""
    machine, processor = environment.kernel(root), environment.cpu(root)
    idle = environment.cpuidle(root)
    seen = next((record.effective for _, record in records if record.effective), {})
    return Conditions(
        groups=tuple(group.name for group in sitting.groups),
        processes=sitting.processes,
        seconds=round(seconds, 1),
        engine=engine,
        release=sitting.release,
        cpus=str(seen.get("cpus", "")),
        kernel=machine["release"],
        cpu_model=processor["model"],
        clock_source=environment.clock_source(root),
        virtualisation=environment.virtualisation(root),
        cpuidle_driver=idle["driver"],
        cpuidle_governor=idle["governor"],
        tick_hz=round(1 / time.clock_getres(_COARSE)),
        timer_slack_ns=machine["timer_slack_ns"],
        load=facts.load(root),
        steal_share=_steal([record for _, record in records], processor["count"]),
        psi_cpu_share=_waiting([record for single, record in records if single]),
    )


def quota(root: Path = _ROOT) -> str:
    """The CPU bandwidth that limits this process, as its files say it; empty if none does."""
    for group in cgroup.chain("cpu", root):
        limits = group.limits
        if limits.get("cpu.max", "max").split()[0] != "max":
            return f"cpu.max is {limits['cpu.max']} in {group.path}"
        if int(limits.get("cpu.cfs_quota_us", "-1")) > 0:
            return f"cpu.cfs_quota_us is {limits['cpu.cfs_quota_us']} in {group.path}"
    return ""


def was_throttled(records: Sequence[Record]) -> bool:
    """Whether a CPU quota was in force, wherever it is set."""
    return any(_difference(record.signals, "throttled_periods") for record in records)


def _steal(records: Sequence[Record], cpus: int | None) -> float | None:
    ticks = [_difference(record.signals, "steal_ticks") for record in records]
    wall = sum(record.wall_ns or 0 for record in records)
    if not wall or not cpus or None in ticks:
        return None
    return sum(tick or 0 for tick in ticks) / _USER_HZ / (wall / 1e9 * cpus)


def _waiting(records: Sequence[Record]) -> float | None:
    waited = [_difference(record.signals, "psi_cpu_some_us") for record in records]
    wall = sum(record.wall_ns or 0 for record in records)
    if not wall or None in waited:
        return None
    return min(sum(each or 0 for each in waited) * 1000 / wall, 1.0)


def _difference(signals: Mapping[str, Mapping[str, int]], name: str) -> int | None:
    before, after = signals.get("before", {}), signals.get("after", {})
    return after[name] - before[name] if name in before and name in after else None
