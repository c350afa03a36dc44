"""Writing that is on the disk when it returns, or says why it is not."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from pathlib import Path
from typing import Final

from lab.errors import StoreError
from lab.host import scratch

_LEAST_FREE: Final = 4 << 20
"""Bytes below which no run is begun: its plan and its page alone may be as long."""


def write(path: Path, content: bytes) -> None:
    """Replace *path* as a whole: a reader sees the old content or the new, never half of it, whoever else writes it meanwhile. StoreError where it cannot be."""
    try:
        with scratch.beside(path) as fresh:
            with fresh.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        settle(path.parent)
    except OSError as error:
        raise unwritable(path, error) from None


def append(path: Path, content: bytes) -> None:
    """Add *content* as a whole: where there is no room for all of it, none of it stays. StoreError says why.

    A write to a disk that is nearly full may take half of what it was given and call that a success.
    """
    try:
        with path.open("ab", buffering=0) as file:
            before = file.tell()
            try:
                _write_all(file.fileno(), content)
                os.fsync(file.fileno())
            except OSError:
                with contextlib.suppress(OSError):  # a disk that is gone takes nothing back
                    os.ftruncate(file.fileno(), before)
                raise
        if not before:
            settle(path.parent)
    except OSError as error:
        raise unwritable(path, error) from None


def cut(path: Path, size: int) -> None:
    """Take off what stands in *path* from byte *size* on. StoreError where it cannot be."""
    try:
        with path.open("r+b") as file:
            file.truncate(size)
            os.fsync(file.fileno())
    except OSError as error:
        raise unwritable(path, error) from None


def made(folder: Path) -> Path:
    """The *folder*, made if it is not there, as all that it lies in; whatever was made is on the disk. StoreError where it cannot be."""
    missing = itertools.takewhile(lambda each: not each.is_dir(), (folder, *folder.parents))
    try:
        for each in reversed([*missing]):
            each.mkdir(exist_ok=True)
            settle(each.parent)
    except OSError as error:
        raise unwritable(folder, error) from None
    return folder


def settle(folder: Path) -> None:
    """Have the names that are new in *folder* on the disk, as their contents are. OSError where that cannot be."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refuse_unwritable(folder: Path) -> None:
    """StoreError where nothing could be written in *folder*, or in what it would be made in: told before hours are spent."""
    try:
        code = _why_not(folder)
    except OSError as error:
        raise unwritable(folder, error) from None
    if code:
        raise unwritable(folder, OSError(code, os.strerror(code)))


def _why_not(folder: Path) -> int:
    above = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    found = os.statvfs(above)
    if not above.is_dir():
        return errno.ENOTDIR
    if not os.access(above, os.W_OK | os.X_OK):
        return errno.EROFS if found.f_flag & os.ST_RDONLY else errno.EACCES
    is_full = found.f_blocks and found.f_bavail * found.f_frsize < _LEAST_FREE
    return errno.ENOSPC if is_full else 0


def unwritable(path: Path, error: OSError) -> StoreError:
    """What to say of a *path* that cannot be written."""
    return StoreError(
        f"{path}: cannot be written: {error.strerror}",
        hint="make room, or give --results a folder you may write",
    )


def _write_all(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
