"""The machine below a measurement: what of it changes numbers, and which instruments it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from lab.doctor.finding import Facts, Finding
from lab.host import environment
from lab.model.units import rounded_bytes

_FREE_BYTES: Final = 2 << 30
"""What releases of Go, their caches and images need."""
_BUSY_PERCENT: Final = 5.0
_BUSY_THREADS: Final = 0.5
_WHY_LOAD: Final = "other work takes the CPUs, and predictions fail beside it"
_STOLEN_SHARE: Final = 0.01
_PERF_FOR_ALL: Final = 2
_PTRACE_ADMIN: Final = 2
_GOOD_CLOCKS: Final = frozenset({"tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter"})
"""Clocks that are read without a system call."""
_UNLIMITED: Final = 1 << 60
_CPUS_NEEDED: Final = 2
"""One for the program, one for the lab."""


def platform(facts: Facts) -> Iterator[Finding]:
    """Whether the lab runs here at all."""
    fits = (facts.system, facts.architecture) in {("Linux", "x86_64"), ("Linux", "amd64")}
    yield Finding(
        subject="platform",
        verdict="ok" if fits else "prevents",
        found=f"{facts.system} {facts.machine['kernel'].get('release') or ''} on {facts.architecture}",
        why="the lab measures on Linux on amd64",
        remedy="" if fits else "golab predict, sim and report work here",
    )


def _rights(facts: Facts) -> Iterator[Finding]:
    yield Finding(
        subject="rights",
        verdict="ok" if facts.is_root else "note",
        found="root" if facts.is_root else "a plain user",
        why="a private engine, a base for builds, tracing the kernel, dropping caches and huge pages need root",
        remedy="" if facts.is_root else "sudo golab …, for those that need it; all else works as it is",
    )


def _limits(facts: Facts) -> Iterator[Finding]:
    """The whole chain: a parent's limit binds as much as one's own."""
    cgroup = facts.machine["cgroup"]
    limits = []
    for depth, group in enumerate(cgroup.get("cpu") or []):
        if (quota := _quota(group)) is not None:
            limits.append(f"{quota:g} CPUs by quota{_above(depth)}")
    for depth, group in enumerate(cgroup.get("memory") or []):
        if (most := _memory(group)) is not None:
            limits.append(f"{rounded_bytes(most)} of memory{_above(depth)}")
    yield Finding(
        subject="cgroup limits",
        verdict="spoils" if any("quota" in limit for limit in limits) else "note" if limits else "ok",
        found=f"version {cgroup['version']}: {', '.join(limits) or 'none, up to the root'}",
        why="a limit of this process's own is in every number; a quota stops all threads together",
        remedy="start golab outside of the limited group" if limits else "",
    )


def _cpus(facts: Facts) -> Iterator[Finding]:
    cpu = facts.machine["cpu"]
    count, allowed = cpu.get("count"), cpu.get("allowed")
    usable = min((each for each in (count, environment.cpus_in(allowed)) if each is not None), default=None)
    is_alone = usable is not None and usable < _CPUS_NEEDED
    yield Finding(
        subject="CPUs",
        verdict="spoils" if is_alone else "ok",
        found=f"{count} online ({cpu.get('online')}), {allowed} allowed",
        why="the lab itself needs one beside the program's, and GOMAXPROCS beyond the CPUs measures the kernel",
        remedy=(
            ""
            if not is_alone
            else "give the machine two or more"
            if usable == count
            else "start golab with two or more: taskset -c"
        ),
    )
    yield Finding(
        subject="SMT",
        verdict="note" if cpu.get("smt") else "ok",
        found="two threads a core" if cpu.get("smt") else "one thread a core",
        why="two threads of one core slow each other",
        remedy="--cpuset with one CPU of each core" if cpu.get("smt") else "",
    )
    governors = sorted(set(cpu.get("governors") or ()))
    slow = [name for name in governors if name != "performance"]
    yield Finding(
        subject="CPU frequency",
        verdict="spoils" if slow else "ok",
        found=", ".join(governors) or "not this machine's to choose",
        why="a clock that changes with the load changes every cost",
        remedy="cpupower frequency-set -g performance" if slow else "",
    )


def _machine(facts: Facts) -> Iterator[Finding]:
    virtual = facts.machine["virtualisation"]
    is_virtual = virtual not in {"none", ""}
    yield Finding(
        subject="virtual machine",
        verdict="note" if is_virtual else "ok",
        found=virtual if is_virtual else "no",
        why="a virtual machine's memory is backed late, its idle CPUs wake late, and counters may be missing",
        remedy="first touches are described only; calibrate here: golab calibrate" if is_virtual else "",
    )
    yield _steal(facts.steal)
    yield _load(facts)
    clock = facts.machine.get("clock_source")
    yield Finding(
        subject="clock",
        verdict="ok" if clock in _GOOD_CLOCKS else "spoils",
        found=str(clock or "unknown"),
        why="a clock that needs a system call costs a microsecond for each time stamp",
        remedy="" if clock in _GOOD_CLOCKS else "boot with clocksource=tsc, if the CPU's is reliable",
    )
    slack = facts.machine["kernel"].get("timer_slack_ns")
    yield Finding(
        subject="timer slack",
        verdict="ok" if slack in {None, 50_000} else "note",
        found="unknown" if slack is None else f"{slack / 1000:g} µs",
        why="sleeps end that much later; 50 µs is usual",
        remedy="" if slack in {None, 50_000} else "start golab from a login shell: slack is inherited",
    )


def _steal(share: float | None) -> Finding:
    bad = share is not None and share > _STOLEN_SHARE
    return Finding(
        subject="steal",
        verdict="note" if share is None else "spoils" if bad else "ok",
        found="unknown" if share is None else f"{share:.1%} of CPU time",
        why="what the hypervisor gives to others is missing here",
        remedy="another host, or another hour" if bad else "",
    )


def _load(facts: Facts) -> Finding:
    """PSI says what waits; where there is none, the load average has to do."""
    if facts.pressure is not None:
        bad, found = facts.pressure > _BUSY_PERCENT, f"{facts.pressure:g} % of ten seconds waited for a CPU"
    elif facts.load is not None:
        bad, found = facts.load > _BUSY_THREADS, f"{facts.load:g} threads on average"
    else:
        return Finding(subject="load", verdict="note", found="unknown", why=_WHY_LOAD)
    return Finding(
        subject="load",
        verdict="spoils" if bad else "ok",
        found=found,
        why=_WHY_LOAD,
        remedy="stop it, or wait" if bad else "",
    )


def _memory_pages(facts: Facts) -> Iterator[Finding]:
    enabled = (facts.machine.get("thp") or {}).get("enabled")
    yield Finding(
        subject="THP",
        verdict="ok" if enabled in {"madvise", "always"} else "note",
        found=str(enabled or "unknown"),
        why="scenarios with transparent huge pages ask for them by madvise",
        remedy=""
        if enabled in {"madvise", "always"}
        else "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled",
    )
    pools = facts.machine.get("hugepages") or {}
    total = sum((pool.get("total") or 0) + (pool.get("overcommit") or 0) for pool in pools.values())
    yield Finding(
        subject="huge pages",
        verdict="ok" if total else "note",
        found=f"{total} pages" if total else "no pool",
        why="hugetlb levels need a pool",
        remedy="" if total else "as root: golab run … --tune-host reserves one for the run",
    )


def _instruments(facts: Facts) -> Iterator[Finding]:
    closed = facts.ptrace_scope is not None and facts.ptrace_scope >= _PTRACE_ADMIN and not facts.is_root
    yield Finding(
        subject="ptrace",
        verdict="note" if closed else "ok",
        found=f"Yama's scope {facts.ptrace_scope}" if facts.ptrace_scope is not None else "not restricted",
        why="strace follows the lab's own children",
        remedy="sysctl kernel.yama.ptrace_scope=1" if closed else "",
    )
    yield Finding(
        subject="tracefs",
        verdict="ok" if facts.has_tracefs else "note",
        found="there" if facts.has_tracefs else "not to be reached",
        why="trace points show what the kernel did",
        remedy=""
        if facts.has_tracefs
        else "mount -t tracefs tracefs /sys/kernel/tracing"
        if facts.is_root
        else "as root: golab …; what the kernel traces is root's",
    )
    barred = facts.perf_paranoid is None or (facts.perf_paranoid > _PERF_FOR_ALL and not facts.is_root)
    lacks = barred or not facts.has_hardware_counters
    yield Finding(
        subject="perf",
        verdict="note" if lacks else "ok",
        found="not allowed" if barred else "software events only" if lacks else "with hardware counters",
        why="counters explain a number; none of the lab's numbers needs them",
        remedy="sysctl kernel.perf_event_paranoid=2" if barred and facts.perf_paranoid is not None else "",
    )


def _tools(facts: Facts) -> Iterator[Finding]:
    able = [f"golab's base of {facts.base} packages"] if facts.base is not None else []
    able += [name for name in ("debootstrap", "gcc") if facts.tools.get(name)]
    yield Finding(
        subject="C compiler",
        verdict="ok" if able else "note",
        found=", ".join(able) or "neither golab's base, nor debootstrap to make it, nor gcc",
        why="programs with C in them are built on golab's base or on an image, without an engine with this machine's gcc",
        remedy="" if able else "apt-get install debootstrap, then golab engine base; or run … --base IMAGE",
    )
    yield Finding(
        subject="Go releases",
        verdict="ok" if facts.go_releases else "note",
        found=", ".join(facts.go_releases) or "none in the cache",
        why="a release is fetched when it is first needed, some 75 MB",
        remedy="" if facts.go_releases else "while there is a network: golab calibrate, which fetches one",
    )
    yield _disk(facts)


def _disk(facts: Facts) -> Finding:
    if not facts.is_cache_writable:
        return Finding(
            subject="disk",
            verdict="prevents",
            found=f"this user may not write in {facts.cache}",
            why="releases, build caches and programs are kept there",
            remedy="XDG_CACHE_HOME=FOLDER golab …, with a folder of this user's",
        )
    enough = facts.free_bytes >= _FREE_BYTES
    return Finding(
        subject="disk",
        verdict="ok" if enough else "spoils",
        found=f"{rounded_bytes(facts.free_bytes)} free in {facts.cache} ({facts.file_system or 'unknown'})",
        why="releases, build caches and images need 2 GiB",
        remedy="" if enough else "XDG_CACHE_HOME=FOLDER golab …, with a folder on another disk",
    )


def _quota(group: Mapping[str, Any]) -> float | None:
    """CPUs' worth of time that one group allows, in either version's files; None if it sets no limit."""
    text = (
        group.get("cpu.max")
        or f"{group.get('cpu.cfs_quota_us', 'max')} {group.get('cpu.cfs_period_us', '100000')}"
    )
    quota, _, period = str(text).partition(" ")
    if not quota.isdecimal():
        return None
    return int(quota) / int(period or "100000")


def _memory(group: Mapping[str, Any]) -> int | None:
    text = str(group.get("memory.max") or group.get("memory.limit_in_bytes") or "max")
    return int(text) if text.isdecimal() and int(text) < _UNLIMITED else None


def _above(depth: int) -> str:
    return f" ({depth} above)" if depth else ""


LOOKS: Final[Sequence[Callable[[Facts], Iterator[Finding]]]] = (
    _rights,
    _limits,
    _cpus,
    _machine,
    _memory_pages,
    _instruments,
    _tools,
)
