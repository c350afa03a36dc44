"""Calibrations that are kept: one file for each machine, engine, cpuset and Go release, used until one of them changes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from lab.host import environment, scratch
from lab.sim.costs import Costs, CostsError, from_json
from lab.sim.packaged import packaged

_SHORT: Final = 12
"""Digits of a fingerprint that a file's name has; the file itself has them all."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The folder of calibrations."""

    folder: Path

    def place(self, fingerprint: str, engine: str, release: str, cpuset: str = "") -> Path:
        """The file of one machine, engine, cpuset (as the kernel writes lists; empty: all CPUs) and Go release."""
        cpus = f"-cpus{cpuset.replace(',', '+')}" if cpuset else ""
        return self.folder / f"{_short(fingerprint)}-{engine}{cpus}-go{release}.json"

    def newest(self, fingerprint: str) -> Path | None:
        """The newest calibration of this machine, whatever the engine, and of all its CPUs if there is one; None if there is none."""
        found = self.folder.glob(f"{_short(fingerprint)}-*.json") if self.folder.is_dir() else ()
        return max(found, key=lambda path: ("-cpus" not in path.name, path.stat().st_mtime), default=None)


def users_shelf() -> Shelf:
    """``$XDG_STATE_HOME/golab/costs``."""
    return Shelf(Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "golab" / "costs")


def read(path: Path, fingerprint: str | None) -> Costs:
    """A kept calibration over the packaged costs. CostsError says what is wrong with the file and what to do."""
    return packaged().merged(alone(path, fingerprint))


def alone(path: Path, fingerprint: str | None) -> Costs:
    """A kept calibration with nothing but what it measured. CostsError as :func:`read`."""
    return from_json(_text(path), source=str(path), fingerprint=fingerprint)


def sittings(path: Path) -> tuple[Mapping[str, Any], ...]:
    """Under what the calibration in a file was measured, as JSON values; none where it does not say. CostsError as :func:`read`."""
    text = _text(path)
    from_json(text, source=str(path))
    return tuple(json.loads(text).get("sittings", ()))


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CostsError(
            f"{path}: cannot be read: {error}", hint="measure this machine anew: golab calibrate"
        ) from None


def keep(text: str, path: Path) -> None:
    """Write a calibration's text; a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for each in scratch.left([path.parent]):
        scratch.remove(each)
    scratch.write(path, text.encode())


def given(asked: str, fingerprint: str) -> Costs | None:
    """What ``--costs`` names: ``packaged`` or a file; None for ``auto``.

    A file of another machine, or of this one under another kernel, is taken as asked, and is no calibration here.
    """
    match asked:
        case "auto":
            return None
        case "packaged":
            return packaged()
        case _:
            found = read(Path(asked), None)
            return found if found.fingerprint == fingerprint else replace(found, calibrated=False)


def for_simulation(asked: str) -> Costs:
    """The costs where nothing is measured: as asked, else this machine's newest calibration, else packaged."""
    fingerprint = environment.fingerprint()
    if (costs := given(asked, fingerprint)) is not None:
        return costs
    path = users_shelf().newest(fingerprint)
    return read(path, fingerprint) if path else packaged()


def _short(fingerprint: str) -> str:
    return fingerprint.removeprefix("sha256:")[:_SHORT]
