"""decided.json: what binds the files of a run together: digests of what was decided before its first replicate.

The checksums of ``runs.jsonl`` begin with that of this file (:mod:`lab.lines`). So lines of another run are found out, which may have the same cells
in the same order, and so is a plan, a prediction or a calibration that was changed after the run was planned. Records of formats before 5 have no such file.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab.errors import StoreError
from lab.filed import content_of, read, to_json
from lab.model.run import FORMAT

NAME: Final = "decided.json"
PLAN: Final = "plan.json"
_FIRST_BOUND: Final = 5
"""The format whose files were the first to be bound together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """``decided.json``: SHA-256 of each file by its path in the run's folder."""

    format: int
    files: Mapping[str, str]


def binding(contents: Mapping[str, bytes]) -> bytes:
    """The text of ``decided.json`` where the files have these *contents*."""
    return to_json(_Decided(format=FORMAT, files={path: _digest(text) for path, text in contents.items()}))


def first_checksum(folder: Path, record_format: int) -> int:
    """What the checksum of the first line in a run's *folder* begins with. StoreError where its ``decided.json`` is gone."""
    return zlib.crc32(content_of(folder / NAME)) if record_format >= _FIRST_BOUND else 0


def identity(folder: Path, record_format: int) -> str:
    """What tells the run in *folder* from every other, whatever they are called: a digest of what was decided. StoreError where it cannot be read."""
    return _digest(content_of(folder / (NAME if record_format >= _FIRST_BOUND else PLAN)))


def refuse_changed(folder: Path, record_format: int, *paths: str) -> None:
    """StoreError where one of the files *paths* in a run's *folder*, or any if none is named, is not what was decided."""
    if record_format < _FIRST_BOUND:
        return
    files = read(folder / NAME, _Decided).files
    for path in paths or files:
        if _digest(content_of(folder / path)) != files.get(path):
            raise StoreError(
                f"{folder / path}: was changed after the run was planned, or is another run's",
                hint="what was planned and predicted is fixed before measuring: put the file back, or measure again",
            )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
