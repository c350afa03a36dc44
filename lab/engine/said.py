"""What an engine says about itself, as far as it bears on a measurement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.engine import address

_MATTERS: Final = ("kernel", "cpus", "memory_bytes", "storage_driver", "cgroup_version", "runtime")
_HERE: Final = "this machine"


def described(info: Mapping[str, Any], version: Mapping[str, Any]) -> dict[str, Any]:
    """Out of its answers to ``info`` and ``version``."""
    versions = {part["Name"]: part["Version"] for part in version.get("Components") or []}
    return {
        "version": info["ServerVersion"],
        "versions": versions,
        "platform": f"{info['OSType']}/{info['Architecture']}",
        "kernel": info["KernelVersion"],
        "cpus": info["NCPU"],
        "memory_bytes": info["MemTotal"],
        "storage_driver": info["Driver"],
        "storage": {str(name): str(value) for name, value in info.get("DriverStatus") or []},
        "data_root": info["DockerRootDir"],
        "runtime": info["DefaultRuntime"],
        "containers_running": info.get("ContainersRunning", 0),
        "cgroup_version": info.get("CgroupVersion", "1"),
        "cgroup_driver": info["CgroupDriver"],
        "security": info.get("SecurityOptions") or [],
        "limits": {name: bool(info.get(name)) for name in ("MemoryLimit", "SwapLimit", "PidsLimit", "CPUSet")}
        | {"CPUQuota": bool(info.get("CpuCfsQuota"))},
        "warnings": info.get("Warnings") or [],
    }


def what_matters(described: Mapping[str, Any]) -> dict[str, Any]:
    """What of an engine that is *described* so a measurement depends on, and on which machine it is; nothing of what it does not say."""
    found = {name: described[name] for name in _MATTERS if described.get(name) is not None}
    if "url" in described:
        host = address.host_of(str(described["url"]))
        found["machine"] = host if host and not address.is_here(host) else _HERE
    return found
