"""One measurement at a time on one machine: two at once measure each other."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Final

from lab.errors import EnvironmentRefusedError

_NAME: Final = "golab.lock"
_FOLDERS: Final = (Path("/run/lock"), Path("/tmp"))  # noqa: S108 - a lock that every user can take must be where all can write
_POLL_SECONDS: Final = 0.2


@contextlib.contextmanager
def measuring(
    say: Callable[[str], object],
    *,
    wait: bool,
    stop: Callable[[], bool] = lambda: False,
    folders: Iterable[Path] = _FOLDERS,
    instead: str = "leave --no-wait out",
) -> Generator[None]:
    """Hold the machine's lock, for all users the same file in the first of *folders* where all may write.

    While another golab holds it, *say* is told once for whom this one waits, and *stop* ends the waiting with
    KeyboardInterrupt; without *wait* it is EnvironmentRefusedError at once, with what a user may do *instead* of waiting. The
    lock goes with its process, however that ends.
    """
    path = _place(folders)
    lock = _opened(path)
    try:
        _take(lock, path, say, wait=wait, stop=stop, instead=instead)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(lock)


def _take(
    lock: int,
    path: Path,
    say: Callable[[str], object],
    *,
    wait: bool,
    stop: Callable[[], bool],
    instead: str,
) -> None:
    told = False
    while not _taken(lock):
        holder = _holder(lock)
        if not wait:
            raise EnvironmentRefusedError(
                f"another golab{holder} measures on this machine (it holds {path})",
                hint=f"wait for it, or {instead}",
            )
        if not told:
            say(f"waiting for another golab{holder} that measures on this machine")
            told = True
        if stop():
            raise KeyboardInterrupt
        time.sleep(_POLL_SECONDS)


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(lock: int) -> str:
    """`` (pid N)`` of who took it last; its pid is written after it has the lock, so it may be missing."""
    pid = os.pread(lock, 32, 0).decode(errors="replace").strip()
    return f" (pid {pid})" if pid.isdecimal() else ""


def _place(folders: Iterable[Path]) -> Path:
    """The lock's path. It depends on the folder's mode, not on our rights, so that all users come to the same."""
    for folder in folders:
        with contextlib.suppress(OSError):
            if folder.stat().st_mode & stat.S_IWOTH:
                return folder / _NAME
    raise EnvironmentRefusedError(
        f"there is no folder for a lock that every user can take: {', '.join(map(str, folders))}"
    )


def _opened(path: Path) -> int:
    """The lock's file, made for everybody if it is not there.

    First without O_CREAT: in a sticky folder the kernel may refuse that on another user's file (protected_regular).
    """
    for flags in (os.O_RDWR, os.O_RDWR | os.O_CREAT | os.O_EXCL, os.O_RDWR):
        try:
            lock = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        except (FileNotFoundError, FileExistsError):
            continue
        except OSError as error:
            raise EnvironmentRefusedError(
                f"the machine's lock {path} cannot be opened: {error.strerror}",
                hint=f"remove {path} if nothing runs",
            ) from None
        if flags & os.O_CREAT:
            os.fchmod(lock, 0o666)  # whatever the umask
        return lock
    raise EnvironmentRefusedError(f"the machine's lock {path} comes and goes; try again")
