"""The paired programs: a Go program and its twin have the same parameters, and observe the same; none is without the other."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from lab import catalogue, manifest
from lab.model.matrix import default_cells
from lab.model.scenario import CPUSET, GOMAXPROCS, QUOTA, Scenario
from lab.predict import read_twin
from lab.sim import simulate
from lab.validating import sets_of

_ROOT: Final = Path(__file__).parents[2]
_TWINS: Final = _ROOT / "scenarios/validate"
_SETS: Final = {"development": "development", "held-out": "held_out"}
_PROGRAMS: Final = sorted(path.stem for kept in _SETS.values() for path in (_TWINS / kept).glob("*.py"))
_MOST_CELLS: Final = 200


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """The manifest of all of them."""
    return manifest.load(catalogue.find(_ROOT, _ROOT).validation.manifest("programs"))


def _observed(binary: Path, program: str) -> dict[str, list[int]]:
    reading, writing = os.pipe()
    with subprocess.Popen(
        [binary, f"-program={program}"],
        env={"GOMAXPROCS": "2", "GOGC": "off", "LAB_FD": str(writing)},
        pass_fds=[writing],
    ) as process:
        os.close(writing)
        found: dict[str, list[int]] = {}
        with os.fdopen(reading) as lines:
            for line in lines:
                said: dict[str, Any] = json.loads(line)
                if "o" in said:
                    found.setdefault(said["o"], []).append(said["v"])
        assert process.wait() == 0
    return found


def test_the_manifest_lists_the_programs_of_each_folder(scenario: Scenario) -> None:
    """Twelve for development and twelve that are held out; a twin's folder and a Go file's name say the same."""
    sets = sets_of(scenario)

    for kept, folder in _SETS.items():
        names = {path.stem for path in (_TWINS / folder).glob("*.py")}
        assert {program for program, its in sets.items() if its == kept} == names
        assert len(names) == 12
        for name in names:
            assert (_ROOT / f"go_templates/validate/programs/{folder}_{name}.go").is_file()


def test_the_design_is_a_fraction(scenario: Scenario) -> None:
    """At most 200 cells; each program meets every GOMAXPROCS, each quota, one CPU and both."""
    cells = default_cells(scenario)

    assert len(cells) <= _MOST_CELLS
    for program in _PROGRAMS:
        own = [cell for cell in cells if cell.text("program") == program]
        assert {cell.text(QUOTA) for cell in own} == {"unset", "0.5", "1", "1.5", "2"}
        assert {cell.text(CPUSET) for cell in own} == {"unset", "0"}
        assert {cell.text(GOMAXPROCS) for cell in own} == {"1", "2", "4", "8"}


@pytest.mark.go
@pytest.mark.slow
@pytest.mark.parametrize("program", _PROGRAMS)
def test_a_program_and_its_twin_say_the_same(
    program: str, built: Callable[[str], Path], scenario: Scenario
) -> None:
    """The same parameters with the same values, and every metric of the manifest observed as often, but for what depends on time."""
    twin = read_twin(_TWINS / "programs.py")
    assert twin.main is not None
    params = {"program": program}
    result = simulate(twin.main, gomaxprocs=2, params=params, inits=twin.inits(params))
    (own,) = (path for kept in _SETS.values() if (path := _TWINS / kept / f"{program}.py").exists())
    main = read_twin(own).main
    assert main is not None

    real = _observed(built("programs"), program)

    said = {
        name.removeprefix("parameter_"): values[0]
        for name, values in real.items()
        if name.startswith("parameter_")
    }
    assert said == (main.__kwdefaults__ or _constants(own))
    (cell, *_) = [each for each in default_cells(scenario) if each.text("program") == program]
    for metric in scenario.metrics_of(cell.levels):
        counts = [len(observed[metric.observation]) for observed in (real, result.observations)]
        assert counts[0] == counts[1] or metric.observation == "late_ns"
        assert min(counts) > 0
    assert result.wall_ns == result.observations["wall_ns"][0]


def _constants(path: Path) -> dict[str, int]:
    """An init takes no parameters: what stands in capitals is what they would be."""
    from lab.sim import load  # noqa: PLC0415 - for one program

    return {name.lower(): value for name, value in load(path).items() if name in ("ROUNDS", "WORK")}


def test_a_cells_given_parameters_reach_the_twin() -> None:
    """``rounds=40+cap=1`` is two of them."""
    twin = read_twin(_TWINS / "programs.py")
    assert twin.main is not None

    result = simulate(twin.main, params={"program": "pingpong", "given": "rounds=40+cap=1"})

    assert len(result.observations["round_ns"]) == 2
