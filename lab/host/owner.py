"""Whose it is, written on a container as labels or into a journal: so what a dead golab left can be told from what lives."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

RUN: Final = "golab.run"
HOST: Final = "golab.host"
BOOT: Final = "golab.boot"
PID: Final = "golab.pid"
PID_STARTED: Final = "golab.pid_started"

_UNKNOWN: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A process that makes containers or changes settings: its run, its machine and boot, its pid and when that pid started.

    ``host`` holds the host's name, its machine id and the pid namespace: two golabs in two containers of one
    machine may have the same pid and cannot judge each other. ``pid_started`` is in clock ticks since boot,
    because a pid is given again.
    """

    run: str
    host: str
    boot: str
    pid: int
    pid_started: int

    @classmethod
    def of_this_process(cls, run: str, root: Path = Path("/")) -> Self:
        """This process, as the owner of *run*'s containers; *root* holds ``proc`` and ``etc``."""
        pid = os.getpid()
        return cls(
            run=run,
            host=_this_host(root),
            boot=_text(root / "proc/sys/kernel/random/boot_id"),
            pid=pid,
            pid_started=_started(pid, root) or 0,
        )

    @classmethod
    def from_labels(cls, labels: Mapping[str, str]) -> Self | None:
        """The owner that a container's labels name; None if they do not name one whole."""
        try:
            return cls(
                run=labels[RUN],
                host=labels[HOST],
                boot=labels[BOOT],
                pid=int(labels[PID]),
                pid_started=int(labels[PID_STARTED]),
            )
        except (KeyError, ValueError):
            return None

    def labels(self) -> dict[str, str]:
        """What to write on a container."""
        return {
            RUN: self.run,
            HOST: self.host,
            BOOT: self.boot,
            PID: str(self.pid),
            PID_STARTED: str(self.pid_started),
        }

    @property
    def namespace(self) -> str:
        """The pid namespace, with which ``host`` ends."""
        return self.host.rpartition(" ")[2]

    def is_dead(self, *, seen_from: Owner, root: Path = Path("/")) -> bool:
        """Whether this owner is certainly gone: no such process where its pid means the same, or another boot of the same host."""
        if not self._shares_pids(seen_from):
            return self.host == seen_from.host
        started = _started(self.pid, root)
        if started is None:
            return not _is_hidden(self.pid)
        return started != self.pid_started

    def is_foreign(self, *, seen_from: Owner) -> bool:
        """Whether nobody there can tell if it lives: it is another machine's, or another pid namespace's."""
        return self.host != seen_from.host and not self._shares_pids(seen_from)

    def is_alive(self, *, seen_from: Owner) -> bool:
        """Whether this owner is certainly there, or hidden by another user's rights."""
        return not self.is_foreign(seen_from=seen_from) and not self.is_dead(seen_from=seen_from)

    def _shares_pids(self, other: Owner) -> bool:
        """Whether a pid means the same to both.

        No two machines are in one boot, so there the host's name says nothing: it may be another since. Over boots it has to be the same,
        because machines that were copied from one have one machine id, and their first pid namespace is called alike everywhere.
        """
        if self.boot != other.boot:
            return False
        return self.host == other.host or (self.boot != "" and self.namespace == other.namespace != _UNKNOWN)


def _this_host(root: Path) -> str:
    """A name for where a pid means the same."""
    try:
        namespace = str((root / "proc/self/ns/pid").readlink())
    except OSError:
        namespace = _UNKNOWN
    return " ".join((socket.gethostname(), _text(root / "etc/machine-id") or _UNKNOWN, namespace))


def _started(pid: int, root: Path) -> int | None:
    """When *pid* started; None if nothing by that pid can be seen to live (a zombie does not)."""
    line = _text(root / "proc" / str(pid) / "stat")
    fields = line.rpartition(")")[2].split()  # the command's name may hold spaces and brackets
    if not fields or fields[0] in "ZX":
        return None
    return int(fields[19])


def _is_hidden(pid: int) -> bool:
    """Whether another user's process has *pid*, which a /proc mounted with hidepid would not show."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return False


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
