"""``scenarios/claims.toml``, the register of claims; and whether register and manifests say the same of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from lab.errors import UsageError
from lab.manifest.rules import FigureTable, figure_from
from lab.manifest.tables import Table, checked, checked_list, nearest, parsed, refusal
from lab.model.claim import Register, RegisteredClaim
from lab.model.scenario import Scenario

_LISTS: Final = ("sections", "claims")


class _ArticleTable(Table):
    go: str
    nearest_go: str


class _SectionTable(Table):
    id: str
    title: str


class _ClaimTable(Table):
    id: str = Field(min_length=1)
    statement: str = Field(min_length=1)
    figure: FigureTable | None = None
    scenarios: list[str] = Field(default=[])
    needs: str = ""
    untestable: str = ""


class _TopTable(Table):
    format: Literal[1]
    article: _ArticleTable


def load(path: Path) -> Register:
    """The register at *path*. ManifestError lists every mistake; UsageError where there is no such file."""
    if not path.is_file():
        raise UsageError(
            f"{path}: there is no register of claims", hint="golab claims needs one in scenarios/"
        )
    return read(path.read_bytes(), path=path)


def read(content: bytes, *, path: Path) -> Register:
    """The register that *content* states; *path* is where a mistake is said to be."""
    raw = parsed(content, path)
    mistakes: list[str] = []
    top = checked(_TopTable, {k: v for k, v in raw.items() if k not in _LISTS}, "", mistakes, also=_LISTS)
    sections = {table.id: table.title for _, table in checked_list(_SectionTable, raw, "sections", mistakes)}
    tables = checked_list(_ClaimTable, raw, "claims", mistakes)
    mistakes.extend(_contradictions(tables, sections))
    claims = tuple(_claim(at, table, mistakes) for at, table in tables)
    if mistakes or top is None:
        raise refusal(path, mistakes)
    return Register(go=top.article.go, nearest_go=top.article.nearest_go, sections=sections, claims=claims)


def disagreements(register: Register, scenarios: Iterable[Scenario]) -> tuple[str, ...]:
    """Where manifests and register do not say the same: claims that nobody knows, others' claims, other words or figures."""
    known = {claim.id: claim for claim in register.claims}
    return tuple(
        f"{scenario.name}.toml: claim {words}"
        for scenario in scenarios
        for claim in scenario.claims
        for words in _differences(known.get(claim.id), claim.id, scenario, known)
    )


def _differences(
    entry: RegisteredClaim | None, identity: str, scenario: Scenario, known: Mapping[str, RegisteredClaim]
) -> Iterator[str]:
    if entry is None:
        yield f"{identity!r} is not in the register{nearest(identity, known)}"
        return
    stated = next(claim for claim in scenario.claims if claim.id == identity)
    if scenario.name not in entry.scenarios:
        named = ", ".join(entry.scenarios) or "none"
        yield f"{identity}: the register does not name {scenario.name} among its scenarios ({named})"
    if stated.statement != entry.statement:
        yield f"{identity}: its statement is not the register's: {entry.statement!r}"
    if stated.figure != entry.figure:
        yield f"{identity}: its figure is not the register's: {entry.figure.text if entry.figure else 'none'}"


def _contradictions(tables: Iterable[tuple[str, _ClaimTable]], sections: Mapping[str, str]) -> Iterator[str]:
    listed = list(tables)
    count = Counter(table.id for _, table in listed)
    for at, table in listed:
        if count[table.id] > 1:
            yield f"{at}.id: {table.id!r} is there twice"
        if _section(table.id) not in sections:
            yield f"{at}.id: {table.id!r} is of no section{nearest(_section(table.id), sections)}"
        if bool(table.scenarios) == bool(table.untestable):
            yield f"{at}: a claim has scenarios that measure it, or else says why it is untestable"


def _section(identity: str) -> str:
    return identity.partition(".")[0]


def _claim(at: str, table: _ClaimTable, mistakes: list[str]) -> RegisteredClaim:
    return RegisteredClaim(
        id=table.id,
        section=_section(table.id),
        statement=table.statement,
        figure=figure_from(table.figure, f"{at}.figure", mistakes),
        scenarios=tuple(table.scenarios),
        needs=table.needs,
        untestable=table.untestable,
    )
