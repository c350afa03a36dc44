"""How long an experiment takes, by what its cells took."""

from pathlib import Path

import pytest

from lab import experiment
from lab.catalogue import Lab
from lab.estimating import estimated
from lab.model.units import long_duration_to_text
from lab.store import Store
from tests.recorded import MANIFEST, NAME, Recipe, record


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A lab with the scenario of the made-up records, and a matrix of four of its cells."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / f"{NAME}.toml").write_text(MANIFEST)
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "sizes.toml").write_text(
        f"""
format = 1
title = "Sizes"
replicates = 5
budget = "1h"
seeds = {{ order = 1, simulation = 1 }}
[[scenarios]]
name = "{NAME}"
factors = {{ size = ["1", "2", "3", "4"] }}
"""
    )
    return Lab(tmp_path, is_checkout=True)


def test_a_cell_that_never_ran_counts_with_its_limit(lab: Lab, tmp_path: Path) -> None:
    """Of a second, here: nothing better is known."""
    wanted = experiment.of_matrix(lab, lab.matrix("sizes"))
    found = estimated(wanted, Store(tmp_path / "none"))

    assert (found.total, found.runs, found.unknown, found.unbounded) == (4 * 5 * 10**9, 0, 4, 4)


def test_cells_count_with_what_they_took_the_last_time(lab: Lab, tmp_path: Path) -> None:
    """And those that never ran with what others of their scenario took; a run that cannot be read tells nothing."""
    results = tmp_path / "results"
    folders = [record(results, Recipe(name=f"20261124-{n}-example", seed=n)) for n in (1, 2)]
    broken = results / "20261124-3-example"
    broken.mkdir()
    (broken / "plan.json").write_text("{")
    walls = [each.wall_ns for each in folders[1].records()]
    found = estimated(experiment.of_matrix(lab, lab.matrix("sizes")), Store(results))

    assert (found.runs, found.cells, found.unknown, found.unbounded) == (2, 4, 1, 0)
    assert min(walls) * 20 <= found.total <= max(walls) * 20


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (2e6, "2.00 ms"),
        (45e9, "45 s"),
        (89e9, "89 s"),
        (90e9, "1.5 min"),
        (1500e9, "25 min"),
        (9000e9, "2.5 h"),
        (276_480e9, "3.2 days"),
        (2_000_000e9, "23 days"),
    ],
)
def test_long_durations_are_said_as_one_waits(nanos: float, text: str) -> None:
    """In the unit that one counts in."""
    assert long_duration_to_text(nanos) == text
