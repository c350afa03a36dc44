"""What is mounted, and how what is mounted below a folder of golab's own gets away from there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Final

_MOUNTS: Final = Path("/proc/self/mounts")
_ESCAPED: Final = re.compile(rb"\\([0-7]{3})")
"""How the kernel writes a byte that would end a field: proc(5), and seq_escape in fs/seq_file.c."""


def points(mounts: str) -> list[str]:
    """The mount points in the words of /proc/self/mounts, as paths: whatever bytes their names have."""
    return [plain(line.split(" ")[1]) for line in mounts.split("\n") if " " in line]


def plain(field: str) -> str:
    """A field of the kernel's tables of mounts without its escapes."""
    return os.fsdecode(_ESCAPED.sub(_byte, os.fsencode(field)))


def below(mounts: str, folder: Path) -> list[str]:
    """The mount points at and below *folder* in the words of /proc/self/mounts, the innermost first."""
    return sorted((point for point in points(mounts) if Path(point).is_relative_to(folder)), reverse=True)


def at(folder: Path) -> list[str]:
    """The mount points at and below *folder*, whatever links lead there, the innermost first."""
    return below(_mounts(), Path(os.path.realpath(folder)))


def is_mounted(target: str) -> bool:
    """Whether something is mounted at *target*, whatever links lead there."""
    return os.path.realpath(target) in points(_mounts())


def unmount(folder: Path) -> tuple[list[str], list[str]]:
    """Unmount all at and below *folder*: what was mounted there, and what still is."""
    found = at(folder)
    for mounted in found:
        subprocess.run(["umount", "--lazy", mounted], capture_output=True, check=False)  # noqa: S603, S607 - our own words
    return found, at(folder)


def _mounts() -> str:
    return os.fsdecode(_MOUNTS.read_bytes())


def _byte(escaped: re.Match[bytes]) -> bytes:
    return bytes([int(escaped[1], 8)])
