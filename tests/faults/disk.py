"""What of a folder would be there if the power went now: what was synced, and nothing else.

Theory of operation
-------------------
Of a file system nobody may expect more than this: what is in a file is on the disk once the file was synced, and its name once the folder was
that it is in. So of each file it is kept how long it was when it was synced, by its inode, which no rename changes; of each folder, which names
it had then. Whatever was there when the watching began is on the disk.

What is lost is the most that this allows, but for two things that would need a copy of everything: what was removed does not come back, and a name
that was given to another file stays with that one, which is as long as it was when it was synced.
"""

import contextlib
import os
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_Id = tuple[int, int]
"""Of a file or a folder: its device and its inode."""
_HERE: Final = -1
"""The descriptor that an audit event has of a path which is below none."""


@dataclass
class Disk:
    """What has come to the disk of the folder *root* and of all that is below it."""

    root: Path
    _sizes: dict[_Id, int] = field(default_factory=dict, init=False)
    _names: dict[_Id, dict[str, _Id]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """All that is there is on the disk."""
        for folder, _, files in os.walk(self.root):
            about = Path(folder).stat()
            self._names[_id(about)] = _entries(folder, about.st_dev)
            for name in files:
                found = Path(folder, name).lstat()
                self._sizes[_id(found)] = found.st_size

    def synced(self, descriptor: int) -> list[tuple[Path, int]]:
        """Somebody has synced that file or folder; the files that are on the disk now by that, name and all, and how long each is."""
        path, found = Path(f"/proc/self/fd/{descriptor}").readlink(), os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            self._names[_id(found)] = names = _entries(descriptor, found.st_dev)
            return [(path / name, self._sizes[each]) for name, each in names.items() if each in self._sizes]
        self._sizes[_id(found)] = found.st_size
        return [(path, found.st_size)] if self._is_named(path) else []

    def _is_named(self, path: Path) -> bool:
        with contextlib.suppress(OSError):
            return path.name in self._names.get(_id(path.parent.stat()), ())
        return False

    def removed(self, path: str | os.PathLike[str], below: int = _HERE) -> None:
        """Somebody is about to remove *path*, which is below the folder of that descriptor."""
        self.replaced(path, below)
        folder, name = os.path.split(os.fspath(path))
        with contextlib.suppress(OSError):
            above = os.stat(folder or ".", dir_fd=None if below == _HERE else below)
            self._names.get(_id(above), {}).pop(name, None)

    def replaced(self, path: str | os.PathLike[str], below: int = _HERE) -> None:
        """Somebody is about to give another file that name: whatever has it now is no more, and its inode may be given again."""
        with contextlib.suppress(OSError):
            found = os.stat(path, dir_fd=None if below == _HERE else below, follow_symlinks=False)
            self._sizes.pop(_id(found), None)
            self._names.pop(_id(found), None)

    def lose(self) -> None:
        """The power goes: what has not come to the disk is gone."""
        self._lose(self.root)

    def _lose(self, folder: Path) -> None:
        names = self._names.get(_id(folder.stat()), {})
        named_before = {each: name for name, each in names.items()}
        for found in list(folder.iterdir()):
            path, about = found, found.lstat()
            if path.name not in names:
                before = folder / named_before.get(_id(about), path.name)
                if before == path or before.exists():
                    _remove(path)
                    continue
                path = path.rename(before)
            if stat.S_ISDIR(about.st_mode):
                self._lose(path)
            elif about.st_size > (size := self._sizes.get(_id(about), 0)):
                os.truncate(path, size)


def _id(found: os.stat_result) -> _Id:
    return found.st_dev, found.st_ino


def _entries(folder: str | int, device: int) -> dict[str, _Id]:
    """What is in a folder, by name."""
    with os.scandir(folder) as entries:
        return {entry.name: (device, entry.inode()) for entry in entries}


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
