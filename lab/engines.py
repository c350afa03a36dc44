"""The engines of one run: its own, and those that single cells name."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab.engine.base import Engine
from lab.engine.choose import EngineName, choose
from lab.errors import EngineUnavailableError, EnvironmentRefusedError
from lab.experiment import Experiment, engine_named
from lab.model.matrix import Cell
from lab.workshop import Wanted

_NAMED: Final[tuple[EngineName, ...]] = ("docker", "host")
"""The engines that a cell may name."""


@dataclass(frozen=True, slots=True)
class Engines:
    """The engine of a run, and what became of those that single cells name."""

    own: Engine
    others: Mapping[str, Engine | EnvironmentRefusedError]

    @property
    def usable(self) -> Mapping[str, Engine]:
        """Those that can be used, by name."""
        found = {
            name: each for name, each in self.others.items() if not isinstance(each, EnvironmentRefusedError)
        }
        return {self.own.name: self.own} | found

    def name_of(self, cell: Cell) -> str:
        """Where a cell runs."""
        return engine_named(cell) or self.own.name

    def cells(self, wanted: Experiment) -> list[Wanted]:
        """Every cell with its engine, or the reason why that one cannot be used."""
        known = {**self.others, self.own.name: self.own}
        return [Wanted(scenario, cell, known[self.name_of(cell)]) for scenario, cell in wanted.cells]


@contextlib.contextmanager
def opened(
    wanted: Experiment, asked: EngineName, cache: Path, say: Callable[[str], object], *, run: str
) -> Generator[Engines]:
    """The run's engine and those that cells name. A cell's engine that cannot be had refuses that cell, not the run."""
    asked_for = {engine_named(cell) for _, cell in wanted.cells}
    with contextlib.ExitStack() as stack:
        own = stack.enter_context(choose(asked, cache, environ=os.environ, run=run))
        say(own.words)
        others: dict[str, Engine | EnvironmentRefusedError] = {}
        for name in (each for each in _NAMED if each in asked_for and each != own.engine.name):
            try:
                chosen = stack.enter_context(choose(name, cache, environ=os.environ, run=run))
            except EngineUnavailableError as error:
                others[name] = error
                say(f"cells on engine {name} are refused: {error}")
                continue
            others[name] = chosen.engine
            say(f"and {chosen.words}")
        yield Engines(own.engine, others)
