"""The register of claims: complete, right, and of one mind with the manifests."""

from pathlib import Path

import pytest

from lab import catalogue, manifest
from lab.errors import ManifestError, UsageError
from lab.manifest import register
from tests.recorded import MANIFEST, NAME

_IDS = [
    "1.1",
    "1.2",
    "1.3",
    "1.4",
    "1.5",
    "1.6",
    "2.1a",
    "2.1b",
    "2.1c",
    "2.1d",
    "2.2a",
    "2.2b",
    "2.2c",
    "2.2d",
    "2.3a",
    "2.3b",
    "2.3c",
    "2.4a",
    "2.4b",
    "2.4c",
    "2.5a",
    "2.5b",
    "2.5c",
    "2.5d",
    "2.5e",
    "3.1a",
    "3.1b",
    "3.1c",
    "3.2a",
    "3.2b",
    "3.2c",
    "3.2d",
    "3.3a",
    "3.3b",
    "3.3c",
    "3.3d",
    "4.1a",
    "4.1b",
    "4.1c",
    "4.1d",
    "4.1e",
    "4.2a",
    "4.2b",
    "4.2c",
    "4.3a",
    "4.3b",
    "4.3c",
    "4.3d",
    "4.3e",
    "4.4a",
    "4.4b",
    "4.4c",
]
_GOOD = """
format = 1
[article]
go = "1.22.5"
nearest_go = "1.22.10"
[[sections]]
id = "9"
title = "Waiting"
[[claims]]
id = "9.1"
statement = "a wait takes a millisecond"
scenarios = ["example"]
"""


def _read(text: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        register.read(text.encode(), path=Path("claims.toml"))
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


def test_every_claim_of_the_article_is_there(lab_root: Path) -> None:
    """52 that can be tested, and what organisations report, in the article's order."""
    found = register.load(lab_root / "scenarios" / "claims.toml")

    assert len(_IDS) == 52
    assert [claim.id for claim in found.claims] == [*_IDS, "5"]
    assert [claim.id for claim in found.claims if claim.untestable] == ["5"]
    assert list(found.sections) == ["1", "2", "3", "4", "5"]


def test_register_and_manifests_say_the_same(lab_root: Path) -> None:
    """Of every scenario that ships: no claim that nobody knows, none of another scenario, no other words, no other figure."""
    lab = catalogue.find(lab_root, lab_root)
    scenarios = [manifest.load(lab.manifest(name)) for name in lab.names()]

    assert register.disagreements(register.load(lab.claims), scenarios) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_GOOD, ()),
        (_GOOD.replace('"9.1"', '"9.2"'), ("claim '9.1' is not in the register; did you mean 9.2?",)),
        (
            _GOOD.replace('["example"]', '["other"]'),
            ("claim 9.1: the register does not name example among its scenarios (other)",),
        ),
        (
            _GOOD.replace("a wait takes", "each wait takes"),
            ("claim 9.1: its statement is not the register's: 'each wait takes a millisecond'",),
        ),
        (
            _GOOD + 'figure = { text = "1 ms", value = 1e6, unit = "ns" }',
            ("claim 9.1: its figure is not the register's: 1 ms",),
        ),
    ],
)
def test_what_they_do_not_agree_on_is_named(text: str, said: tuple[str, ...]) -> None:
    """With the scenario and the claim."""
    scenario = manifest.read(MANIFEST.encode(), name=NAME, path=Path("example.toml"))

    found = register.disagreements(register.read(text.encode(), path=Path("claims.toml")), [scenario])

    assert found == tuple(f"example.toml: {words}" for words in said)


def test_every_mistake_is_said_at_once() -> None:
    """With its place."""
    text = (
        _GOOD.replace("format = 1", "format = 2").replace("nearest_go", "nearest")
        + '[[claims]]\nid = "9.1"\nstatement = "twice"\nscenarios = ["x"]\n'
        + '[[claims]]\nid = "8.1"\nstatement = "nowhere"\nscenarios = ["x"]\nfigure = { text = "8", value = 8 }\n'
        + '[[claims]]\nid = "9.2"\nstatement = "neither"\n'
        + '[[claims]]\nid = "9.3"\nstatement = "both"\nscenarios = ["x"]\nuntestable = "so"\n'
        + '[[claims]]\nid = "9.4"\nsays = "what"\n'
    )

    assert _read(text) == [
        "format: is 2; should be 1",
        "article.nearest_go: is missing",
        "article.nearest: there is no such key (there are: format, article, sections, claims)",
        "claims[5].statement: is missing",
        "claims[5].says: there is no such key (there are: id, statement, figure, scenarios, needs, untestable)",
        "claims[0].id: '9.1' is there twice",
        "claims[1].id: '9.1' is there twice",
        "claims[2].id: '8.1' is of no section (there are: 9)",
        "claims[3]: a claim has scenarios that measure it, or else says why it is untestable",
        "claims[4]: a claim has scenarios that measure it, or else says why it is untestable",
        "claims[2].figure: has a unit ('ns', 'bytes' or 'count') where it is a number or a range, and only there",
    ]


def test_a_lab_without_a_register_says_so(tmp_path: Path) -> None:
    """A folder of scenarios need not have one."""
    with pytest.raises(UsageError, match="there is no register of claims"):
        register.load(tmp_path / "claims.toml")
