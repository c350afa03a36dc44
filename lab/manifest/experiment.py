"""``experiments/NAME.toml`` as a :class:`~lab.model.experiment.Matrix`; every mistake of the file is reported at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from lab.errors import UsageError
from lab.manifest.tables import Duration, Table, checked, checked_list, parsed, refusal
from lab.model.experiment import Entry, Matrix
from lab.model.units import Nanos

_SCENARIOS: Final = "scenarios"
_REPLICATES: Final = 10
_Levels = Annotated[list[str], Field(min_length=1)]

Look = Callable[[Entry], Iterable[str]]
"""What is wrong with an entry, seen from outside of the file: each begins with its key within the entry."""


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
    replicates: int = Field(default=_REPLICATES, ge=1)
    most_replicates: int | None = Field(default=None, ge=1)
    budget: Duration
    seeds: _SeedsTable


def load(path: Path, look: Look = lambda _: ()) -> Matrix:
    """The matrix that the file at *path* states. UsageError where there is none, ManifestError for its mistakes."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: no matrix can be read: {error.strerror}") from None
    return read(content, path=path, look=look)


def read(content: bytes, *, path: Path, look: Look = lambda _: ()) -> Matrix:
    """The matrix that *content* states; *path* names it, and is where a mistake is said to be.

    *look* says what is wrong with the entries beyond their form. What is well formed of an entry is looked at, too, where
    the rest of it is not: one mistake hides no other.
    """
    raw = parsed(content, path)
    mistakes: list[str] = []
    rest = {key: value for key, value in raw.items() if key != _SCENARIOS}
    top = checked(_TopTable, rest, "", mistakes, also=(_SCENARIOS,))
    tables = checked_list(_EntryTable, raw, _SCENARIOS, mistakes)
    mistakes.extend(_contradictions(raw))
    for at, entry in _well_formed(raw):
        mistakes.extend(f"{at}.{words}" for words in look(entry))
    if mistakes or top is None:
        raise refusal(path, mistakes)
    return Matrix(
        name=path.stem,
        title=top.title,
        entries=tuple(
            _entry(table.name, table.factors, only=table.only, skip=table.skip) for _, table in tables
        ),
        replicates=top.replicates,
        most_replicates=top.most_replicates or top.replicates,
        budget=Nanos(top.budget),
        order_seed=top.seeds.order,
        simulation_seed=top.seeds.simulation,
    )


def _contradictions(raw: Mapping[str, Any]) -> Iterator[str]:
    first, most = raw.get("replicates", _REPLICATES), raw.get("most_replicates")
    if isinstance(first, int) and isinstance(most, int) and 0 < most < first:
        yield f"most_replicates: {most} are fewer than the {first} replicates that come first"


def _well_formed(raw: Mapping[str, Any]) -> Iterator[tuple[str, Entry]]:
    """What of each entry can be looked at, with where it stands: all that has a name."""
    items = raw.get(_SCENARIOS)
    for position, item in enumerate(items if isinstance(items, list) else ()):
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            continue
        factors = item.get("factors")
        levels = {
            name: texts
            for name, texts in (factors if isinstance(factors, dict) else {}).items()
            if _is_texts(texts) and texts
        }
        patterns = {key: item[key] if _is_texts(item.get(key)) else () for key in ("only", "skip")}
        yield f"{_SCENARIOS}[{position}]", _entry(item["name"], levels, **patterns)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _entry(
    name: str, factors: Mapping[str, Iterable[str]], *, only: Iterable[str], skip: Iterable[str]
) -> Entry:
    return Entry(
        scenario=name,
        levels={factor: tuple(texts) for factor, texts in factors.items()},
        only=tuple(only),
        skip=tuple(skip),
    )
