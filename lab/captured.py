"""What agents have measured and the lab has not written down yet: a file that outlives whichever of them is killed.

An agent that runs several replicates in a row tells of them when the last has ended, because whoever it woke before would
disturb the next. Until then each line is in this file, which is the kernel's once it is written. A line is the agent's own
(docs/wire.md), its ``id`` the replicate's place in the plan. Several agents append, and one that is killed meanwhile leaves a piece of a line: so each begins
with the end of another, and lines may be empty, or no answers (:mod:`lab.bench.kept`). The lab empties the file when all of it is in the record, on the disk;
of a lab that was killed, whoever reads the record next brings over what is left (:mod:`lab.recovery`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path
from typing import Final

from lab.errors import StoreError

_NOBODY: Final = 65534
_FULL: Final = 1 << 20
"""Bytes from which on emptying the file is worth its time, some 20 µs."""
_ROOT: Final = 0


class Captures:
    """The file of a run that goes on, held by this process. Made by :func:`made`."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @contextlib.contextmanager
    def opening(self) -> Generator[None]:
        """As long as this is open an agent may open the file, whoever it runs as.

        Afterwards nobody else may. A replicate runs as the same user as its agent, and is shown the file under the same path: without
        capabilities neither root nor anybody else can open, or allow himself to open, what is another's.
        """
        os.fchmod(self._descriptor, 0o666)
        try:
            yield
        finally:
            os.fchmod(self._descriptor, 0o600)
            if os.geteuid() == _ROOT:
                os.fchown(self._descriptor, _NOBODY, _NOBODY)

    def lines(self) -> list[bytes]:
        """Every whole line that is in it."""
        return _whole_lines(self._descriptor)

    def written_down(self) -> None:
        """All that was measured is in the record: nothing of it is needed here any more."""
        if os.fstat(self._descriptor).st_size > _FULL:
            self.forget()

    def forget(self) -> None:
        """Empty the file, whatever is in it."""
        os.ftruncate(self._descriptor, 0)


@contextlib.contextmanager
def made(path: Path) -> Generator[Captures]:
    """A new file, locked for as long as this is open; gone afterwards, unless an exception has kept its lines from the record."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be written and locked: {error.strerror}",
            hint="give --results a folder of a file system that has locks",
        ) from None
    try:
        yield Captures(path, descriptor)
        path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether the run whose file *path* is goes on."""
    try:
        descriptor = _opened(path)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


class UnreadableError(StoreError):
    """There is something, and nobody here may know what."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"{path}: what agents had measured cannot be read: {error.strerror}",
            hint="it belongs to whoever measured, or to root: let one of them do this",
        )


@contextlib.contextmanager
def left(path: Path) -> Generator[list[bytes] | None]:
    """The whole lines that a run left in *path* which is over; None where there is no such file, or the run goes on. UnreadableError where they cannot be read.

    While this is open nobody else gets them. Whoever has brought them somewhere else removes the file.
    """
    try:
        descriptor = _opened(path)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise UnreadableError(path, error) from None
    try:
        yield _lines_of_the_dead(descriptor, path)
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    """A descriptor that can be locked alone: over a network only one that can be written can (flock(2))."""
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _lines_of_the_dead(descriptor: int, path: Path) -> list[bytes] | None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return _whole_lines(descriptor)
    except BlockingIOError:  # its run goes on
        return None
    except OSError as error:
        raise UnreadableError(path, error) from None


def _whole_lines(descriptor: int) -> list[bytes]:
    size = os.fstat(descriptor).st_size
    *whole, _ = os.pread(descriptor, size, 0).split(b"\n")
    return [*filter(None, whole)]
