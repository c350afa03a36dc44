"""Writing that is on the disk when it returns, or says why it is not."""

from __future__ import annotations

import os
from pathlib import Path

from lab.errors import StoreError


def write(path: Path, content: bytes) -> None:
    """Replace *path* as a whole: a reader sees the old content or the new, never half of it. StoreError where it cannot be."""
    fresh = path.with_suffix(".new")
    try:
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
    """The *folder*, made if it is not there. StoreError where it cannot be."""
    try:
        folder.mkdir(exist_ok=True)
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
