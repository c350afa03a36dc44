"""A matrix's file: what it states, and every mistake of it at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.errors import ManifestError, UsageError
from lab.manifest.experiment import load, read
from lab.model.experiment import Entry

_GOOD = b"""
format = 1
title = "Two scenarios"
budget = "90s"
seeds = { order = 3, simulation = 4 }

[[scenarios]]
name = "one"
factors = { size = ["1", "2"], engine = ["docker", "host"] }
skip = ["*-p9"]

[[scenarios]]
name = "two"
"""


def test_a_matrix_is_what_its_file_states() -> None:
    """Named by its file; replicates have a default, cells may be the scenario's own."""
    matrix = read(_GOOD, path=Path("experiments/both.toml"))

    assert (matrix.name, matrix.title, matrix.replicates) == ("both", "Two scenarios", 10)
    assert (matrix.budget, matrix.order_seed, matrix.simulation_seed) == (90 * 10**9, 3, 4)
    assert matrix.entries == (
        Entry(scenario="one", levels={"size": ("1", "2"), "engine": ("docker", "host")}, skip=("*-p9",)),
        Entry(scenario="two", levels={}),
    )


def test_every_mistake_is_told_at_once() -> None:
    """With its key, and the word that was meant."""
    with pytest.raises(ManifestError) as refused:
        read(
            b"""
format = 2
title = "x"
budgets = "1h"
seeds = { order = -1 }
[[scenarios]]
nam = "one"
""",
            path=Path("m.toml"),
        )

    said = str(refused.value)
    assert said.startswith("m.toml: 7 mistakes")
    for words in (
        "format: is 2",
        "budget: is missing",
        "budgets: there is no such key; did you mean budget?",
        "seeds.order: is -1",
        "seeds.simulation: is missing",
        "scenarios[0].nam: there is no such key; did you mean name?",
        "scenarios[0].name: is missing",
    ):
        assert words in said


def test_one_mistake_hides_no_other() -> None:
    """What is well formed of an entry is looked at although the rest, another entry or the top of the file is not."""
    looked_at: list[Entry] = []

    def look(entry: Entry) -> Iterator[str]:
        looked_at.append(entry)
        yield f"name: {entry.scenario} is none"

    with pytest.raises(ManifestError) as refused:
        read(
            b"""
format = 1
title = 3
budget = "1h"
replicates = 10
most_replicates = 4
seeds = { order = 1, simulation = 1 }
[[scenarios]]
name = "one"
factors = { size = [], length = ["1"], width = ["1", 2] }
only = ["a*"]
skip = "b*"
[[scenarios]]
factors = { size = ["1"] }
[[scenarios]]
name = "two"
""",
            path=Path("m.toml"),
            look=look,
        )

    said = str(refused.value)
    assert said.startswith("m.toml: 8 mistakes")
    for words in (
        "title: is 3",
        "most_replicates: 4 are fewer than the 10 replicates that come first",
        "scenarios[0].factors.size: is empty; at least one is needed",
        "scenarios[0].factors.width.1: is 2",
        "scenarios[0].skip: is 'b*'",
        "scenarios[1].name: is missing",
        "scenarios[0].name: one is none",
        "scenarios[2].name: two is none",
    ):
        assert words in said
    assert looked_at == [
        Entry(scenario="one", levels={"length": ("1",)}, only=("a*",)),
        Entry(scenario="two", levels={}),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff", "not TOML"),
        (_GOOD.replace(b'"90s"', b"90"), "budget"),
        (_GOOD.replace(b'"90s"', b'"90 lightyears"'), "budget"),
        (_GOOD.split(b"[[", maxsplit=1)[0], "at least one [[scenarios]] is needed"),
        (_GOOD.replace(b'["1", "2"]', b"[]"), "scenarios[0].factors.size"),
    ],
)
def test_nonsense_is_refused(content: bytes, words: str) -> None:
    """Bytes, units, empty lists."""
    with pytest.raises(ManifestError) as refused:
        read(content, path=Path("m.toml"))

    assert words in str(refused.value)


def test_no_file_is_no_matrix(tmp_path: Path) -> None:
    """And that is the user's mistake."""
    with pytest.raises(UsageError, match="no matrix can be read: No such file"):
        load(tmp_path / "none.toml")
