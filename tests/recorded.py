"""Records that nobody measured: runs of a small scenario with values drawn from a seed, written as a run writes them."""

from __future__ import annotations

import hashlib
import itertools
import math
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from lab import bound, manifest
from lab.bench.plan import blocks
from lab.lines import sealed
from lab.model.instrument import attached, is_plain
from lab.model.level import Level
from lab.model.matrix import Cell, default_cells, looked_at
from lab.model.outcome import Foresight, Prediction
from lab.model.run import (
    FORMAT,
    CostsUsed,
    DumpText,
    Ending,
    Output,
    Plan,
    PlannedCell,
    Record,
    StoppedBy,
    Termination,
    Turn,
)
from lab.model.scenario import Scenario
from lab.model.units import Nanos
from lab.store import Decided, RunFolder, Store

NAME: Final = "example"
MANIFEST: Final = """
format = 1
title = "Waiting for a gate"
blocks = "A goroutine waits until a gate opens."
look_for = "A wait that grows with the size."
releases = ["1.27.3"]

[limits]
time = "1s"
memory = "64MiB"
pids = 16

[[factors]]
name = "size"
title = "how many wait"
kind = "integer"
levels = ["1", "2", "3"]
default = "1"
reaches = "flag"
open = true
prefix = "s"

[[cells]]
name = "sizes"
levels = { size = ["1", "2", "3"] }

[[metrics]]
name = "wait_ns"
title = "how long one waits"
observation = "wait_ns"
unit = "ns"

[[metrics]]
name = "wait_p90_ns"
title = "the slowest tenth"
observation = "wait_ns"
unit = "ns"
statistic = "p90"
margin = 0.25

[[metrics]]
name = "grown_bytes"
title = "memory that waiting added"
observation = "grown_bytes"
unit = "bytes"
described = "a size"

[[claims]]
id = "9.1"
statement = "a wait takes a millisecond"

[[claims.rules]]
says = "a wait of size 3"
cell = "s3"
metric = "wait_ns"
supported_from = 0.9e6
refuted_to = 0.5e6
"""
MEASURED_NS: Final = 10_000.0
"""The centre of a replicate's waits at size 1; at size n it is n times that."""
_SPREAD: Final = 0.05
SERIES: Final[Mapping[str, tuple[int, ...]]] = {
    "traced_at_ns": (0, 300_000, 600_000),
    "threads_traced": (3, 5, 5),
    "idleprocs": (2, 0, 1),
    "spinningthreads": (1, 0, 0),
    "runqueue": (0, 4, 2),
    "localqueues": (0, 3, 1),
    "sampled_at_ns": (100_000, 400_000, 700_000, 900_000),
    "goroutines_sampled": (1, 9, 9, 2),
    "collections": (0, 0, 1, 1),
    "mutex_wait_ns": (0, 0, 0, 0),
    "waits": (0, 5, 0, 2),
    "wait_p50_ns": (0, 64, 0, 256),
    "wait_p99_ns": (0, 4096, 0, 512),
    "runnable_p50_ns": (64,),
    "runnable_p99_ns": (4096,),
    "schedtrace_unread": (1,),
    "metrics_unread": (0,),
}
"""What a replicate that sched looks at observed beside its own."""
STRANGE: Final = "SCHED 0ms: gomaxprocs=2 of another format\n"
DUMPED: Final = """SIGQUIT: quit
PC=0x481dc1 m=0 sigcode=0

goroutine 1 gp=0xc000002380 m=nil [sync.WaitGroup.Wait]:
main.main()
	/src/main.go:20 +0x1

goroutine 7 gp=0xc000003380 m=nil [select (no cases)]:
main.wait()
	/src/main.go:9 +0x1
created by main.main in goroutine 1
	/src/main.go:18 +0x2

goroutine 8 gp=0xc000004380 m=nil [select (no cases)]:
main.wait()
	/src/main.go:9 +0x1
created by main.main in goroutine 1
	/src/main.go:18 +0x2
"""
"""What a replicate wrote that was asked for a dump."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a made-up run is to hold. ``speed`` multiplies what is measured, ``off`` what is predicted.

    ``instruments`` look at every cell. ``lost`` is how the replicates of the first block end. ``simulated`` is how many values a prediction keeps of the processes that it comes from.
    """

    replicates: int = 10
    repetitions: int = 5
    speed: float = 1.0
    off: float = 1.0
    simulated: int = 32
    seed: int = 1
    manifest: str = MANIFEST
    endings: Mapping[str, Ending] = field(default_factory=dict)
    lost: Ending = Ending.EXIT
    predicted: bool = True
    measured: bool = True
    only: Sequence[str] = ()
    instruments: Sequence[str] = ()
    name: str = "20261123-120000-example-0001"
    program: str = "a" * 64
    provenance: Mapping[str, Any] = field(
        default_factory=lambda: {
            "engine": {"engine": "docker", "version": "20.10.24"},
            "machine": {"kernel": {"release": "6.1.0"}, "cpu": {"model": "Example CPU", "count": 2}},
        }
    )
    stopped_by: StoppedBy | None = "replicates"


def record(root: Path, recipe: Recipe) -> RunFolder:
    """Write a run below *root* as *recipe* says."""
    scenario = manifest.read(recipe.manifest.encode(), name=NAME, path=Path(f"{NAME}.toml"))
    plain = [cell for cell in default_cells(scenario) if not recipe.only or cell.id in recipe.only]
    cells = [
        each
        for cell in plain
        for each in (cell, *(looked_at(scenario, cell, Level(name, name)) for name in recipe.instruments))
    ]
    plan = _plan(scenario, cells, recipe)
    decided = Decided(
        plan=plan,
        manifests={NAME: recipe.manifest.encode()},
        foretold=_foretold(scenario, cells, recipe),
        costs={"docker": "{}"},
    )
    folder = Store(root).create(decided)
    source = random.Random(recipe.seed)  # noqa: S311 - made up
    by_id = {cell.id: cell for cell in cells}
    for turn in plan.turns if recipe.measured else ():
        folder.append(_record(turn, by_id[turn.cell], source, recipe))
    if recipe.stopped_by is not None:
        folder.end(recipe.stopped_by)
    return folder


def rewrite(folder: RunFolder, change: Callable[[Record], Record]) -> None:
    """Write a run's record anew, each replicate as *change* makes it."""
    records = [change(each) for each in folder.records()]
    (folder.path / "runs.jsonl").unlink()
    again = RunFolder(folder.path)
    again.append(*records)
    _end_again(again)


def decide_otherwise(folder: RunFolder, name: str, content: bytes) -> None:
    """Have the file *name* of what was decided hold *content*, as if the run had been planned so; its replicates are as they were."""
    records = list(folder.records())
    (folder.path / name).write_bytes(content)
    decided = [
        path for each in ("plan.json", "predictions.json", "costs/*.json") for path in folder.path.glob(each)
    ]
    contents = {str(path.relative_to(folder.path)): path.read_bytes() for path in decided}
    (folder.path / bound.NAME).write_bytes(bound.binding(contents))
    again = RunFolder(folder.path)
    lines, checksum = [], bound.first_checksum(again.path, again.plan().format)
    for each in records:
        line, checksum = sealed(each, checksum)
        lines.append(line)
    if lines:
        (again.path / "runs.jsonl").write_bytes(b"".join(lines))
    _end_again(again)


def _end_again(folder: RunFolder) -> None:
    """By its lines as they are now."""
    if (folder.path / "end.json").exists():
        folder.end(folder.stopped_by())


def split(folder: RunFolder, cell: str, factor: float) -> None:
    """Make every second process of a cell slower by *factor* and the others as much faster."""
    factors = itertools.cycle((factor, 1 / factor))

    def change(found: Record) -> Record:
        if found.turn.cell != cell:
            return found
        by = next(factors)
        waits = tuple(round(value * by) for value in found.observations["wait_ns"])
        return replace(found, observations={**found.observations, "wait_ns": waits})

    rewrite(folder, change)


def _plan(scenario: Scenario, cells: Sequence[Cell], recipe: Recipe) -> Plan:
    return Plan(
        format=FORMAT,
        run=recipe.name,
        scenario=scenario.name,
        title="",
        manifests={NAME: hashlib.sha256(recipe.manifest.encode()).hexdigest()},
        engine="docker",
        seed=recipe.seed,
        replicates=recipe.replicates,
        most_replicates=recipe.replicates,
        max_time_ns=Nanos(10**9),
        quick=False,
        asked=("run", "scenario", scenario.name, f"--seed={recipe.seed}"),
        costs={"docker": CostsUsed(source="packaged", identity="golab", calibrated=False)},
        cells=tuple(
            PlannedCell(
                id=cell.id,
                scenario=NAME,
                engine="docker",
                levels={name: level.text for name, level in cell.levels.items()},
                program_sha256=recipe.program,
                binary_sha256="b" * 64,
                image="sha256:" + "c" * 64,
                argv=("/golab/program", f"-size={cell.text('size')}"),
                environment=("HOME=/tmp",),
            )
            for cell in cells
        ),
        turns=blocks([cell.id for cell in cells], recipe.replicates, recipe.seed),
        provenance=recipe.provenance,
    )


def _centre(cell: Cell) -> float:
    value = cell.levels["size"].value
    assert isinstance(value, int)
    return MEASURED_NS * value


def _foretold(scenario: Scenario, cells: Sequence[Cell], recipe: Recipe) -> Foresight:
    found: dict[tuple[str, str], Prediction | str] = {}
    for cell in cells:
        for metric in scenario.metrics_of(cell.levels):
            centre = _centre(cell) * recipe.off
            predicted = Prediction(
                value=centre,
                low=centre * math.exp(-1.645 * _SPREAD),
                high=centre * math.exp(1.645 * _SPREAD),
                log_se=0.01,
                calibrations=8,
                n=32,
                values=_spread_around(centre, recipe.simulated),
                folk=_spread_around(MEASURED_NS * recipe.off, recipe.simulated),
            )
            is_predicted = recipe.predicted and not metric.described and is_plain(cell.levels)
            found[cell.id, metric.name] = (
                predicted if is_predicted else metric.described or metric.not_predicted or "there is no twin"
            )
    return Foresight(metrics=found)


def _spread_around(centre: float, count: int) -> tuple[float, ...]:
    """As many simulated processes: the quantiles of what a process really does."""
    normal = statistics.NormalDist(0, _SPREAD)
    return tuple(centre * math.exp(normal.inv_cdf((number + 0.5) / count)) for number in range(count))


def _record(turn: Turn, cell: Cell, source: random.Random, recipe: Recipe) -> Record:
    ending = recipe.endings.get(cell.id, recipe.lost if turn.block == 0 else Ending.EXIT)
    process = _centre(cell) * recipe.speed * math.exp(source.gauss(0, _SPREAD))
    waits = [round(process * math.exp(source.gauss(0, _SPREAD))) for _ in range(recipe.repetitions)]
    looked = attached(cell.levels)
    own = {"wait_ns": tuple(waits), "grown_bytes": (4096,)} if ending is Ending.EXIT else {}
    return Record(
        turn=turn,
        termination=Termination(
            ending=ending, exit_code=0 if ending is Ending.EXIT else None, detail=_detail(ending)
        ),
        started_at_ns=1_795_000_000_000_000_000 + turn.position * 10**9,
        wall_ns=Nanos(10**6),
        observations={"dump_asked_ns": (500_000,)}
        if looked.dumps
        else {**own, **(SERIES if looked.reads else {})},
        effective={"gomaxprocs": 2, "cpus": "0-1"},
        stderr=Output(text=STRANGE, total_bytes=len(STRANGE))
        if looked.reads
        else Output(text="", total_bytes=0),
        dump=DumpText(text=DUMPED, cut=False) if looked.dumps else None,
    )


def _detail(ending: Ending) -> str:
    return "" if ending is Ending.EXIT else f"made up: {ending.value}"
