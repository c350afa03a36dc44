"""Calibrations that are kept: one file for each machine, engine and Go release, used until one of them changes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab.host import environment
from lab.sim.costs import Costs, CostsError, from_json
from lab.sim.packaged import packaged

_SHORT: Final = 12
"""Digits of a fingerprint that a file's name has; the file itself has them all."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The folder of calibrations."""

    folder: Path

    def place(self, fingerprint: str, engine: str, release: str) -> Path:
        """The file of one machine, engine and Go release."""
        return self.folder / f"{_short(fingerprint)}-{engine}-go{release}.json"

    def newest(self, fingerprint: str) -> Path | None:
        """The newest calibration of this machine, whatever the engine; None if there is none."""
        found = self.folder.glob(f"{_short(fingerprint)}-*.json") if self.folder.is_dir() else ()
        return max(found, key=lambda path: path.stat().st_mtime, default=None)


def users_shelf() -> Shelf:
    """``$XDG_STATE_HOME/golab/costs``."""
    return Shelf(Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "golab" / "costs")


def read(path: Path, fingerprint: str | None) -> Costs:
    """A kept calibration over the packaged costs. CostsError says what is wrong with the file and what to do."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CostsError(
            f"{path}: cannot be read: {error}", hint="measure this machine anew: golab calibrate"
        ) from None
    return packaged().merged(from_json(text, source=str(path), fingerprint=fingerprint))


def keep(costs: Costs, path: Path) -> None:
    """Write a calibration; a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(costs.to_json())
    fresh.replace(path)


def given(asked: str, fingerprint: str | None) -> Costs | None:
    """What ``--costs`` names: ``packaged`` or a file; None for ``auto``."""
    match asked:
        case "auto":
            return None
        case "packaged":
            return packaged()
        case _:
            return read(Path(asked), fingerprint)


def for_simulation(asked: str) -> Costs:
    """The costs where nothing is measured: as asked, else this machine's newest calibration, else packaged."""
    fingerprint = environment.fingerprint()
    if (costs := given(asked, fingerprint)) is not None:
        return costs
    path = users_shelf().newest(fingerprint)
    return read(path, fingerprint) if path else packaged()


def _short(fingerprint: str) -> str:
    return fingerprint.removeprefix("sha256:")[:_SHORT]
