"""Processes that were told whose they are by a variable of their environment, and whoever descends from them: found, and ended."""

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_SECONDS: Final = 2.0
_POLL: Final = 0.01


@dataclass(frozen=True, slots=True)
class _Process:
    """One that was seen. Its pid may be another's a moment later, who then started later."""

    pid: int
    parent: int
    started: str


def end(mark: bytes) -> int:
    """Kill who has *mark* (``NAME=value``) in its environment and whoever descends from it, until there is nobody; how many they were.

    Children go first. What they leave comes to who inherits it (agents and their wardens are reapers of all that they started, wherever it
    fled), and is found in the next turn: without its heir nothing would tell it from somebody else's.
    """
    tried = set[_Process]()
    killed = set[int]()
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline and (found := _belonging(mark)):
        heirs = {each.parent for each in found if each not in tried}
        turn = {each for each in found if each.pid not in heirs}
        killed |= {each.pid for each in turn if _is_killed(each)}
        tried |= turn
        time.sleep(_POLL)
    return len(killed)


def _belonging(mark: bytes) -> list[_Process]:
    """Who has the mark, and whoever descends from it."""
    seen = [_look(int(each.name)) for each in _PROC.iterdir() if each.name.isdecimal()]
    children = defaultdict[int, list[_Process]](list)
    found = dict[int, _Process]()
    for process in filter(None, seen):
        children[process.parent].append(process)
        if _has(process.pid, mark):
            found[process.pid] = process
    left = list(found)
    while left:
        below = [each for each in children[left.pop()] if each.pid not in found]
        found |= {each.pid: each for each in below}
        left += [each.pid for each in below]
    return list(found.values())


def _has(pid: int, mark: bytes) -> bool:
    try:
        return mark in (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _look(pid: int) -> _Process | None:
    """None where it has ended."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        return _Process(pid, int(fields[1]), fields[19])
    except (OSError, IndexError):
        return None


def _is_killed(process: _Process) -> bool:
    """Whether the signal has reached it. It is held by a descriptor before it is looked at again, so that nobody is hit who got its number meanwhile."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:
        return False
    try:
        now = _look(process.pid)
        if now is None or now.started != process.started:
            return False
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
