"""A run in other people's formats: the Go benchmark format for benchstat and its like, CSV for everything else.

Both are streams over the record: a replicate is written as it is read, however many there are.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Final

from lab import setup
from lab.analysis import Analysis
from lab.benchfmt import benchmark_line, configuration_line, name_of
from lab.model.metric import Metric
from lab.model.outcome import Prediction
from lab.model.run import PlannedCell, Record
from lab.model.scenario import GOMAXPROCS, QUIET_LEVELS, Scenario
from lab.stats.process import process_value
from lab.store import RunFolder

REPLICATE: Final = "replicate"
"""The key of the configuration line that begins a process."""
COLUMNS: Final = (
    "run",
    "scenario",
    "cell",
    "levels",
    "engine",
    "position",
    "block",
    "outcome",
    "excluded",
    "name",
    "repetition",
    "value",
    "evidence",
)
_FACTS: Final = {
    "kernel": "machine.kernel.release",
    "cpu": "machine.cpu.model",
    "cpus": "machine.cpu.count",
    "engine-version": "engine.version",
    "thp": "machine.thp.enabled",
}
"""Configuration of a benchmark file, and the facts of the set-up that it comes from."""


def benchfmt(folder: RunFolder, run: Analysis) -> Iterator[str]:
    """Lines of the Go benchmark format: one a replicate, each with a configuration line that says where a process begins.

    Only what was measured, and only of replicates that may be looked at: the format cannot say that a value was foretold or
    put aside.
    """
    facts = dict(setup.facts(run.plan.provenance))
    yield configuration_line("goos", "linux")
    yield configuration_line("goarch", "amd64")
    yield configuration_line("run", run.plan.run)
    yield configuration_line("engine", run.plan.engine)
    for key, fact in _FACTS.items():
        if facts.get(fact):
            yield configuration_line(key, facts[fact])
    cells = {cell.id: _Told(run.scenarios[cell.scenario], cell) for cell in run.plan.cells}
    for record in folder.records():
        values = cells[record.turn.cell].values(record) if record.usable else {}
        if values:
            yield configuration_line(REPLICATE, str(record.turn.position))
            yield benchmark_line(cells[record.turn.cell].name, 1, values)


class _Told:
    """A cell as the benchmark format names it, and its metrics by their units."""

    def __init__(self, scenario: Scenario, cell: PlannedCell) -> None:
        self._metrics = scenario.metrics_of(scenario.read_levels(cell.levels))
        self.name = benchmark_name(cell)

    def values(self, record: Record) -> Mapping[str, float]:
        """The replicate's value of each metric, which its repetitions are reduced to."""
        return {
            unit_of(metric): process_value(repetitions, metric.statistic)
            for metric in self._metrics
            if (repetitions := metric.repetitions(record.observations))
        }


def benchmark_name(cell: PlannedCell) -> str:
    """What a cell is called in the benchmark format: its levels as sub-names, GOMAXPROCS behind a hyphen where it was set."""
    procs = cell.levels.get(GOMAXPROCS, "")
    shown = [
        (name, level)
        for name, level in cell.levels.items()
        if name != GOMAXPROCS and QUIET_LEVELS.get(name) != level
    ]
    return name_of(cell.scenario, shown, procs if procs.isdecimal() else "")


def unit_of(metric: Metric) -> str:
    """``touch_again_ns`` is ``touch_again-ns``: benchstat knows a unit by what stands behind the last hyphen."""
    name = metric.name.removesuffix(f"_{metric.unit}")
    return metric.name if name == metric.name else f"{name}-{'B' if metric.unit == 'bytes' else metric.unit}"


def table(folder: RunFolder, run: Analysis, *, predictions: bool) -> Iterator[str]:
    """CSV (RFC 4180) with :data:`COLUMNS`: a line for each repetition of each observation of each replicate.

    A replicate that observed nothing has one line without a name. With *predictions* the simulated processes' values come
    behind, by metric, with ``simulated`` as their evidence and without a replicate.
    """
    yield _line(COLUMNS)
    cells = {cell.id: cell for cell in run.plan.cells}
    for record in folder.records():
        cell = cells[record.turn.cell]
        about = (
            *_about(run, cell),
            str(record.turn.position),
            str(record.turn.block),
            record.termination.ending.value,
            record.excluded,
        )
        if not record.observations:
            yield _line((*about, "", "", "", "measured"))
        for name, values in record.observations.items():
            for repetition, value in enumerate(values):
                yield _line((*about, name, str(repetition), str(value), "measured"))
    if predictions:
        yield from _predicted(folder, run, cells)


def _predicted(folder: RunFolder, run: Analysis, cells: Mapping[str, PlannedCell]) -> Iterator[str]:
    for (cell, metric), found in folder.foretold().metrics.items():
        for value in found.values if isinstance(found, Prediction) else ():
            yield _line((*_about(run, cells[cell]), "", "", "", "", metric, "", repr(value), "simulated"))


def _about(run: Analysis, cell: PlannedCell) -> tuple[str, ...]:
    levels = ";".join(f"{name}={level}" for name, level in cell.levels.items())
    return (run.plan.run, cell.scenario, cell.id, levels, cell.engine)


def _line(fields: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(fields)
    return text.getvalue()
