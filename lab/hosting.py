"""What a run needs of the whole machine: asked of the kernel by journal, read back, and put back.

Huge pages are reserved as long as the run lasts: nobody feels them who does not ask for them. What transparent huge pages are for the
whole machine everybody feels, the run's other cells first: that is set while a replicate runs that needs it, and at no other time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from lab.bench.execute import Held, both
from lab.engine import address
from lab.errors import EnvironmentRefusedError, NotPutBackError
from lab.host import journal, tuning, undo
from lab.host.owner import Owner
from lab.model.matrix import Cell
from lab.model.scenario import HUGE_PAGE, Caches, HostSetting, Scenario
from lab.workshop import Wanted

_FREE: Final[Mapping[HostSetting, str]] = {
    "nr_hugepages": "free_hugepages",
    "nr_overcommit_hugepages": "nr_overcommit_hugepages",
}
"""What tells how many pages of a kind a program could have."""
_FORGOTTEN: Final[Mapping[Caches, str]] = {
    "pages": "contents of files",
    "dentries": "names and inodes",
    "all": "files: names, inodes and contents",
}


@dataclass(frozen=True, slots=True)
class Host:
    """What of the machine was changed for a run (``granted``, by the setting's path), and how many pages there are now."""

    allowed: bool
    granted: Mapping[str, str] = field(default_factory=dict)
    free: Mapping[HostSetting, int] = field(default_factory=dict)
    why: Mapping[HostSetting, str] = field(default_factory=dict)
    """Of settings that could not be changed at all."""
    modes: Mapping[str, Held | EnvironmentRefusedError | None] = field(default_factory=dict)
    """What holds transparent huge pages at a mode while a replicate runs; None where nothing has to, or why nothing does."""
    drops: Mapping[Caches, Held | EnvironmentRefusedError] = field(default_factory=dict)
    """What has the kernel drop caches before a replicate runs, or why nothing does."""

    def applied_to(self, wanted: Wanted) -> Wanted:
        """A cell as it is, or with the reason why it cannot run on this machine as that is.

        One that needs something of the whole machine and runs on another is refused: it is this one that would be changed.
        """
        if elsewhere := _elsewhere(wanted):
            return replace(
                wanted,
                engine=EnvironmentRefusedError(
                    f"it needs something of the whole machine, and its engine is on another than this ({elsewhere})",
                    hint="run golab there",
                ),
            )
        for need in wanted.scenario.host_needs:
            pages, free = need.pages(wanted.cell.levels), self.free.get(need.setting, 0)
            if pages > free:
                return replace(wanted, engine=self._refusal(need.setting, pages, free))
        if caches := wanted.scenario.host_drop(wanted.cell.levels):
            dropping = self.drops[caches]
            if isinstance(dropping, EnvironmentRefusedError):
                return replace(wanted, engine=dropping)
            wanted = replace(wanted, held=dropping, is_alone=True)
        if mode := wanted.scenario.host_mode(wanted.cell.levels):
            held = self.modes[mode]
            if isinstance(held, EnvironmentRefusedError):
                return replace(wanted, engine=held)
            return replace(wanted, held=both(held, wanted.held))
        return wanted

    def _refusal(self, setting: HostSetting, pages: int, free: int) -> EnvironmentRefusedError:
        what = f"{pages} huge pages of {HUGE_PAGE >> 20} MiB ({setting}) are needed"
        if setting in self.why:
            return EnvironmentRefusedError(f"{what}, there are {free}: {self.why[setting]}")
        if self.allowed:
            return EnvironmentRefusedError(f"{what}, the kernel granted {free}")
        return EnvironmentRefusedError(
            f"{what}, there are {free}: --tune-host has them reserved for the run, as root"
        )


def journal_of(run: str) -> journal.Journal:
    """The machine's journal, as this process writes it for *run*."""
    return journal.Journal(journal.FOLDER, Owner.of_this_process(run))


@contextlib.contextmanager
def tuned(
    wanted: Iterable[Wanted],
    say: Callable[[str], object],
    *,
    run: str,
    allowed: bool,
    root: Path = Path("/"),
) -> Generator[Host]:
    """The machine with all that the *wanted* cells need which run on it, if that is *allowed* and as far as the kernel grants it.

    What dead golabs left changed is put back first. What cannot be set refuses the cells that need it, not the run.
    """
    book = journal_of(run)
    for words in undo.recover(book):
        say(f"after a golab that was killed: {words}")
    here = [each for each in wanted if not _elsewhere(each)]
    needs = _needs(here)
    with contextlib.ExitStack() as stack:
        granted: dict[str, str] = {}
        free: dict[HostSetting, int] = {}
        why: dict[HostSetting, str] = {}
        for setting, pages in needs.items():
            folder = tuning.huge_page_pool(HUGE_PAGE, root)
            lacking = pages - _count(folder / _FREE[setting])
            if allowed and lacking > 0:
                path = folder / setting
                more = str(_count(path) + lacking)
                try:
                    granted[str(path)] = stack.enter_context(tuning.setting(book, path, more))
                    say(f"{path} is {granted[str(path)]} for this run ({more} were asked for)")
                except EnvironmentRefusedError as error:
                    why[setting] = error.in_full
            free[setting] = _count(folder / _FREE[setting])
        modes: dict[str, Held | EnvironmentRefusedError | None] = {}
        path = tuning.transparent_huge_pages(root)
        for mode in _modes(here):
            modes[mode] = _mode_held(stack, book, path, mode, say=say, allowed=allowed)
        if switched := [mode for mode, held in modes.items() if callable(held)]:
            granted[str(path)] = f"{' or '.join(switched)} while a replicate runs that needs it"
            say(f"{path} is {granted[str(path)]}, {undo.read_setting(path)} otherwise")
        asked = _drops(here)
        is_mixed = len(asked) > 1
        drops = {
            caches: _dropping(caches, root, allowed=allowed, is_mixed=is_mixed)
            for caches in asked
            if caches is not None
        }
        if dropped := [caches for caches, held in drops.items() if callable(held)]:
            granted[str(tuning.drop_caches(root))] = (
                f"{' or '.join(dropped)} before each replicate that needs it"
            )
            say(f"the kernel drops its caches ({', '.join(dropped)}) before each replicate that needs it")
        yield Host(allowed, granted, free, why, modes, drops)


def _mode_held(
    stack: contextlib.ExitStack,
    book: journal.Journal,
    path: Path,
    mode: str,
    *,
    say: Callable[[str], object],
    allowed: bool,
) -> Held | EnvironmentRefusedError | None:
    """What holds transparent huge pages at *mode*; None where the machine is so by itself, else why nothing does."""
    try:
        now = undo.read_setting(path)
        if now == mode:
            return None
        if allowed:
            return _told(stack.enter_context(tuning.switched(book, path, mode)).held, say)
    except EnvironmentRefusedError as error:
        return error
    except OSError as error:
        return EnvironmentRefusedError(f"{path} cannot be read: {error.strerror}")
    return EnvironmentRefusedError(
        f"transparent huge pages have to be {mode} for the whole machine, they are {now}:"
        " --tune-host has them so while a replicate of this cell runs, as root"
    )


def _told(held: Held, say: Callable[[str], object]) -> Held:
    """The same, and what could not be put back after a replicate is said at once: the run's other cells feel it."""

    @contextlib.contextmanager
    def telling() -> Generator[None]:
        try:
            with held():
                yield
        except NotPutBackError as error:
            say(
                f"{error}; cells for which it is switched do not run any more, the others run with it as it is now;"
                " the journal keeps what it was"
            )
            raise

    return telling


def _elsewhere(wanted: Wanted) -> str:
    """What shows that a cell which needs something of the whole machine runs on another than this; empty where nothing does."""
    if isinstance(wanted.engine, EnvironmentRefusedError) or not wanted.scenario.needs_host(
        wanted.cell.levels
    ):
        return ""
    return address.elsewhere(wanted.engine.describe())


def _dropping(caches: Caches, root: Path, *, allowed: bool, is_mixed: bool) -> Held | EnvironmentRefusedError:
    """What has the kernel drop *caches*. Nothing is put back: what is needed of them comes back by itself.

    That takes time, and others would be measured meanwhile as on a machine that has just started: where the cells of a run do not all forget the same
    (*is_mixed*), none does.
    """
    if not allowed:
        return EnvironmentRefusedError(
            f"the whole machine has to forget its cached {_FORGOTTEN[caches]}:"
            " --tune-host has it do so before each replicate of this cell, as root"
        )
    if is_mixed:
        return EnvironmentRefusedError(
            f"the whole machine has to forget its cached {_FORGOTTEN[caches]}, and cells of the same run that do not ask for it would be measured without them",
            hint="measure those that forget the same in a run of their own (--set or --only)",
        )
    try:
        tuning.refuse_no_drop(root)
    except EnvironmentRefusedError as error:
        return error

    @contextlib.contextmanager
    def dropping() -> Generator[None]:
        tuning.drop(caches, root)
        yield

    return dropping


def _needs(wanted: Sequence[Wanted]) -> Mapping[HostSetting, int]:
    """Pages by setting: the most that one cell needs, because one replicate runs at a time."""
    found: dict[HostSetting, int] = {}
    for each in wanted:
        for setting, pages in _pages(each.scenario, each.cell):
            found[setting] = max(pages, found.get(setting, 0))
    return found


def _modes(wanted: Sequence[Wanted]) -> list[str]:
    """All that transparent huge pages have to be while one or another cell runs."""
    modes = (each.scenario.host_mode(each.cell.levels) for each in wanted)
    return list(dict.fromkeys(filter(None, modes)))


def _drops(wanted: Sequence[Wanted]) -> list[Caches | None]:
    """All caches that have to be dropped before one or another cell's replicates; None for those before which none are."""
    return list(dict.fromkeys(each.scenario.host_drop(each.cell.levels) for each in wanted))


def _pages(scenario: Scenario, cell: Cell) -> list[tuple[HostSetting, int]]:
    asked = [(need.setting, need.pages(cell.levels)) for need in scenario.host_needs]
    return [(setting, pages) for setting, pages in asked if pages]


def _count(path: Path) -> int:
    return int(path.read_text())
