"""The control groups around this process: every limit from its own group up to the root that it can see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

_V1_FILES: Final = {
    "cpu": ("cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.shares"),
    "memory": ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.usage_in_bytes"),
    "cpuset": ("cpuset.cpus", "cpuset.effective_cpus", "cpuset.mems"),
}
_V2_FILES: Final = {
    "cpu": ("cpu.max", "cpu.weight"),
    "memory": ("memory.max", "memory.high", "memory.swap.max", "memory.current"),
    "cpuset": ("cpuset.cpus", "cpuset.cpus.effective", "cpuset.mems.effective"),
}
_UNLIMITED: Final = 1 << 60
"""Version 1 writes the largest page-aligned number for "no limit"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group of one controller: its path below the mount, its folder, and which version it speaks."""

    controller: str
    version: int
    path: str
    folder: Path

    @property
    def limits(self) -> dict[str, str]:
        """What its files say, by file name; a file that is not there is absent."""
        names = (_V1_FILES if self.version == 1 else _V2_FILES)[self.controller]
        found = {name: _text(self.folder / name) for name in names}
        return {name: text for name, text in found.items() if text is not None}

    def memory_left(self) -> int | None:
        """Bytes that may still be had below this group's limit; None if it sets none. Page cache can be given back."""
        limit, usage, cache = (
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            if self.version == 1
            else ("memory.max", "memory.current", "inactive_file")
        )
        most = _number(self.folder / limit)
        used = _number(self.folder / usage)
        if most is None or used is None or most >= _UNLIMITED:
            return None
        return max(0, most - used + _statistic(self.folder / "memory.stat", cache))


def version(root: Path) -> int:
    """1 or 2, by where the memory controller is; 0 if no control groups can be seen."""
    return next((group.version for group in chain("memory", root)), 0)


def chain(controller: str, root: Path) -> list[Group]:
    """The groups of ``cpu``, ``memory`` or ``cpuset`` around this process, its own first; *root* holds ``proc``, ``sys``."""
    memberships = _memberships(root)
    for mount in _mounts(root):
        if mount.version == 1 and controller in mount.controllers and controller in memberships:
            return list(_upwards(controller, mount, memberships[controller], root))
    for mount in _mounts(root):
        if mount.version == 2 and "" in memberships and _offers(controller, mount, root):  # noqa: PLR2004 - the version's name
            return list(_upwards(controller, mount, memberships[""], root))
    return []


def described(root: Path) -> dict[str, Any]:
    """The version and, of each controller, the limits of the whole chain, this process's group first; JSON values."""
    chains = {
        controller: [{"version": group.version, **group.limits} for group in chain(controller, root)]
        for controller in ("cpu", "memory", "cpuset")
    }
    return {"version": version(root), **chains}


@dataclass(frozen=True, slots=True)
class _Mount:
    version: int
    controllers: frozenset[str]
    top: str
    point: str


def _mounts(root: Path) -> list[_Mount]:
    """The mounted hierarchies, from mountinfo: proc(5)."""
    found = []
    for line in (_text(root / "proc/self/mountinfo") or "").splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(fields) > 4 and len(kind) > 2 and kind[0] in ("cgroup", "cgroup2"):  # noqa: PLR2004 - the columns needed
            options = frozenset(kind[2].split(","))
            found.append(_Mount(1 if kind[0] == "cgroup" else 2, options, fields[3], fields[4]))
    return found


def _memberships(root: Path) -> Mapping[str, str]:
    """The path of this process's group by controller; version 2's is under the empty name: cgroups(7)."""
    found = {}
    for line in (_text(root / "proc/self/cgroup") or "").splitlines():
        _, controllers, path = line.split(":", 2)
        found.update(dict.fromkeys(controllers.split(","), path))
    return found


def _offers(controller: str, mount: _Mount, root: Path) -> bool:
    listed = _text(root / mount.point.lstrip("/") / "cgroup.controllers") or ""
    return controller in listed.split()


def _upwards(controller: str, mount: _Mount, membership: str, root: Path) -> Iterator[Group]:
    point = root / mount.point.lstrip("/")
    path = PurePosixPath(_below(mount.top, membership))
    for level in (path, *path.parents):
        folder = point / str(level).lstrip("/")
        if folder.is_dir():  # a group outside of what is mounted here cannot be read
            yield Group(controller=controller, version=mount.version, path=str(level), folder=folder)


def _below(top: str, membership: str) -> str:
    """*membership* as seen from the mount, which may show only what is below *top* (in a container)."""
    path = PurePosixPath(membership)
    if ".." in path.parts:
        return "/"
    return f"/{path.relative_to(top)}" if path.is_relative_to(top) else "/"


def _statistic(path: Path, name: str) -> int:
    for line in (_text(path) or "").splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text is not None and text.isdecimal() else None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return None
