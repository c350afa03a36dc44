"""Change what all of this machine shares, for as long as a measurement needs it: settings, mounts.

Each is a context manager over a journal: written down, changed, read back, and in the end put back and verified.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Final

from lab.errors import EnvironmentRefusedError, NotPutBackError
from lab.host.journal import Journal
from lab.host.undo import read_setting, undo
from lab.model.scenario import Caches

_SECONDS: Final = 20
_DROPPED: Final[Mapping[Caches, str]] = {"pages": "1", "dentries": "2", "all": "3"}
"""Documentation/admin-guide/sysctl/vm.rst."""


@contextlib.contextmanager
def setting(journal: Journal, path: Path, wanted: str) -> Generator[str]:
    """Write *wanted* to a setting of the kernel, and give what it granted, which may be less; put back what was there.

    EnvironmentRefusedError where it cannot be read or written.
    """
    with _refusing(f"{path} cannot be set to {wanted}"):
        before = read_setting(path)
    if before == wanted:
        yield before
        return
    kept = journal.write("setting", str(path), before=before, wanted=wanted)
    try:
        with _refusing(f"{path} cannot be set to {wanted}"):
            path.write_text(wanted)
            journal.step()
            granted = read_setting(path)
        kept = journal.note_granted(kept, granted)
        yield granted
    finally:
        undo(journal, kept)


class Switch:
    """A setting that is changed for a moment again and again; made by :func:`switched`."""

    def __init__(self, journal: Journal, path: Path, before: str, wanted: str) -> None:
        self._journal = journal
        self._path = path
        self._before = before
        self._wanted = wanted
        self._stuck = ""

    @contextlib.contextmanager
    def held(self) -> Generator[None]:
        """The setting as it is wanted, read back; then as it was, read back.

        EnvironmentRefusedError where it is not so or does not become so, and where it did not stay so: then somebody else
        has changed it, and it is left to him. NotPutBackError where it stayed so, to the end, and could not be put back then:
        after that it is held no more.
        """
        if self._before == self._wanted:
            yield
            return
        if self._stuck:
            raise EnvironmentRefusedError(self._stuck)
        self._see(self._before)
        self._set(self._wanted)
        try:
            yield
        finally:
            self._see(self._wanted)
            try:
                self._set(self._before)
            except EnvironmentRefusedError as error:
                self._stuck = f"{self._path} could not be put back to {self._before}: {error}"
                raise NotPutBackError(self._stuck, hint=error.hint) from None

    def _see(self, expected: str) -> None:
        with _refusing(f"{self._path} cannot be read"):
            now = read_setting(self._path)
        if now != expected:
            raise EnvironmentRefusedError(f"{self._path} was changed by somebody else to {now}")

    def _set(self, wanted: str) -> None:
        with _refusing(f"{self._path} cannot be set to {wanted}"):
            self._path.write_text(wanted)
            self._journal.step()
            now = read_setting(self._path)
        if now != wanted:
            raise EnvironmentRefusedError(f"{self._path} is {now}, although it was set to {wanted}")


@contextlib.contextmanager
def switched(journal: Journal, path: Path, wanted: str) -> Generator[Switch]:
    """A :class:`Switch` between *wanted* and what is there, tried once; the journal tells of it all the time.

    One entry covers every change to and fro: it says what was there, and undoing it is safe in between, too. EnvironmentRefusedError
    where the setting cannot be read or does not take *wanted*.
    """
    with _refusing(f"{path} cannot be read"):
        before = read_setting(path)
    made = Switch(journal, path, before, wanted)
    if before == wanted:
        yield made
        return
    kept = journal.write("setting", str(path), before=before, wanted=wanted)
    try:
        with made.held():
            kept = journal.note_granted(kept, wanted)
        yield made
    finally:
        undo(journal, kept)


@contextlib.contextmanager
def mount(journal: Journal, target: Path, *arguments: str, within: Path | None = None) -> Generator[Path]:
    """Mount something at *target* (``mount``'s own *arguments*, relative to *within*), and unmount it in the end."""
    kept = journal.write("mount", str(target))
    try:
        _run("mount", *arguments, str(target), within=within)
        journal.step()
        yield target
    finally:
        undo(journal, kept)


def drop_caches(root: Path = Path("/")) -> Path:
    """The setting by which the kernel is told to drop its caches. It holds nothing: what is written is done, once."""
    return root / "proc/sys/vm/drop_caches"


def refuse_no_drop(root: Path = Path("/")) -> None:
    """EnvironmentRefusedError where the kernel does not let this process have it drop its caches; nothing is dropped."""
    path = drop_caches(root)
    with _refusing(f"{path} cannot be written"):
        os.close(os.open(path, os.O_WRONLY))


def drop(caches: Caches, root: Path = Path("/")) -> None:
    """Have the kernel write out what is changed and forget the *caches*. EnvironmentRefusedError where it does not.

    No journal tells of it, because there is nothing to put back.
    """
    path = drop_caches(root)
    with _refusing(f"{path} cannot be told to drop {caches}"):
        os.sync()
        path.write_text(_DROPPED[caches])


def transparent_huge_pages(root: Path = Path("/")) -> Path:
    """The setting that says to whom the kernel gives transparent huge pages."""
    return root / "sys/kernel/mm/transparent_hugepage/enabled"


def huge_page_pool(size_bytes: int = 2 << 20, root: Path = Path("/")) -> Path:
    """The folder of the pool of huge pages of one size. EnvironmentRefusedError where the kernel has none."""
    folder = root / f"sys/kernel/mm/hugepages/hugepages-{size_bytes >> 10}kB"
    if not folder.is_dir():
        raise EnvironmentRefusedError(f"this kernel has no huge pages of {size_bytes >> 20} MiB ({folder})")
    return folder


@contextlib.contextmanager
def _refusing(what: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise EnvironmentRefusedError(
            f"{what}: {error.strerror}", hint="settings of the machine are changed by root alone"
        ) from None


def _run(*command: str, within: Path | None = None) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - util-linux, our own words
            command, check=False, capture_output=True, text=True, timeout=_SECONDS, cwd=within
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EnvironmentRefusedError(f"{' '.join(command)}: {error}") from None
    if done.returncode:
        raise EnvironmentRefusedError(f"{' '.join(command)}: {done.stderr.strip()}")
