"""The files of a run beside its lines: JSON, each with the version of its format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from lab.errors import StoreError
from lab.model.outcome import CellSummary, Foresight, ForetoldOutcome, Prediction
from lab.model.run import FORMAT, READABLE, Resumption, StoppedBy

_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is predicted of one metric of a cell, or why nothing is."""

    cell: str
    metric: str
    prediction: Prediction | None
    not_predicted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeEntry:
    """What is predicted of how a cell's processes end, or why nothing is."""

    cell: str
    simulated: Mapping[str, int]
    not_predicted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """``predictions.json``."""

    format: int
    predictions: tuple[Entry, ...]
    outcomes: tuple[OutcomeEntry, ...] = ()
    """An earlier golab's record has none."""

    @classmethod
    def of(cls, foretold: Foresight) -> Self:
        """What is kept of *foretold*."""
        return cls(
            format=FORMAT,
            predictions=tuple(_entry(*item) for item in foretold.metrics.items()),
            outcomes=tuple(_outcome_entry(*item) for item in foretold.outcomes.items()),
        )

    def foretold(self) -> Foresight:
        """The same again."""
        return Foresight(
            metrics={
                (entry.cell, entry.metric): entry.prediction or entry.not_predicted
                for entry in self.predictions
            },
            outcomes={entry.cell: entry.simulated or entry.not_predicted for entry in self.outcomes},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """``probes.json``."""

    format: int
    cells: Mapping[str, Mapping[str, Any]]
    flaws: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """``end.json``. How many ``lines`` there were, and the last one's ``checksum``; an earlier golab's record does not say."""

    format: int
    stopped_by: StoppedBy
    lines: int | None = None
    checksum: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """``resumed.json``."""

    format: int
    resumptions: tuple[Resumption, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """``programs.json``."""

    format: int
    programs: Mapping[str, Mapping[str, str]]
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """``analysis.json``. How many ``lines`` it was made of, and the last one's ``checksum``; an earlier golab's does not say."""

    format: int
    cells: tuple[CellSummary, ...]
    lines: int | None = None
    checksum: str = ""


def _entry(key: tuple[str, str], foretold: Prediction | str) -> Entry:
    cell, metric = key
    if isinstance(foretold, Prediction):
        return Entry(cell=cell, metric=metric, prediction=foretold, not_predicted="")
    return Entry(cell=cell, metric=metric, prediction=None, not_predicted=foretold)


def _outcome_entry(cell: str, foretold: ForetoldOutcome) -> OutcomeEntry:
    if isinstance(foretold, str):
        return OutcomeEntry(cell=cell, simulated={}, not_predicted=foretold)
    return OutcomeEntry(cell=cell, simulated=foretold, not_predicted="")


def read(path: Path, kind: type[_Kind]) -> _Kind:
    """What *path* holds. StoreError where it cannot be read, or is of a format that this golab does not read."""
    content = content_of(path)
    try:
        found = msgspec.json.decode(content).get("format")
        if found not in READABLE:
            readable = f"{', '.join(map(str, READABLE[:-1]))} and {READABLE[-1]}"
            raise StoreError(f"{path}: is of format {found}; this golab reads {readable}", hint=_other(found))
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, AttributeError) as error:
        raise StoreError(f"{path}: cannot be read: {error}") from None


def _other(found: object) -> str:
    if isinstance(found, int) and found > FORMAT:
        return "a newer golab wrote it: read it with that one, or bring this one up to date"
    return "an earlier golab wrote it, which did not keep what an analysis needs: measure it again"


def content_of(path: Path) -> bytes:
    """The bytes of *path*. StoreError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from None


def to_json(value: object) -> bytes:
    """The text of a file, for people too."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"
