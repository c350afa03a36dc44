"""Put back what a journal tells of: thaw first, then unmount, then detach, then settings; look before every act."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from lab.host import mounts, scratch
from lab.host.journal import Entry, Journal, Kept, Kind
from lab.host.owner import Owner

_ORDER: Final[tuple[Kind, ...]] = ("freeze", "mount", "loop", "setting")
"""Nothing frozen can be unmounted, nothing mounted be detached."""
_DONE: Final[dict[Kind, str]] = {"freeze": "thawed", "mount": "unmounted", "loop": "detached"}
_FITHAW: Final = 0xC0045878
"""_IOWR('X', 120, int): linux/fs.h."""
_SECONDS: Final = 20


def recover(journal: Journal) -> Iterator[str]:
    """Undo what dead owners left, and say so; what a living one changed stays, and what cannot be undone is told and kept.

    What was only half written of an entry is removed: until it is whole nothing is changed, or the one before still tells of the change.
    """
    for kept in left(journal):
        if kept.entry.is_here:
            yield undo(journal, kept)
        else:
            journal.forget(kept)
            yield f"{kept.entry.target} is gone with the mount namespace that it was in"
    yield from map(scratch.remove, scratch.left([journal.folder]))


def left(journal: Journal) -> list[Kept]:
    """What dead owners left, in the order in which it can be undone.

    What was mounted in another mount namespace is left to who is there; where nobody is, it is gone with the namespace, and its entry is left.
    """
    dead = [
        kept
        for kept in journal.entries()
        if kept.entry.owner.is_dead(seen_from=journal.owner)
        and (kept.entry.is_here or is_gone(kept.entry, journal.owner))
    ]
    return sorted(dead, key=lambda kept: _ORDER.index(kept.entry.kind))


def foretold(kept: Kept) -> str:
    """What :func:`recover` is going to try, in words."""
    entry = kept.entry
    if not entry.is_here:
        return f"{entry.target}, gone with its mount namespace, is to be forgotten"
    if entry.kind == "setting":
        return f"{entry.target} is to be {entry.before} again"
    return f"{entry.target} is to be {_DONE[entry.kind]}"


def is_gone(entry: Entry, seen_from: Owner, root: Path = Path("/")) -> bool:
    """Whether what was mounted in another mount namespace is there no more: no boot outlives it, and no process or file holds that namespace.

    Whoever may not look at every process cannot know. A file system that is frozen stays so without its mount point.
    """
    if entry.owner.boot != seen_from.boot:
        return True
    if entry.kind != "mount":
        return False
    try:
        lines = (root / "proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return False
    held = {os.fsdecode(line.split(b" ")[3]) for line in lines}
    for process in (root / "proc").glob("[0-9]*"):
        try:
            held.add(str((process / "ns/mnt").readlink()))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        except OSError:
            return False
    return entry.namespace not in held


def undo(journal: Journal, kept: Kept) -> str:
    """Put one change back, verify, forget it; in words what was done or why it could not be."""
    try:
        words = _UNDO[kept.entry.kind](kept.entry)
    except (OSError, subprocess.SubprocessError) as error:
        return f"{kept.entry.target} could not be put back: {error}; it is kept in {kept.path}"
    journal.step()
    if _is_undone(kept.entry):
        journal.forget(kept)
        return words
    return f"{kept.entry.target} is not back yet; it is kept in {kept.path}"


def read_setting(path: Path) -> str:
    """The value of a setting; the chosen word of ``always [madvise] never``."""
    text = path.read_text().strip()
    return next((word.strip("[]") for word in text.split() if word.startswith("[")), text)


def is_ours(entry: Entry, now: str) -> bool:
    """Whether *now* can be what this entry's change made of a setting: wanted, granted, or a number on the way there."""
    if now in (entry.wanted, entry.granted):
        return True
    with contextlib.suppress(ValueError):
        low, high = sorted((int(entry.before), int(entry.wanted)))
        return low <= int(now) <= high  # huge pages come one by one
    return False


def _setting(entry: Entry) -> str:
    path = Path(entry.target)
    now = read_setting(path)
    if now == entry.before:
        return f"{path} is as it was: {now}"
    if not is_ours(entry, now):
        return f"{path} was changed by somebody else to {now}: left so"
    path.write_text(entry.before)
    return f"{path} is {read_setting(path)} again (it was {now})"


def _mount(entry: Entry) -> str:
    if not mounts.is_mounted(entry.target):
        return f"{entry.target} is not mounted"
    _run("umount", entry.target)
    return f"unmounted {entry.target}"


def _loop(entry: Entry) -> str:
    if not _backing(entry):
        return f"{entry.target} is detached"
    _run("losetup", "--detach", entry.target)
    return f"detached {entry.target}"


def _freeze(entry: Entry) -> str:
    if not mounts.is_mounted(entry.target):
        return f"{entry.target} is not mounted"
    descriptor = os.open(entry.target, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.ioctl(descriptor, _FITHAW, 0)
    except OSError:
        return f"{entry.target} is not frozen"  # EINVAL: freeze_super(9)'s answer to whom has nothing to thaw
    finally:
        os.close(descriptor)
    return f"thawed {entry.target}"


_UNDO: Final[dict[Kind, Callable[[Entry], str]]] = {
    "setting": _setting,
    "mount": _mount,
    "loop": _loop,
    "freeze": _freeze,
}


def _is_undone(entry: Entry) -> bool:
    """Verified by looking again. A file system that could be thawed cannot be asked; its thaw is the verification."""
    match entry.kind:
        case "setting":
            now = read_setting(Path(entry.target))
            return now == entry.before or not is_ours(entry, now)
        case "mount":
            return not mounts.is_mounted(entry.target)
        case "loop":
            return not _backing(entry)
        case "freeze":
            return True


def _backing(entry: Entry) -> bool:
    """Whether the loop device still has the file that it was given; ``wanted`` is that file."""
    file = Path("/sys/block", Path(entry.target).name, "loop/backing_file")
    try:
        return file.read_text().strip().removesuffix(" (deleted)") == entry.wanted
    except OSError:
        return False


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)  # noqa: S603 - util-linux, our own words
