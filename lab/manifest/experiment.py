"""``experiments/NAME.toml`` as a :class:`~lab.model.experiment.Matrix`; every mistake of the file is reported at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from lab.errors import UsageError
from lab.manifest.scenario import Duration
from lab.manifest.tables import Table, checked, checked_list, parsed, refusal
from lab.model.experiment import Entry, Matrix
from lab.model.units import Nanos

_SCENARIOS: Final = "scenarios"
_Levels = Annotated[list[str], Field(min_length=1)]


class _SeedsTable(Table):
    order: int = Field(ge=0)
    simulation: int = Field(ge=0)


class _EntryTable(Table):
    name: str
    factors: dict[str, _Levels] = Field(default_factory=dict)
    only: list[str] = Field(default=[])
    skip: list[str] = Field(default=[])


class _TopTable(Table):
    format: Literal[1]
    title: str = Field(min_length=1)
    replicates: int = Field(default=10, ge=1)
    most_replicates: int | None = Field(default=None, ge=1)
    budget: Duration
    seeds: _SeedsTable


def load(path: Path) -> Matrix:
    """The matrix that the file at *path* states. UsageError where there is none, ManifestError for its mistakes."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: no matrix can be read: {error.strerror}") from None
    return read(content, path=path)


def read(content: bytes, *, path: Path) -> Matrix:
    """The matrix that *content* states; *path* names it, and is where a mistake is said to be."""
    raw = parsed(content, path)
    mistakes: list[str] = []
    rest = {key: value for key, value in raw.items() if key != _SCENARIOS}
    top = checked(_TopTable, rest, "", mistakes, also=(_SCENARIOS,))
    tables = checked_list(_EntryTable, raw, _SCENARIOS, mistakes)
    if top is not None and (top.most_replicates or top.replicates) < top.replicates:
        mistakes.append(
            f"most_replicates: {top.most_replicates} are fewer than the {top.replicates} replicates that come first"
        )
    if mistakes or top is None:
        raise refusal(path, mistakes)
    return Matrix(
        name=path.stem,
        title=top.title,
        entries=tuple(
            Entry(
                scenario=table.name,
                levels={name: tuple(texts) for name, texts in table.factors.items()},
                only=tuple(table.only),
                skip=tuple(table.skip),
            )
            for _, table in tables
        ),
        replicates=top.replicates,
        most_replicates=top.most_replicates or top.replicates,
        budget=Nanos(top.budget),
        order_seed=top.seeds.order,
        simulation_seed=top.seeds.simulation,
    )
