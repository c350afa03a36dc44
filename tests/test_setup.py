"""Which cells of two runs belong together, what differs around them, and when a comparison means nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.model.instrument import PLAIN, SCHED, WITH
from lab.model.run import Plan
from lab.model.versus import Difference
from lab.setup import differences, pairs, refusal
from tests.recorded import Recipe, record


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Of a run with three cells."""
    return record(tmp_path, Recipe()).plan()


def _with_cells(plan: Plan, **changes: Any) -> Plan:
    return replace(plan, cells=tuple(replace(cell, **changes) for cell in plan.cells))


def _with_level(plan: Plan, name: str, level: str) -> Plan:
    cells = tuple(
        replace(cell, id=f"{cell.id}-{level}", levels={**cell.levels, name: level}) for cell in plan.cells
    )
    return replace(plan, cells=cells)


def test_a_run_does_not_differ_from_itself(plan: Plan) -> None:
    """Every cell has its partner, nothing differs, nothing is refused."""
    assert [(pair.old.id, pair.new.id) for pair in pairs(plan, plan)] == [(x, x) for x in ("s1", "s2", "s3")]
    assert differences(plan, plan) == ()
    assert refusal(plan, plan) == ""


def test_what_the_runs_are_compared_for_does_not_keep_cells_apart(plan: Plan) -> None:
    """Two Go releases: the cells have other names, and the release is the first difference."""
    other = _with_level(plan, "go", "1.24.11")

    assert [(pair.old.id, pair.new.id) for pair in pairs(plan, other)] == [
        ("s1", "s1-1.24.11"),
        ("s2", "s2-1.24.11"),
        ("s3", "s3-1.24.11"),
    ]
    assert differences(plan, other) == (Difference(fact="go", old="1.27.3", new="1.24.11"),)
    assert refusal(plan, other) == ""


@pytest.mark.parametrize("quiet", [{}, {WITH: PLAIN}], ids=["from before instruments", "plain"])
def test_what_an_instrument_looks_at_is_not_compared_with_plain_replicates(
    plan: Plan, quiet: dict[str, str]
) -> None:
    """Whichever was measured first."""
    levels = [
        {name: level for name, level in cell.levels.items() if name != WITH} | quiet for cell in plan.cells
    ]
    plain = replace(
        plan, cells=tuple(replace(cell, levels=each) for cell, each in zip(plan.cells, levels, strict=True))
    )
    looked = _with_level(plain, WITH, SCHED)

    for old, new in ((plain, looked), (looked, plain)):
        assert pairs(old, new) == ()
        assert refusal(old, new) == "they have no cell in common"
    assert len(pairs(looked, looked)) == len(pairs(plain, plan)) == 3


def test_a_cell_of_one_run_only_has_no_partner(plan: Plan) -> None:
    """A factor with several levels keeps cells apart."""
    fewer = replace(plan, cells=plan.cells[1:])

    assert [pair.old.id for pair in pairs(plan, fewer)] == ["s2", "s3"]


def test_every_fact_that_differs_is_told_and_none_that_always_does(plan: Plan) -> None:
    """Nested facts by their path, what all cells share once; how much memory was free is no set-up."""
    machine: dict[str, Any] = {"kernel": {"release": "6.2.0"}, "cpu": {"model": "Example CPU", "count": 2}}
    other = replace(
        _with_cells(plan, image="sha256:other"),
        engine="host",
        provenance={"machine": {**machine, "memory": {"available_bytes": 1, "total_bytes": 8}}},
    )

    assert [(each.fact, each.old, each.new) for each in differences(plan, other)] == [
        ("engine", "docker", "host"),
        ("engine.engine", "docker", "-"),
        ("engine.version", "20.10.24", "-"),
        ("machine.kernel.release", "6.1.0", "6.2.0"),
        ("machine.memory.total_bytes", "-", "8"),
        ("image", plan.cells[0].image, "sha256:other"),
    ]


def test_other_programs_and_scenarios_are_refused(plan: Plan) -> None:
    """A number of one program says nothing of another."""
    assert refusal(plan, _with_cells(plan, program_sha256="d" * 64)) == (
        "they did not run the same program in s1, s2, s3 (its source differs beyond the go line)"
    )
    assert (
        refusal(plan, replace(plan, scenario="other", manifests={"other": ""}))
        == "one measured example, the other other"
    )
    assert refusal(plan, replace(plan, cells=())) == "they have no cell in common"
