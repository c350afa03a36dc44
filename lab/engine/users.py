"""Who uses golab's own engine: each holds a lock that all of them can hold, and who ends the engine holds it alone.

The lock is on the file that marks the engine's folder, and goes with its process, however that ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path

from lab.engine.premises import Places
from lab.errors import EngineUnavailableError, EnvironmentRefusedError


@contextlib.contextmanager
def using(url: str) -> Generator[None]:
    """As long as this is open nobody ends the engine at *url*, if that is one of golab's own. EngineUnavailableError where somebody is at it."""
    socket = Path(os.path.realpath(url.removeprefix("unix://")))
    at = Places(socket.parent)
    if socket != at.socket:
        yield
        return
    with _locked(at.mark, fcntl.LOCK_SH) as is_held:
        if not is_held:
            raise EngineUnavailableError(f"golab's own engine at {url} is being ended")
        yield


@contextlib.contextmanager
def unused(at: Places) -> Generator[None]:
    """As long as this is open nobody uses the engine, nor begins to. EnvironmentRefusedError where a golab that lives uses it."""
    with _locked(at.mark, fcntl.LOCK_EX) as is_held:
        if not is_held:
            raise EnvironmentRefusedError(
                f"another golab uses golab's own engine at {at.url}: what it has there would be ended, too",
                hint="wait for it, or stop it first: Ctrl-C, or kill its process",
            )
        yield


@contextlib.contextmanager
def _locked(mark: Path, how: int) -> Generator[bool]:
    """Whether the lock is held; where there is no mark, or this user may not see it, there is nothing to hold."""
    while True:
        try:
            descriptor = os.open(mark, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            yield True
            return
        try:
            is_held = _taken(descriptor, how)
            if is_held and not is_still(mark, descriptor):
                continue  # whoever held it before has ended that engine: there is another one now, or none
            yield is_held
            return
        finally:
            os.close(descriptor)


def _taken(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_still(path: Path, descriptor: int) -> bool:
    """Whether *descriptor* is of the file that is at *path* now: who has waited for a lock may hold that of one which is gone."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
