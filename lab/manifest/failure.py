"""``reasons.toml``: why the simulator fails in cells where it does, written by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from lab.manifest.tables import Table, checked, checked_list, parsed, refusal


class ReasonTable(Table):
    """Patterns over cell ids and metrics, and the mechanism that the model lacks there."""

    cells: str
    metrics: str = "*"
    why: str


class _Top(Table):
    format: Literal[1]


_LISTS: Final = ("reasons",)


def load(path: Path) -> tuple[ReasonTable, ...]:
    """The reasons in their order; of several that name a row, the first is shown. ManifestError lists every mistake."""
    raw = parsed(path.read_bytes(), path)
    mistakes: list[str] = []
    checked(_Top, {k: v for k, v in raw.items() if k not in _LISTS}, "", mistakes, also=_LISTS)
    found = checked_list(ReasonTable, raw, "reasons", mistakes) if "reasons" in raw else []
    if mistakes:
        raise refusal(path, mistakes)
    return tuple(table for _, table in found)
