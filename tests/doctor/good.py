"""A machine and an engine that leave nothing to be desired."""

from collections.abc import Mapping
from typing import Any

from lab.doctor import Facts

MACHINE: Mapping[str, Any] = {
    "kernel": {"release": "6.1.0", "timer_slack_ns": 50_000},
    "cpu": {"online": "0-7", "count": 8, "allowed": "0-7", "smt": False, "governors": ["performance"]},
    "cgroup": {"version": 2, "cpu": [{"cpu.max": "max 100000"}], "memory": [{"memory.max": "max"}]},
    "thp": {"enabled": "madvise"},
    "hugepages": {"2048kB": {"total": 8, "free": 8, "overcommit": 0}},
    "clock_source": "tsc",
    "virtualisation": "none",
}
ENGINE: Mapping[str, Any] = {
    "version": "27.0",
    "kernel": "6.1.0",
    "storage_driver": "overlay2",
    "storage": {},
    "url": "unix:///run/docker.sock",
    "security": ["name=seccomp,profile=builtin"],
    "limits": {"MemoryLimit": True, "CPUQuota": True},
}
GOOD = Facts(
    system="Linux",
    architecture="x86_64",
    is_root=True,
    machine=MACHINE,
    engine=ENGINE,
    engine_why="engine docker 27.0",
    engine_elsewhere="",
    engine_remedy="",
    containers=0,
    tools={"debootstrap": True, "gcc": False},
    load=0.1,
    pressure=0.0,
    steal=0.0,
    ptrace_scope=1,
    has_tracefs=True,
    perf_paranoid=2,
    has_hardware_counters=True,
    has_apparmor=False,
    base=None,
    go_releases=["1.27.3"],
    cache="/cache",
    is_cache_writable=True,
    free_bytes=100 << 30,
    file_system="ext4",
)
