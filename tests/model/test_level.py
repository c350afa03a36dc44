"""Levels as a person writes them, and what is none."""

import pytest

from lab.manifest.builtin import built_in
from lab.model.level import FactorKind, Level, cpus_of, read_level
from lab.model.scenario import BUILT_IN_FACTORS, QUIET_LEVELS

_FACTORS = {factor.name: factor for factor in built_in(["1.27.3", "1.24.11"])}


@pytest.mark.parametrize(
    ("kind", "text", "level"),
    [
        (FactorKind.AMOUNT, "1.50", Level("1.5", "1.5")),
        (FactorKind.AMOUNT, "2", Level("2", "2")),
        (FactorKind.AMOUNT, "1e-1", Level("0.1", "0.1")),
        (FactorKind.CPUS, "0-1+4", Level("0-1,4", "0-1+4")),
        (
            FactorKind.SETTINGS,
            "gctrace=1+asyncpreemptoff=1",
            Level("gctrace=1,asyncpreemptoff=1", "gctrace=1+asyncpreemptoff=1"),
        ),
        (FactorKind.INTEGER, "007", Level(7, "7")),
        (FactorKind.FOLDER, "bind", Level("bind", "bind")),
        (FactorKind.FOLDER, "overlay:007", Level("overlay:7", "overlay:7")),
        (FactorKind.FOLDER, "overlay-mount:500", Level("overlay-mount:500", "overlay-mount:500")),
    ],
)
def test_a_level_has_one_form(kind: FactorKind, text: str, level: Level) -> None:
    """However it was written: equal levels give equal cells."""
    assert read_level(kind, text) == level


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (FactorKind.AMOUNT, "half"),
        (FactorKind.AMOUNT, "nan"),
        (FactorKind.AMOUNT, "inf"),
        (FactorKind.AMOUNT, ""),
        (FactorKind.CPUS, "1-0"),
        (FactorKind.CPUS, "0+0"),
        (FactorKind.CPUS, "-1"),
        (FactorKind.CPUS, "two"),
        (FactorKind.CPUS, "99999999999"),
        (FactorKind.SETTINGS, "asyncpreemptoff"),
        (FactorKind.SETTINGS, "a=1 b=2"),
        (FactorKind.SETTINGS, "a=1+"),
        (FactorKind.INTEGER, "-1"),
        (FactorKind.FOLDER, "overlay"),
        (FactorKind.FOLDER, "ext4"),
        (FactorKind.FOLDER, "bind:1"),
        (FactorKind.FOLDER, "overlay:-5"),
        (FactorKind.INTEGER, "\u0661"),
    ],
)
def test_nonsense_is_no_level(kind: FactorKind, text: str) -> None:
    """And a short sentence says what would be."""
    with pytest.raises(ValueError, match=r"is not a|names no|is no setting|is no place"):
        read_level(kind, text)


@pytest.mark.parametrize(
    ("factor", "text"),
    [("quota", "0"), ("quota", "-1"), ("quota", "1025"), ("memory", "1MiB"), ("gomaxprocs", "0")],
)
def test_a_level_beyond_its_bounds_is_none(factor: str, text: str) -> None:
    """No quota of nothing, no memory in which not even the agent fits."""
    with pytest.raises(ValueError, match=factor):
        _FACTORS[factor].level(text)


def test_every_scenario_has_the_same_factors_and_they_change_nothing() -> None:
    """By default."""
    assert tuple(_FACTORS) == BUILT_IN_FACTORS
    assert {name: _FACTORS[name].default.text for name in QUIET_LEVELS} == dict(QUIET_LEVELS)


@pytest.mark.parametrize("text", ["overlay:0", "overlay:126", "overlay-mount:0", "overlay-mount:501"])
def test_layers_have_bounds(text: str) -> None:
    """An image's and a mount's are not the same."""
    with pytest.raises(ValueError, match=r"has from \d+ to \d+ layers"):
        read_level(FactorKind.FOLDER, text)


def test_cpus_by_their_numbers() -> None:
    """All of a list's; none where none are named."""
    assert cpus_of(read_level(FactorKind.CPUS, "0-2+7")) == {0, 1, 2, 7}
    assert cpus_of(_FACTORS["cpuset"].default) == frozenset()
