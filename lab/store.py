"""results/: one folder a run. Written once, line by line; read by whoever comes back.

``plan.json`` is there before the first replicate, ``runs.jsonl`` gets one fsync'ed line a replicate, and
``analysis.json`` is derived from them and may be written again at any time.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from lab.errors import StoreError
from lab.model.outcome import CellSummary
from lab.model.run import FORMAT, Plan, Record

_PLAN: Final = "plan.json"
_RUNS: Final = "runs.jsonl"
_ANALYSIS: Final = "analysis.json"
_COSTS: Final = "costs.json"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    def append(self, record: Record) -> None:
        """Add one replicate's line; on return it is on the disk. StoreError where it cannot be."""
        line = msgspec.json.encode(record) + b"\n"
        try:
            with (self.path / _RUNS).open("ab", buffering=0) as file:
                file.write(line)
                os.fsync(file.fileno())
        except OSError as error:
            raise _unwritable(self.path / _RUNS, error) from None

    def keep_costs(self, text: str) -> None:
        """Put a copy of the costs that the prediction rests on beside the plan."""
        try:
            (self.path / _COSTS).write_text(text)
        except OSError as error:
            raise _unwritable(self.path / _COSTS, error) from None

    def finish(self, summaries: Sequence[CellSummary], *, stopped_by: str) -> None:
        """Write what was concluded, and what ended the run."""
        analysis = {"format": FORMAT, "stopped_by": stopped_by, "cells": summaries}
        _write(self.path / _ANALYSIS, analysis)

    def plan(self) -> Plan:
        """The run's plan. StoreError if there is none, or its format is another."""
        path = self.path / _PLAN
        try:
            content = path.read_bytes()
            found = msgspec.json.decode(content).get("format")
            if found != FORMAT:
                raise StoreError(f"{path}: is of format {found}; this golab reads {FORMAT}")
            return msgspec.json.decode(content, type=Plan)
        except (OSError, msgspec.DecodeError, AttributeError) as error:
            raise StoreError(f"{path}: cannot be read: {error}") from None

    def records(self) -> tuple[Record, ...]:
        """Every replicate that was measured; a last line that was cut off is not one. StoreError names a damaged one."""
        path = self.path / _RUNS
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StoreError(f"{path}: cannot be read: {error}") from None
        records = []
        offset = 0
        for line in content.splitlines(keepends=True):
            if line.endswith(b"\n"):
                try:
                    records.append(msgspec.json.decode(line, type=Record))
                except msgspec.DecodeError as error:
                    raise StoreError(f"{path}: damaged at byte {offset}: {error}") from None
            offset += len(line)
        return tuple(records)


@dataclass(frozen=True, slots=True)
class Store:
    """The folder that holds the runs."""

    root: Path

    def create(self, plan: Plan) -> RunFolder:
        """A new run's folder, with its plan in it. StoreError where it cannot be made."""
        folder = self.root / plan.run
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise _unwritable(folder, error) from None
        _write(folder / _PLAN, plan)
        return RunFolder(folder)


def _write(path: Path, value: object) -> None:
    """Replace *path* as a whole: a reader sees the old content or the new, never half of it."""
    fresh = path.with_suffix(".new")
    try:
        with fresh.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path}: cannot be written: {error.strerror}",
        hint="make room, or give --results a folder you may write",
    )
