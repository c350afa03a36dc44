"""What stands in the way of a measurement now: load, steal, rights, instruments. Readers only; None is unknown.

Each takes the *root* below which ``proc`` and ``sys`` are, so that a recorded machine reads like a real one.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Final

from lab.host import mounts

_ROOT: Final = Path("/")
_STEAL: Final = 7
"""The place of steal in /proc/stat's first line, after its name (proc(5))."""


def load(root: Path = _ROOT) -> float | None:
    """Runnable threads, averaged over a minute."""
    return _number((_text(root / "proc/loadavg") or "").partition(" ")[0])


def pressure(root: Path = _ROOT) -> float | None:
    """The share in percent of the last ten seconds in which something waited for a CPU (PSI)."""
    for word in (_text(root / "proc/pressure/cpu") or "").split():
        if word.startswith("avg10="):
            return _number(word.removeprefix("avg10="))
    return None


def steal(seconds: float, root: Path = _ROOT) -> float | None:
    """The share of CPU time that the hypervisor gave to others, over *seconds*."""
    before = _ticks(root)
    time.sleep(seconds)
    after = _ticks(root)
    if before is None or after is None:
        return None
    passed = sum(after) - sum(before)
    return (after[_STEAL] - before[_STEAL]) / passed if passed else 0.0


def busy_ticks(root: Path = _ROOT) -> int | None:
    """CPU time that was used since the machine started, in ticks: user, nice, system and interrupts of /proc/stat."""
    ticks = _ticks(root)
    return None if ticks is None else sum(ticks[:3]) + sum(ticks[5:7])


def ptrace_scope(root: Path = _ROOT) -> int | None:
    """Yama's: 0 and 1 allow tracing one's own children; None where there is no Yama, which allows it, too."""
    found = _number(_text(root / "proc/sys/kernel/yama/ptrace_scope") or "")
    return None if found is None else int(found)


def has_tracefs(root: Path = _ROOT) -> bool:
    """Whether the kernel's trace points can be reached: of a plain user, what is above them often cannot even be looked into."""
    places = ("sys/kernel/tracing", "sys/kernel/debug/tracing")
    return any(os.access(root / place / "events", os.R_OK | os.X_OK) for place in places)


def perf_paranoid(root: Path = _ROOT) -> int | None:
    """What a plain user may ask of perf_event_open: above 2 nothing; None where there is no perf."""
    found = _number(_text(root / "proc/sys/kernel/perf_event_paranoid") or "")
    return None if found is None else int(found)


def has_hardware_counters(root: Path = _ROOT) -> bool:
    """Whether the CPU's own counters can be had; virtual machines often have none."""
    devices = root / "sys/bus/event_source/devices"
    return devices.is_dir() and any(path.name.startswith("cpu") for path in devices.iterdir())


def has_apparmor(root: Path = _ROOT) -> bool:
    """Whether AppArmor confines containers here."""
    return (_text(root / "sys/module/apparmor/parameters/enabled") or "").startswith("Y")


def file_system(folder: Path, root: Path = _ROOT) -> str | None:
    """The type of the file system that *folder*, or what will be above it, is on."""
    best: tuple[int, str] | None = None
    table = b""
    with contextlib.suppress(OSError):
        table = (root / "proc/self/mounts").read_bytes()
    for line in os.fsdecode(table).split("\n"):
        fields = line.split(" ")
        if len(fields) > 2 and folder.is_relative_to(mounts.plain(fields[1])):  # noqa: PLR2004 - device, place, type
            best = max(best or (0, ""), (len(fields[1]), fields[2]))
    return best[1] if best else None


def _ticks(root: Path) -> list[int] | None:
    for line in (_text(root / "proc/stat") or "").splitlines():
        if line.startswith("cpu "):
            found = [int(word) for word in line.split()[1:9]]
            return found if len(found) > _STEAL else None
    return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None
