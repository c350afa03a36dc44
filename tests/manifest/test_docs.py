"""docs/claims.md shows the vocabulary that there is, and what each claim could be stated with."""

import re
from pathlib import Path

import pytest

from lab.manifest import register
from lab.manifest.vocabulary import KINDS

_CLAIM_ROW = re.compile(r"^\| (\d\.\d\w?(?:, \w)*) \| ([a-z, ]+) \| .+ \|$", re.MULTILINE)


@pytest.fixture
def page(lab_root: Path) -> str:
    """The page."""
    return (lab_root / "docs" / "claims.md").read_text()


def _ids(cell: str) -> list[str]:
    first, *letters = cell.split(", ")
    return [first, *(first[:-1] + letter for letter in letters)]


def test_every_kind_is_explained_with_its_keys(page: str) -> None:
    """In the table of kinds, where no other is."""
    rows = {row.split("`")[1]: row for row in page.splitlines() if row.startswith("| `")}

    assert set(rows) == set(KINDS)
    shared = {"kind", "says", "supported_from", "supported_to", "refuted_from", "refuted_to"}
    explained = {
        "figure": {"cell", "metric", "less_cell", "less_metric", "refuted_beyond"},
        "slope": {"scale"},
        "crossing": {"tolerance", "refuted_beyond"},
    }
    for kind, table in KINDS.items():
        for key in set(table.model_fields) - shared - explained.get(kind, set()):
            assert f"`{key}`" in rows[kind], (kind, key)
    assert "`refuted_beyond`" in page


def test_every_claim_that_can_be_tested_has_its_kinds(page: str, lab_root: Path) -> None:
    """In the register's order, and no kind that there is not."""
    rows = _CLAIM_ROW.findall(page)
    claims = register.load(lab_root / "scenarios" / "claims.toml").claims

    assert [identity for cell, _ in rows for identity in _ids(cell)] == [
        claim.id for claim in claims if not claim.untestable
    ]
    assert {kind for _, kinds in rows for kind in kinds.split(", ")} <= set(KINDS)
