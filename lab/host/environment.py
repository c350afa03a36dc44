"""What this machine is, as far as it can bear on a measurement: readers of /proc and /sys, nothing else.

Each takes the *root* below which ``proc`` and ``sys`` are, so that a recorded machine reads like a real one. What
cannot be read is None.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lab.host import cgroup

_ROOT: Final = Path("/")
_MADE_BY: Final = {
    "Amazon EC2": "amazon",
    "Bochs": "bochs",
    "Google": "google",
    "Microsoft Corporation": "hyperv",
    "OpenStack": "openstack",
    "QEMU": "kvm",
    "VMware": "vmware",
    "Xen": "xen",
    "innotek GmbH": "virtualbox",
}
"""DMI vendors and products of virtual machines, as systemd-detect-virt knows them."""

_MATTERS: Final = {
    "cpu_model": ("cpu", "model"),
    "cpus": ("cpu", "count"),
    "microcode": ("cpu", "microcode"),
    "kernel": ("kernel", "release"),
    "clock_source": ("clock_source",),
    "thp": ("thp", "enabled"),
    "virtualisation": ("virtualisation",),
}
_INITIAL_PID_NAMESPACE: Final = "pid:[4026531836]"
"""The kernel's own constant, PROC_PID_INIT_INO."""
_PARAMETERS: Final = frozenset(
    {
        "clocksource",
        "cpuidle.off",
        "hugepages",
        "hugepagesz",
        "idle",
        "intel_idle.max_cstate",
        "intel_pstate",
        "isolcpus",
        "maxcpus",
        "mem",
        "mitigations",
        "nohz_full",
        "nosmt",
        "preempt",
        "psi",
        "rcu_nocbs",
        "transparent_hugepage",
        "tsc",
    }
)
"""What bears on a measurement; the rest of a command line may be nobody else's business."""


def describe(root: Path = _ROOT) -> dict[str, Any]:
    """All of it, as JSON values; ``fingerprint`` is :func:`fingerprint`."""
    return {
        "kernel": kernel(root),
        "cpu": cpu(root),
        "cgroup": cgroup.described(root),
        "memory": memory(root),
        "thp": thp(root),
        "hugepages": hugepages(root),
        "clock_source": clock_source(root),
        "virtualisation": virtualisation(root),
        "fingerprint": fingerprint(root),
    }


def fingerprint(root: Path = _ROOT) -> str:
    """``sha256:…`` over what the costs of a Go program depend on: other digest, other costs."""
    known = {
        "kernel": kernel(root),
        "cpu": cpu(root),
        "clock_source": clock_source(root),
        "thp": thp(root),
        "virtualisation": virtualisation(root),
    }
    return f"sha256:{hashlib.sha256(json.dumps(what_matters(known), sort_keys=True).encode()).hexdigest()}"


def what_matters(described: Mapping[str, Any]) -> dict[str, Any]:
    """What of a machine, as :func:`describe` has it, goes into its fingerprint; None of what is not there."""
    found = {}
    for name, path in _MATTERS.items():
        value: Any = described
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        found[name] = value
    return found


def available_memory(root: Path = _ROOT) -> int:
    """Bytes that can be touched now without swapping, within every memory limit around this process."""
    machine = memory(root)["available_bytes"] or 0
    left = [group.memory_left() for group in cgroup.chain("memory", root)]
    return min([machine, *(bytes_left for bytes_left in left if bytes_left is not None)])


def kernel(root: Path = _ROOT) -> dict[str, Any]:
    """Its release and version, what it was told at boot, and how late a sleeper may be woken (timer slack)."""
    slack = _text(root / "proc/self/timerslack_ns")
    told = (_text(root / "proc/cmdline") or "").split()
    return {
        "release": _text(root / "proc/sys/kernel/osrelease"),
        "version": _text(root / "proc/sys/kernel/version"),
        "parameters": [word for word in told if word.partition("=")[0] in _PARAMETERS],
        "timer_slack_ns": int(slack) if slack else None,
    }


def cpu(root: Path = _ROOT) -> dict[str, Any]:
    """Model, microcode, the CPUs online and those of this process, SMT, governors, mitigations."""
    first = _fields(root / "proc/cpuinfo")
    folder = root / "sys/devices/system/cpu"
    online = _text(folder / "online")
    governors = {_text(path) for path in folder.glob("cpu[0-9]*/cpufreq/scaling_governor")}
    smt = _text(folder / "smt/active")
    return {
        "model": first.get("model name"),
        "microcode": first.get("microcode"),
        "online": online,
        "count": cpus_in(online),
        "allowed": _fields(root / "proc/self/status").get("Cpus_allowed_list"),
        "smt": None if smt is None else smt == "1",
        "governors": sorted(governor for governor in governors if governor),
        "mitigations": {path.name: _text(path) for path in _listed(folder / "vulnerabilities")},
    }


def memory(root: Path = _ROOT) -> dict[str, Any]:
    """Total, available and swap in bytes, and what the kernel promises beyond what it has (overcommit)."""
    fields = _fields(root / "proc/meminfo")
    return {
        "total_bytes": _kib(fields.get("MemTotal")),
        "available_bytes": _kib(fields.get("MemAvailable")),
        "swap_total_bytes": _kib(fields.get("SwapTotal")),
        "swap_free_bytes": _kib(fields.get("SwapFree")),
        "overcommit": _text(root / "proc/sys/vm/overcommit_memory"),
        "overcommit_ratio": _text(root / "proc/sys/vm/overcommit_ratio"),
        "swappiness": _text(root / "proc/sys/vm/swappiness"),
        "max_map_count": _text(root / "proc/sys/vm/max_map_count"),
    }


def thp(root: Path = _ROOT) -> dict[str, str | None]:
    """Transparent huge pages: the chosen word of each setting."""
    folder = root / "sys/kernel/mm/transparent_hugepage"
    names = ("enabled", "defrag", "shmem_enabled", "use_zero_page", "khugepaged/defrag")
    return {name: _chosen(_text(folder / name)) for name in names}


def hugepages(root: Path = _ROOT) -> dict[str, dict[str, int | None]]:
    """The pools of hugetlb pages by size (``2048kB``): how many there are, are free, may be had beyond."""
    names = {"total": "nr_hugepages", "free": "free_hugepages", "overcommit": "nr_overcommit_hugepages"}
    return {
        pool.name.removeprefix("hugepages-"): {key: _whole(pool / name) for key, name in names.items()}
        for pool in _listed(root / "sys/kernel/mm/hugepages")
    }


def clock_source(root: Path = _ROOT) -> str | None:
    """Where the kernel's clock comes from, ``tsc`` for one."""
    return _text(root / "sys/devices/system/clocksource/clocksource0/current_clocksource")


def cpuidle(root: Path = _ROOT) -> dict[str, str | None]:
    """Who halts a CPU that has nothing to do, and who decides how deeply: what waking a thread on it costs."""
    folder = root / "sys/devices/system/cpu/cpuidle"
    return {"driver": _text(folder / "current_driver"), "governor": _text(folder / "current_governor")}


def virtualisation(root: Path = _ROOT) -> str:
    """``none``, a hypervisor by name, or ``unknown hypervisor``; with ``, in a container`` if this process is in one."""
    return _hypervisor(root) + (", in a container" if _is_in_container(root) else "")


def _hypervisor(root: Path) -> str:
    names = [
        _text(root / f"sys/class/dmi/id/{name}") or ""
        for name in ("product_name", "sys_vendor", "bios_vendor")
    ]
    for mark, hypervisor in _MADE_BY.items():
        if any(name.startswith(mark) for name in names):
            return hypervisor
    if kind := _text(root / "sys/hypervisor/type"):
        return kind
    is_guest = "hypervisor" in _fields(root / "proc/cpuinfo").get("flags", "").split()
    return "unknown hypervisor" if is_guest else "none"


def _is_in_container(root: Path) -> bool:
    """By the pid namespace: a virtual machine made from a container's files bears the marks of a container too."""
    try:
        return str((root / "proc/self/ns/pid").readlink()) != _INITIAL_PID_NAMESPACE
    except OSError:
        return (root / "run/systemd/container").exists()


def _fields(path: Path) -> dict[str, str]:
    """``name : value`` lines up to the first empty line: in cpuinfo, those of the first CPU."""
    found = {}
    for line in (_text(path) or "").splitlines():
        if not line.strip():
            break
        name, _, value = line.partition(":")
        found[name.strip()] = value.strip()
    return found


def cpus_in(cpus: str | None) -> int | None:
    """How many CPUs ``0-2,5`` names."""
    if not cpus:
        return None
    ends = [part.split("-") for part in cpus.split(",")]
    return sum(int(end[-1]) - int(end[0]) + 1 for end in ends)


def _kib(text: str | None) -> int | None:
    return None if text is None else int(text.removesuffix("kB")) * 1024


def _chosen(text: str | None) -> str | None:
    """The word in brackets, of ``always [madvise] never``; the text itself where there are none."""
    return next((word.strip("[]") for word in text.split() if word.startswith("[")), text) if text else text


def _whole(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text else None


def _listed(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _text(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return None
