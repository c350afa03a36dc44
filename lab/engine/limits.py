"""A container's limits, as an engine takes them. What it cannot limit is refused: it would drop the limit with no more than a warning, and measure something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.engine import folders
from lab.engine.base import Spec
from lab.errors import EnvironmentRefusedError

_LEAST_QUOTA: Final = 0.01
"""min_cfs_quota_period of kernel/sched/core.c, 1 ms, in the engine's period of 100."""


def of(*, memory_bytes: int, pids: int) -> dict[str, Any]:
    """What every container may use, in the words of the engine's API; swap is no memory beside it."""
    return {"mem_limit": memory_bytes, "memswap_limit": memory_bytes, "pids_limit": pids}


def of_spec(spec: Spec) -> dict[str, Any]:
    """All limits of *spec*, in the same words."""
    cpus = {"cpuset_cpus": spec.cpuset} if spec.cpuset else {}
    quota = {"nano_cpus": round(spec.quota * 1e9)} if spec.quota is not None else {}
    return {**of(memory_bytes=spec.memory_bytes, pids=spec.pids), **cpus, **quota}


def refuse_beyond(spec: Spec, said: Mapping[str, Any]) -> None:
    """EnvironmentRefusedError for what *spec* asks of an engine that *said* (``describe``) that it cannot give it."""
    _refuse_unlimited(spec, said["limits"])
    if spec.folder != "tmpfs" and not spec.folder.startswith("overlay:"):
        folders.refuse(spec.folder, said)
    cpus = said["cpus"]
    if spec.quota is not None and spec.quota < _LEAST_QUOTA:
        raise EnvironmentRefusedError(
            f"a quota of {spec.quota:g} CPUs is less than the kernel's least, {_LEAST_QUOTA:g} (1 ms in each 100)",
            hint="choose a larger one",
        )
    if spec.quota is not None and spec.quota > cpus:
        raise EnvironmentRefusedError(
            f"a quota of {spec.quota:g} CPUs is more than the engine's {cpus}", hint="choose a smaller one"
        )
    if spec.cpuset and (beyond := [cpu for cpu in _numbers(spec.cpuset) if cpu >= cpus]):
        raise EnvironmentRefusedError(
            f"cpuset {spec.cpuset} names CPU {beyond[0]}; the engine has {cpus}, 0 to {cpus - 1}",
            hint="choose others",
        )


def _refuse_unlimited(spec: Spec, limits: Mapping[str, bool]) -> None:
    """For what the engine would drop with no more than a warning."""
    asked = {"CPUSet": f"cpuset {spec.cpuset}" if spec.cpuset else ""}
    asked["CPUQuota"] = f"quota {spec.quota:g}" if spec.quota is not None else ""
    asked["MemoryLimit"] = "memory" if spec.memory_is_asked else ""
    if missing := [words for name, words in asked.items() if words and not limits[name]]:
        raise EnvironmentRefusedError(
            f"this engine cannot limit a container ({', '.join(missing)})",
            hint="a rootless engine needs cgroup version 2 and the controllers cpu and cpuset delegated to the user",
        )


def _numbers(cpuset: str) -> list[int]:
    """The CPUs of ``0-1,4``, first and last of each range: these are what can be beyond a machine."""
    return [int(end) for part in cpuset.split(",") for end in part.split("-")]
