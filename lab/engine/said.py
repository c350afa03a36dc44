"""What an engine says about itself, as far as it bears on a measurement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


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
