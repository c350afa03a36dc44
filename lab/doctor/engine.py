"""The container engine: where it is, what it may do, and what a daemon, a store or a guard of the kernel takes away."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from lab.doctor.finding import Facts, Finding, Verdict
from lab.engine import daemon

_GUARDS: Final = "AppArmor, SELinux"
_SNAPS: Final = "/var/snap/"

Look = Callable[[Facts, Mapping[str, Any]], Finding]


def _engine(facts: Facts) -> Iterator[Finding]:
    if facts.engine is None:
        yield Finding(
            subject="engine",
            verdict="spoils",
            found=facts.engine_why,
            why="without containers there are no quotas, no cpusets and no other file systems",
            remedy=facts.engine_remedy,
        )
        return
    yield Finding(
        subject="engine",
        verdict="ok",
        found=facts.engine_why,
        why="containers give quotas, cpusets and file systems",
    )
    yield from (look(facts, facts.engine) for look in _OF_AN_ENGINE)


def _machine(facts: Facts, _engine: Mapping[str, Any]) -> Finding:
    elsewhere = facts.engine_elsewhere
    return Finding(
        subject="engine's machine",
        verdict="spoils" if elsewhere else "ok",
        found=f"another: {elsewhere}" if elsewhere else "this one",
        why="what is recorded of the machine is read here, and would not be where the program ran",
        remedy="run golab on that machine" if elsewhere else "",
    )


def _address(_facts: Facts, engine: Mapping[str, Any]) -> Finding:
    """Measured times do not depend on it: the agent takes them beside the program."""
    url = str(engine.get("url") or "")
    scheme = urllib.parse.urlsplit(url).scheme
    is_open = scheme in {"tcp", "http"} and not engine.get("tls")
    return Finding(
        subject="engine's address",
        verdict="note" if is_open else "ok",
        found=f"{url}, without TLS"
        if is_open
        else "a local socket"
        if scheme == "unix"
        else url or "unknown",
        why="whoever reaches that port is root on the engine's machine, and can disturb a measurement",
        remedy="let dockerd listen at a socket: DOCKER_HOST=unix://…; or use TLS: DOCKER_TLS_VERIFY=1"
        if is_open
        else "",
    )


def _rights(_facts: Facts, engine: Mapping[str, Any]) -> Finding:
    options = _security(engine)
    if "rootless" in options:
        found = "rootless: it runs as a user"
        why = "it limits only what is delegated to that user, and cannot throttle a block device or bind what only root may mount"
        remedy = "for scenarios that need those: sudo golab engine up"
    elif "userns" in options:
        found = "root's, with user namespaces remapped"
        why = "files of this machine that are bound into a container belong to nobody there"
        remedy = (
            "for scenarios with bind mounts: an engine without userns-remap, such as sudo golab engine up"
        )
    else:
        return Finding(
            subject="engine's rights", verdict="ok", found="root's", why="throttles and bind mounts need root"
        )
    return Finding(subject="engine's rights", verdict="note", found=found, why=why, remedy=remedy)


def _storage(_facts: Facts, engine: Mapping[str, Any]) -> Finding:
    driver = engine["storage_driver"]
    why = "opening files by overlay layers is measured on overlay2"
    verdict: Verdict = "ok" if driver == "overlay2" else "spoils"
    found = driver
    remedy = (
        "" if driver == "overlay2" else "put the data root on ext4 or xfs: GOLAB_ENGINE_DIR=… golab engine up"
    )
    if "snapshotter" in str(engine.get("storage")) or driver == "overlayfs":
        verdict, found = "note", f"{driver} of containerd's image store"
        why = "it knows images by another digest than the record, which has their config's; many layers are untried on it"
        remedy = (
            'for overlay2: {"features": {"containerd-snapshotter": false}} in daemon.json; or golab engine up'
        )
    elif driver == "fuse-overlayfs":
        why = "a program in user space serves every file that a container opens"
        remedy = "a kernel from 5.11 on lets a rootless engine use overlay2; or sudo golab engine up"
    return Finding(subject="storage driver", verdict=verdict, found=found, why=why, remedy=remedy)


def _limits(_facts: Facts, engine: Mapping[str, Any]) -> Finding:
    missing = [name for name, there in engine["limits"].items() if not there]
    is_rootless = "rootless" in _security(engine)
    if not missing:
        remedy = ""
    elif is_rootless and engine.get("cgroup_version") == "1":
        remedy = "boot with systemd.unified_cgroup_hierarchy=1 (cgroup version 2), or use root's engine: sudo golab engine up"
    elif is_rootless:
        remedy = (
            "Delegate=cpu cpuset io memory pids for user@.service, or use root's engine: sudo golab engine up"
        )
    else:
        remedy = "boot with the controllers on (cgroup_enable=memory swapaccount=1), or use another kernel"
    return Finding(
        subject="engine's limits",
        verdict="spoils" if missing else "ok",
        found=f"cannot limit {', '.join(missing)}" if missing else "memory, pids, CPU quota, cpuset",
        why="cells with a quota or a cpuset are refused, and a program that eats memory or starts processes is not stopped",
        remedy=remedy,
    )


def _guards(facts: Facts, engine: Mapping[str, Any]) -> Finding:
    """AppArmor and SELinux, by what the engine says of itself; the machine may have one that it does not use."""
    options = _security(engine)
    used = [name for key, name in (("apparmor", "AppArmor"), ("selinux", "SELinux")) if key in options]
    if used and str(engine.get("data_root")).startswith(_SNAPS):
        return Finding(
            subject=_GUARDS,
            verdict="spoils",
            found="AppArmor confines the engine itself, which is a snap's",
            why="a snap's profile refuses no-new-privileges, so no container of the lab's may start",
            remedy=f"snap remove docker, then {daemon.INSTALL}; or beside it: golab engine up",
        )
    idle = facts.has_apparmor and "apparmor" not in options
    return Finding(
        subject=_GUARDS,
        verdict="note" if used else "ok",
        found=f"{' and '.join(used)} confines containers"
        if used
        else "on, and not used by this engine"
        if idle
        else "not in the way",
        why="it forbids mounts, ptrace from outside and writing to most of /proc and /sys; no scenario's container does that yet",
        remedy="nothing yet; where something is refused, dmesg says by which rule" if used else "",
    )


def _filter(_facts: Facts, engine: Mapping[str, Any]) -> Finding:
    profile = _security(engine).get("seccomp")
    usual = profile in {"default", "builtin"}
    return Finding(
        subject="seccomp",
        verdict="ok" if usual else "note",
        found="the engine's own profile" if usual else f"profile {profile}" if profile else "off",
        why="a filter is part of every system call's time, so costs from engines with another do not fit",
        remedy="" if usual else "calibrate with this engine (golab calibrate), and compare only runs of it",
    )


def _others(facts: Facts, _engine: Mapping[str, Any]) -> Finding:
    return Finding(
        subject="other containers",
        verdict="spoils" if facts.containers else "ok",
        found=f"{facts.containers} running" if facts.containers else "none",
        why="what runs beside a measurement takes its CPUs",
        remedy="docker ps, and stop what can be stopped" if facts.containers else "",
    )


def _security(engine: Mapping[str, Any]) -> dict[str, str]:
    """The engine's security options with their profiles: ``name=seccomp,profile=default`` and the like."""
    found = {}
    for option in engine.get("security") or ():
        words = dict(part.partition("=")[::2] for part in str(option).split(","))
        found[words.get("name", str(option))] = words.get("profile", "")
    return found


_OF_AN_ENGINE: Final[Sequence[Look]] = (
    _machine,
    _address,
    _rights,
    _storage,
    _limits,
    _filter,
    _guards,
    _others,
)
LOOKS: Final[Sequence[Callable[[Facts], Iterator[Finding]]]] = (_engine,)
