"""Folders and files that are needed for a while, named by whose they are: so the next golab can tell what a dead one left.

A kill -9 leaves them wherever they are. Each carries its owner in its name, from the moment on that it exists, because a mark inside it would
be too late: between making the two somebody else might clean up, or the owner die. Host, pid namespace and boot are in the name as digests, the
process as its pid and when that started (:class:`lab.host.owner.Owner`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Final

from lab.host import marked, mounts
from lab.host.owner import Owner

MARK: Final = "GOLAB_SCRATCH"
"""The variable by which what was started in such a folder is told from whoever merely looks at it."""

_NAME: Final = re.compile(
    r"golab-[a-z]+-(?P<host>[0-9a-f]{8})(?P<namespace>[0-9a-f]{8})?-(?P<boot>[0-9a-f]{8})-(?P<pid>\d+)-(?P<started>\d+)-[0-9a-f]{8}"
)
"""Names that older golabs gave have no namespace of its own: it is in the host's digest."""
_ANOTHER: Final = "another"
_DIGITS: Final = 8


def named(use: str, owner: Owner | None = None) -> str:
    """A name for something of *owner*'s, or of this process's, that is needed for a while; *use* is one word of it."""
    own = owner or Owner.of_this_process("")
    where = f"{_digest(own.host)}{_digest(own.namespace)}-{_digest(own.boot)}"
    return f"golab-{use}-{where}-{own.pid}-{own.pid_started}-{secrets.token_hex(4)}"


def owner_of(name: str, seen_from: Owner) -> Owner | None:
    """Whose it is by its *name*, of which somebody else's host and boot are told only to be others; None of what is not named so."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    host, boot = seen_from.host, seen_from.boot
    if found["host"] != _digest(host):
        is_near = found["namespace"] == _digest(seen_from.namespace)
        host = f"{_ANOTHER} {seen_from.namespace if is_near else _ANOTHER}"
    if found["boot"] != _digest(boot):
        boot = _ANOTHER
    return Owner(run="", host=host, boot=boot, pid=int(found["pid"]), pid_started=int(found["started"]))


@contextlib.contextmanager
def folder(above: Path, use: str, *, mode: int = 0o700) -> Generator[Path]:
    """A new folder below *above*, gone with all that is in it however the block ends, unless it was renamed. OSError where it cannot be made."""
    made = above / named(use)
    try:
        made.mkdir(mode=mode)
        yield made
    finally:
        delete(made)


def temporary() -> Path:
    """Where temporary files go: as :func:`tempfile.gettempdir` has it, which writes and removes a file to find out."""
    for name in ("TMPDIR", "TEMP", "TMP"):
        if (place := os.environ.get(name)) and os.access(place, os.W_OK | os.X_OK) and Path(place).is_dir():
            return Path(place).absolute()
    return Path(tempfile.gettempdir())


def places(cache: Path) -> tuple[Path, ...]:
    """Wherever a golab with that *cache* folder needs anything for a while; of what this user may not look into, nothing."""
    below: list[Path] = []
    with contextlib.suppress(OSError):
        below = sorted(path for path in cache.iterdir() if path.is_dir())
    return (temporary(), cache, *below)


@contextlib.contextmanager
def beside(path: Path) -> Generator[Path]:
    """A name of this process's own for what is going to replace *path*, in the same folder; what is still there by it in the end is removed."""
    fresh = path.parent / named("file")
    try:
        yield fresh
    finally:
        with contextlib.suppress(OSError):  # a disk that is gone takes nothing back
            fresh.unlink(missing_ok=True)


def write(path: Path, content: bytes) -> None:
    """Replace *path* as a whole: a reader sees the old content or the new, never half of it. OSError where it cannot be."""
    with beside(path) as fresh:
        fresh.write_bytes(content)
        fresh.replace(path)


def is_one(path: Path) -> bool:
    """Whether it is named so."""
    return _NAME.fullmatch(path.name) is not None


def left(places: Iterable[Path]) -> Iterator[Path]:
    """What dead golabs of this machine and this user left in *places*."""
    own = Owner.of_this_process("")
    return (path for path, owner in _owned(places, own) if owner.is_dead(seen_from=own))


def foreign(places: Iterable[Path]) -> Iterator[Path]:
    """What is this user's in *places* and of golabs of which nobody here can tell whether they live."""
    own = Owner.of_this_process("")
    return (path for path, owner in _owned(places, own) if owner.is_foreign(seen_from=own))


def remove(path: Path) -> str:
    """End what a dead golab started in *path* and remove it; what was done, in words."""
    ended = marked.end(os.fsencode(f"{MARK}={path}"))
    delete(path)
    if path.exists():
        return f"{path} could not be removed"
    return f"removed {path}" + (f" and ended {ended} processes that it had started there" if ended else "")


def delete(path: Path) -> None:
    """Remove a file or a folder, though a build tool may have left read-only folders in it; what cannot be removed stays.

    What is mounted below it is unmounted first, and nothing is removed while something is: it may be the machine's own.
    """
    if not path.is_dir() or path.is_symlink():
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        return
    _, still_mounted = mounts.unmount(path)
    if still_mounted:
        return
    for below, _, _ in os.walk(path):
        with contextlib.suppress(OSError):
            Path(below).chmod(0o700)
    shutil.rmtree(path, ignore_errors=True)


def _like_one(place: Path) -> list[Path]:
    """What is named so in *place*; nothing where this user may not look: he left nothing there."""
    try:
        return sorted(place.glob("golab-*")) if place.is_dir() else []
    except OSError:
        return []


def _owned(places: Iterable[Path], own: Owner) -> Iterator[tuple[Path, Owner]]:
    for path in (found for place in places for found in _like_one(place)):
        owner = owner_of(path.name, own)
        with contextlib.suppress(OSError):
            if owner is not None and path.lstat().st_uid == os.geteuid():
                yield path, owner


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
