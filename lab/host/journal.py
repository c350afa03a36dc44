"""What golab changed on this machine and has to put back, on disk before it is changed.

Theory of operation
-------------------
An entry is written and fsync'ed *before* the change that it tells of, and removed only after what was there is back and was
read back. So at any moment, also after a kill -9 or a loss of power, the journal holds at least everything that is not as
it was. It may hold more: an entry whose change was never made, or is undone already. Undoing is therefore always safe to do
again (:mod:`lab.host.undo` looks before it acts).

An entry belongs to a process. What a living one has changed is its own to put back; what a dead one left, the next golab
puts back. The folder lies in /run, which a reboot empties, as it resets settings, mounts, loop devices and freezes.

Rejected: one file for all entries. Two processes would have to lock it, and a torn write would lose what others wrote.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

import msgspec

from lab.errors import EnvironmentRefusedError
from lab.host import scratch
from lab.host.owner import Owner

FOLDER: Final = Path("/run/golab/journal")
FORMAT: Final = 1

Kind = Literal["setting", "mount", "loop", "freeze"]
_AT_MOUNT_POINTS: Final = ("mount", "freeze")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change: what it is done to, what was there, what is wanted and, once it is known, what was granted.

    A ``setting`` is a file of /sys or /proc; a ``mount`` or a ``freeze`` is told by its mount point, a ``loop`` by its
    device. Only a setting has a ``before``; ``namespace`` is where a mount point is one: who is in another mount namespace does not see
    what is mounted there, and must not take it for undone.
    """

    kind: Kind
    target: str
    before: str = ""
    wanted: str = ""
    granted: str = ""
    at_ns: int
    owner: Owner
    namespace: str = ""
    format: int = FORMAT

    @property
    def is_here(self) -> bool:
        """Whether this process can see what it tells of."""
        return self.namespace in ("", _namespace())


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry and the file that holds it."""

    path: Path
    entry: Entry


@dataclass(frozen=True, slots=True)
class Journal:
    """The entries below *folder*, as *owner* sees and writes them. *step* is called between any two steps that last."""

    folder: Path
    owner: Owner
    step: Callable[[], object] = field(default=lambda: None)

    def write(self, kind: Kind, target: str, *, before: str = "", wanted: str = "") -> Kept:
        """Tell of a change that is about to be made. EnvironmentRefusedError where that cannot be written."""
        entry = Entry(
            kind=kind,
            target=target,
            before=before,
            wanted=wanted,
            at_ns=time.time_ns(),
            owner=self.owner,
            namespace=_namespace() if kind in _AT_MOUNT_POINTS else "",
        )
        return self._store(Kept(self.folder / f"{entry.at_ns}-{uuid.uuid4().hex[:8]}.json", entry))

    def note_granted(self, kept: Kept, granted: str) -> Kept:
        """Add to an entry what the kernel made of it."""
        return self._store(Kept(kept.path, replace(kept.entry, granted=granted)))

    def forget(self, kept: Kept) -> None:
        """Remove the entry of a change that is undone and verified."""
        kept.path.unlink(missing_ok=True)
        self.step()
        _sync(self.folder)

    def entries(self) -> Iterator[Kept]:
        """Every entry, the newest first; what is no entry of this format is left alone."""
        if not self.folder.is_dir():
            return
        for path in sorted(self.folder.glob("*.json"), reverse=True):
            with contextlib.suppress(OSError, msgspec.DecodeError):
                entry = msgspec.json.decode(path.read_bytes(), type=Entry)
                if entry.format == FORMAT:
                    yield Kept(path, entry)

    def _store(self, kept: Kept) -> Kept:
        """A reader sees the old entry or the new one, and after this call the new one is on the disk."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o755)
            with scratch.beside(kept.path) as fresh:
                with fresh.open("wb") as file:
                    file.write(msgspec.json.encode(kept.entry))
                    file.flush()
                    self.step()
                    os.fsync(file.fileno())
                self.step()
                fresh.replace(kept.path)
                self.step()
            _sync(self.folder)
        except OSError as error:
            raise EnvironmentRefusedError(
                f"{kept.path}: what is about to be changed cannot be written down: {error.strerror}",
                hint="settings of the machine are changed by root alone",
            ) from None
        self.step()
        return kept


def _namespace() -> str:
    """This process's mount namespace; empty where it is not known."""
    try:
        return str(Path("/proc/self/ns/mnt").readlink())
    except OSError:
        return ""


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
