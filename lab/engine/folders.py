"""Folders of the machine that a container is shown: one of its own file system, or an overlay that is mounted for it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from lab.engine import address
from lab.errors import EnvironmentRefusedError
from lab.host import scratch, tuning
from lab.host.journal import Journal
from lab.model.folder import Laid, laid_in

_OPEN_TO_ALL: Final = 0o777
_ROOT: Final = 0
_SETTINGS: Final = Path("/sys/module/overlay/parameters")
_OFF: Final = ("index", "metacopy")
"""What a kernel may have on for all overlays: an index of what was copied up, and copies of a file's metadata alone. A mount is to be the same on each."""


def refuse(kind: str, said: Mapping[str, Any]) -> None:
    """EnvironmentRefusedError where an engine that *said* so cannot be shown such a folder of this machine."""
    if elsewhere := address.elsewhere(said):
        raise EnvironmentRefusedError(
            f"a folder on {kind} is one of this machine, and the engine is on another ({elsewhere})"
        )
    if kind.startswith("overlay-mount:") and os.geteuid() != _ROOT:
        raise EnvironmentRefusedError(f"a folder on {kind} is mounted by root alone")


@contextlib.contextmanager
def made(kind: str, place: Path, book: Journal, laid: Sequence[Laid] = ()) -> Generator[Path | None]:
    """The folder for ``bind`` or ``overlay-mount:N``, below *place* and gone on exit; None for what an image has itself.

    Every lower directory holds a file ``layer-K``, as the layers of an image do, and what is *laid* there. The mount goes by the
    machine's journal, *book*. Its name tells whose it is (:mod:`lab.host.scratch`). EnvironmentRefusedError where the disk does not take it.
    """
    name, _, number = kind.partition(":")
    if name not in ("bind", "overlay-mount"):
        yield None
        return
    with _temporary(place) as folder, contextlib.ExitStack() as stack:
        shown = folder / "shown"
        if name == "bind":
            _layer(shown, 1, 1, laid)
        else:
            shown = stack.enter_context(_overlay(folder, int(number), book, laid))
        shown.chmod(_OPEN_TO_ALL)
        yield shown


@contextlib.contextmanager
def _overlay(folder: Path, layers: int, book: Journal, laid: Sequence[Laid]) -> Generator[Path]:
    names = [f"{number}" for number in range(1, layers + 1)]
    for number, name in enumerate(names, start=1):
        _layer(folder / name, number, layers, laid)
    for name in ("up", "work", "shown"):
        (folder / name).mkdir()
    # The first name is the topmost layer. Names are short and relative, because a mount's options fit on one page.
    off = "".join(f",{name}=off" for name in _OFF if (_SETTINGS / name).exists())
    options = f"lowerdir={':'.join(reversed(names))},upperdir=up,workdir=work{off}"
    with tuning.mount(
        book, folder / "shown", "-t", "overlay", "-o", options, "golab", within=folder
    ) as shown:
        yield shown


def _layer(folder: Path, number: int, layers: int, laid: Sequence[Laid]) -> None:
    """The layer with this *number* of so many *layers*."""
    try:
        folder.mkdir()
        (folder / f"layer-{number}").write_text(f"layer-{number}")
        for each in laid_in(number, layers, laid):
            _lay(folder, each)
    except OSError as error:
        raise EnvironmentRefusedError(
            f"{folder}: what a folder is to hold cannot be written there: {error.strerror}",
            hint="is the disk full? golab clean removes what golab keeps",
        ) from None


def _lay(folder: Path, laid: Laid) -> None:
    content = laid.content
    first, *others = (folder / path for path in laid.paths)
    first.parent.mkdir(parents=True, exist_ok=True)
    first.write_bytes(content)
    for other in others:
        other.parent.mkdir(parents=True, exist_ok=True)
        if laid.is_linked:
            other.hardlink_to(first)
        else:
            other.write_bytes(content)


@contextlib.contextmanager
def _temporary(place: Path) -> Generator[Path]:
    with contextlib.ExitStack() as stack:
        try:
            place.mkdir(parents=True, exist_ok=True)
            folder = stack.enter_context(scratch.folder(place, "folder"))
        except OSError as error:
            raise EnvironmentRefusedError(f"{place}: no folder can be made there: {error.strerror}") from None
        yield folder
