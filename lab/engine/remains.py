"""What an engine that was killed leaves: processes, mounts, cgroups. Found by its folder's and its cgroup's names."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

KILL: Final = ((signal.SIGKILL, 5.0),)
"""Signals, and how many seconds each has."""
TERM_THEN_KILL: Final = ((signal.SIGTERM, 15.0), *KILL)

_CGROUPS: Final = Path("/sys/fs/cgroup")
_SHIM_SOCKETS: Final = Path("/run/containerd/s")
_POLL: Final = 0.05


def is_live(pid: int) -> bool:
    """Whether it is there, and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False


def words_of(pid: int) -> list[str]:
    """Its command line; none of a zombie, a kernel's thread, or who is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def processes(is_ours: Callable[[Sequence[str]], bool], cgroup: str) -> list[int]:
    """Who lives and is in *cgroup*, or *is_ours* by the words of its command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or not is_live(int(entry.name)):
            continue
        with contextlib.suppress(OSError):
            if is_ours(words_of(int(entry.name))) or f"/{cgroup}/" in (entry / "cgroup").read_text():
                found.append(int(entry.name))
    return found


def end(pids: Iterable[int], signals: Iterable[tuple[signal.Signals, float]]) -> set[int]:
    """Send each signal to who still lives and wait its seconds; who lives after all."""
    left = set(pids)
    for number, seconds in signals:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        until = time.monotonic() + seconds
        while (left := {pid for pid in left if is_live(pid)}) and time.monotonic() < until:
            time.sleep(_POLL)
    return left


def shim_sockets(exec_root: Path) -> list[Path]:
    """The sockets of containers' shims, by the addresses noted below *exec_root*: all engines' are in one folder."""
    noted = exec_root.glob("containerd/daemon/io.containerd.runtime.v2.task/*/*/address")
    paths = [Path(file.read_text().strip().removeprefix("unix://")) for file in noted]
    return [path for path in paths if path.parent == _SHIM_SOCKETS]


def thaw(cgroup: str) -> None:
    """Let what is frozen in *cgroup* run: of version 1, not even SIGKILL reaches it otherwise."""
    for state in _CGROUPS.glob(f"*/{cgroup}/**/freezer.state"):
        with contextlib.suppress(OSError):  # its container may just go
            state.write_text("THAWED")


def cgroups(cgroup: str) -> list[Path]:
    """Where *cgroup* is: of version 1 there are several hierarchies, of version 2 one."""
    return [top for top in (_CGROUPS / cgroup, *_CGROUPS.glob(f"*/{cgroup}")) if top.is_dir()]


def remove_cgroups(cgroup: str) -> list[str]:
    """Remove *cgroup* in every hierarchy, with what is in it."""
    removed = []
    for top in cgroups(cgroup):
        below = sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True)
        for path in [*below, top]:
            with contextlib.suppress(OSError):
                path.rmdir()
                removed.append(str(path))
    return removed
