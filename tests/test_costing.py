"""What a run's predictions rest on: measured where it is missing, looked at again, and never from a machine that moves."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lab import catalogue, costing
from lab.calibrate import GROUPS, DriftedError, Sitting, giving
from lab.errors import UsageError
from lab.golang import toolchain
from lab.sim.packaged import PACKAGED
from lab.workshop import Workshop
from tests.fakes import FakeEngine, Reply

_SEEN: Mapping[str, Mapping[str, int]] = {
    "runtime": {
        name: 100_000 for group in GROUPS[:1] for name in (f"{cost}/1000_ns" for cost in group.costs)
    },
    "memory": {"fault{page=4096}_ns": 1500},
}


@dataclass
class _Told:
    """Who is told how far a run has come."""

    stages: list[str] = field(default_factory=list)

    def stage(self, text: str) -> None:
        """Keep it."""
        self.stages.append(text)

    def replicate(self, done: int, total: int) -> None:
        """Nothing is shown."""


@dataclass
class _Machine:
    """A workshop on an engine whose every process sees *value* times what is usual; and which groups it was asked for."""

    workshop: Workshop
    told: _Told
    asked: list[str]
    factor: Callable[[int], float] = lambda _number: 1.0


@pytest.fixture
def machine(
    lab_root: Path,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    go_toolchain: toolchain.Toolchain,
) -> _Machine:
    """Its state folder is empty."""
    del go_toolchain  # it is in the cache now
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    asked: list[str] = []

    def script(run: Mapping[str, Any]) -> Reply:
        group = run["argv"][1]
        asked.append(group)
        factor = made.factor(len(asked))
        lines = [
            json.dumps({"o": name, "v": round(value * factor) + len(asked) % 2})
            for name, value in _SEEN[group].items()
        ]
        return {"lines": ['{"wire":2}', *lines]}

    told = _Told()
    lab = catalogue.find(lab_root, lab_root)
    made = _Machine(Workshop(lab, FakeEngine(script=script), cache, told), told, asked)
    return made


pytestmark = [pytest.mark.go, pytest.mark.slow]


def _costs(machine: _Machine, *needed: str) -> list[str]:
    """The groups that were asked for to have what is *needed*."""
    machine.asked.clear()
    used = costing.costs_for(machine.workshop, "auto", measure=True, needed=frozenset(needed))
    assert all(used.cost(name).origin != PACKAGED for name in needed)
    return machine.asked.copy()


def test_what_is_missing_is_measured_and_what_is_there_is_looked_at(machine: _Machine) -> None:
    """Group by group: the first run measures what it needs, the next only sees whether that still holds."""
    assert _costs(machine, "switch") == ["runtime"] * costing.MISSING
    assert _costs(machine, "switch") == ["runtime"] * costing.CHECKED
    assert _costs(machine, "fault", "switch") == ["runtime"] * costing.CHECKED + ["memory"] * costing.MISSING
    assert set(_costs(machine, "fault", "switch")) == {"runtime", "memory"}


def test_a_machine_that_became_another_is_measured_anew(machine: _Machine) -> None:
    """And the run says so."""
    _costs(machine, "fault")
    machine.factor = lambda _number: 1.5

    assert _costs(machine, "fault") == ["memory"] * (costing.CHECKED + costing.MISSING)
    assert "costs have drifted" in machine.told.stages[-2]
    assert "fault (page 4096) is 1.50 of what it was" in machine.told.stages[-2]


def test_of_a_machine_that_changed_in_one_thing_that_is_measured_anew(machine: _Machine) -> None:
    """The groups whose primitives have moved; the others were looked at, too, and hold."""
    _costs(machine, "fault", "switch")
    machine.factor = lambda _number: 1.5 if machine.asked[-1] == "memory" else 1.0

    asked = _costs(machine, "fault", "switch")

    assert asked.count("memory") == costing.CHECKED + costing.MISSING
    assert asked.count("runtime") == costing.CHECKED


def test_a_quick_run_takes_costs_as_they_are_and_says_so(machine: _Machine) -> None:
    """What is missing is measured all the same."""
    _costs(machine, "fault")
    machine.factor = lambda _number: 1.5
    machine.asked.clear()

    costing.costs_for(machine.workshop, "auto", measure=True, needed={"fault", "switch"}, checked=False)

    assert machine.asked == ["runtime"] * costing.MISSING
    assert any("nobody looks whether they still hold" in stage for stage in machine.told.stages)


@pytest.mark.parametrize(("share", "warnings"), [(0.98, 1), (0.01, 0), (None, 0)])
def test_a_machine_that_others_use_is_told_of(
    machine: _Machine, monkeypatch: pytest.MonkeyPatch, share: float | None, warnings: int
) -> None:
    """Costs with others' work in them are kept, since a machine may never be quiet; whoever reads predictions is warned."""
    monkeypatch.setattr("lab.calibrate.conditions._waiting", lambda _records: share)

    _costs(machine, "go_cold")

    assert sum("predictions may be far off" in stage for stage in machine.told.stages) == warnings


def test_a_machine_that_moves_gives_no_costs(machine: _Machine) -> None:
    """A run goes on with what was known before, and says why; golab calibrate refuses, unless that is accepted."""
    machine.factor = lambda number: 1.0 if number <= 4 else 2.0

    used = costing.costs_for(machine.workshop, "auto", measure=True, needed={"fault"})

    assert used.cost("fault").origin == PACKAGED
    assert not used.calibrated
    assert "the machine changed while it was calibrated" in machine.told.stages[-1]
    memory = tuple(group for group in GROUPS if group.name == "memory")
    sitting = Sitting(release=toolchain.DEFAULT_RELEASE, processes=8, groups=memory)
    machine.asked.clear()
    with pytest.raises(DriftedError):
        costing.calibrated(machine.workshop, sitting)
    machine.asked.clear()
    kept = costing.calibrated(machine.workshop, sitting, accepts_drift=True)
    assert kept.sittings[0].drifted == ("fault (page 4096)",)


def test_a_file_remembers_each_groups_own_sitting(machine: _Machine) -> None:
    """One measured again replaces its own and leaves the others'."""
    sittings = [
        Sitting(
            release=toolchain.DEFAULT_RELEASE,
            processes=4,
            groups=tuple(group for group in GROUPS if group.name == name),
        )
        for name in ("runtime", "memory", "runtime")
    ]

    *_, kept = [costing.calibrated(machine.workshop, each) for each in sittings]

    assert [was.groups for was in kept.sittings] == [("runtime",), ("memory",)]
    assert {"switch", "fault"} <= set(kept.costs.costs)


def test_nothing_is_measured_where_nobody_wants_it(machine: _Machine) -> None:
    """--no-calibrate takes what there is."""
    packaged = costing.costs_for(machine.workshop, "auto", measure=False, needed=())
    _costs(machine, "fault")
    machine.asked.clear()
    kept = costing.costs_for(machine.workshop, "auto", measure=False, needed=())

    assert (packaged.calibrated, kept.calibrated, machine.asked) == (False, True, [])


@pytest.mark.parametrize(
    ("cpuset", "groups", "said"),
    [
        ("", "memory,mmap", "no group of primitives is called 'mmap'"),
        ("0;1", None, "'0;1' is no list of CPUs"),
    ],
)
def test_a_wrong_wish_is_named(cpuset: str, groups: str | None, said: str) -> None:
    """Before anything is measured."""
    with pytest.raises(UsageError, match=said):
        costing.sitting_of(release=None, cpuset=cpuset, groups=groups, rounds=16)


def test_a_wish_names_groups_once() -> None:
    """In the order that the user gives."""
    sitting = costing.sitting_of(release=None, cpuset="0", groups="memory, runtime,memory", rounds=2)

    assert [group.name for group in sitting.groups] == ["memory", "runtime"]


def test_where_nobody_says_which_groups_all_are_measured_but_what_few_programs_need() -> None:
    """Opening files takes a container for each number of layers."""
    sitting = costing.sitting_of(release=None, cpuset="", groups=None, rounds=2)

    assert {group.name for group in GROUPS} - {group.name for group in sitting.groups} == {"open"}
    assert {"open"} == {group.name for group in giving({"open_present"})}
