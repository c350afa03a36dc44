"""From a cell to the command line and environment of its replicates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lab.errors import UsageError
from lab.model.level import UNSET, FactorKind, Level
from lab.model.matrix import Cell
from lab.model.scenario import AUTO, FS, HOST_FS, TMPFS, Factor, Scenario

_BASE: Final = {"HOME": "/tmp", "PATH": "/", "TMPDIR": "/tmp"}  # noqa: S108 - the container's own tmpfs
BARE: Final = tuple(f"{name}={value}" for name, value in sorted(_BASE.items()))
"""What every process is given, as entries of an environment."""
_ITERATIONS: Final = "LAB_ITERS_PER_US"
"""go_templates/internal/lab/lab.go: Work."""
GOROOT: Final = "LAB_GOROOT"
"""Where a program finds the Go release that its container holds."""
_FOLDER: Final = "LAB_FOLDER"
"""What a program's working folder lies on, where it came with files; not set where it is empty."""
_JOINED: Final = {"GODEBUG": ","}
"""Variables that hold a list: several factors may each add an entry."""


def flags(scenario: Scenario, cell: Cell) -> tuple[str, ...]:
    """The ``-name=value`` arguments of *cell*, in the manifest's order, then those that every cell is given."""
    flagged = (factor.name for factor in scenario.factors if factor.reaches == "flag")
    return (*(f"-{name}={cell.levels[name].value}" for name in flagged), *scenario.process.arguments)


def environment(
    scenario: Scenario, cell: Cell, iterations_per_us: int = 0, goroot: str = ""
) -> tuple[str, ...]:
    """The whole environment of *cell*'s replicates as sorted ``NAME=value`` entries; nothing is inherited.

    *iterations_per_us* is how fast the loop behind ``lab.Work`` is where it runs; 0 leaves it to ``lab.Work``. *goroot* is where a
    Go release is there, if one is.
    """
    variables = {**_BASE, **({_ITERATIONS: str(iterations_per_us)} if iterations_per_us else {})}
    variables |= {GOROOT: goroot} if goroot else {}
    variables |= {} if cell.text(FS) in (TMPFS, HOST_FS) else {_FOLDER: cell.text(FS)}
    for name, value in _set_variables(scenario, cell):
        joint = _JOINED.get(name)
        variables[name] = f"{variables[name]}{joint}{value}" if joint and name in variables else value
    return tuple(f"{name}={value}" for name, value in sorted(variables.items()))


def refuse_contradiction(scenario: Scenario, cell: Cell) -> None:
    """UsageError where two factors of *cell*, or a factor and its manifest, set the same entry of a variable that holds a list, GODEBUG for one."""
    seen: dict[tuple[str, str], str] = {}
    for name, value in _set_variables(scenario, cell):
        for entry in value.split(_JOINED[name]) if name in _JOINED else ():
            key = entry.partition("=")[0]
            if (other := seen.setdefault((name, key), entry)) != entry:
                raise UsageError(
                    f"cell {cell.id} sets {name}={other} and {name}={entry}",
                    hint=f"leave {key} to one of them",
                )


def by_hand(scenario: Scenario, cell: Cell) -> str:
    """What to type in a rendered program's folder: ``GOMAXPROCS=2 go run .``; its flags default to *cell*'s levels.

    Copies of Go's sources that a cell is built with are no part of the folder: that is said.
    """
    building = scenario.building(cell.levels)
    variables = [f"{name}={value}" for name, value in _set_variables(scenario, cell)]
    if building.language == "c++":
        return " ".join(["g++ -std=c++17 -O2 -pthread $(find . -name '*.cc') &&", *variables, "./a.out"])
    linked = [f"-ldflags='{building.ldflags}'"] if building.ldflags else []
    compiler = ["CGO_ENABLED=1"] if building.cgo else []
    without = [f"(without the overlay {name})" for name in (building.overlay, building.attached) if name]
    return " ".join([*compiler, *variables, "go run", *linked, ".", *without])


def defaults(scenario: Scenario, cell: Cell) -> Mapping[str, int | str]:
    """The levels that are written into the program: its flags' defaults and its typed constants."""
    return {
        factor.name: cell.levels[factor.name].value
        for factor in scenario.factors
        if factor.reaches in ("flag", "source")
    }


def _set_variables(scenario: Scenario, cell: Cell) -> list[tuple[str, str]]:
    return [*scenario.variables(cell.levels), *_of_factors(scenario, cell)]


def _of_factors(scenario: Scenario, cell: Cell) -> list[tuple[str, str]]:
    return [
        (factor.variable, factor.form.replace("{}", str(cell.levels[factor.name].value)))
        for factor in scenario.factors
        if factor.reaches == "environment" and not _is_unset(factor, cell.levels[factor.name])
    ]


def _is_unset(factor: Factor, level: Level) -> bool:
    return level.text == (AUTO if factor.kind is FactorKind.INTEGER else UNSET)
