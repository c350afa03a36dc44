"""What is mounted below a folder of golab's own, and how it gets away from there."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

_MOUNTS: Final = Path("/proc/self/mounts")


def below(mounts: str, folder: Path) -> list[str]:
    """The mount points at and below *folder* in the words of /proc/self/mounts, the innermost first."""
    points = (line.split(" ")[1] for line in mounts.splitlines() if " " in line)
    plain = (point.encode().decode("unicode_escape").encode("latin-1").decode() for point in points)
    return sorted((point for point in plain if Path(point).is_relative_to(folder)), reverse=True)


def at(folder: Path) -> list[str]:
    """The mount points at and below *folder*, the innermost first."""
    return below(_MOUNTS.read_text(), folder)


def unmount(folder: Path) -> tuple[list[str], list[str]]:
    """Unmount all at and below *folder*: what was mounted there, and what still is."""
    found = at(folder)
    for mounted in found:
        subprocess.run(["umount", "--lazy", mounted], capture_output=True, check=False)  # noqa: S603, S607 - our own words
    return found, at(folder)
