"""From an experiment to the plan of its run: what is written down before the first replicate."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from lab import __version__
from lab.bench import command
from lab.bench.plan import blocks
from lab.bench.selection import Request
from lab.costing import costs_used
from lab.engine.base import Engine
from lab.errors import EnvironmentRefusedError
from lab.experiment import Experiment, engine_named
from lab.golang import toolchain
from lab.golang.build import Binary
from lab.host import environment
from lab.material import PROGRAM, Material, Prepared, Runnable, runnable
from lab.model.instrument import attached
from lab.model.matrix import unattached
from lab.model.run import FORMAT, Plan, PlannedCell
from lab.model.units import duration_to_text
from lab.report.text import counted
from lab.sim.costs import Costs
from lab.store import Sources
from lab.workshop import BuiltNeighbour

_BASE: Final = "--base="
_TUNE_HOST: Final = "--tune-host"


def run_name(wanted: Experiment) -> str:
    """A name for a run that begins now: its date in UTC first, so that names are in the order of time."""
    return f"{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}-{wanted.name}-{wanted.order_seed & 0xFFFF:04x}"


def asked(scenario: str, request: Request, replicates: int | None, seed: int, base: str) -> tuple[str, ...]:
    """The arguments that plan a scenario's run again; levels and *replicates* as the user gave them, the seed as it came out."""
    lists = [f"--set={name}={','.join(texts)}" for name, texts in request.lists.items()]
    patterns = [
        *(f"--only={pattern}" for pattern in request.selector.only),
        *(f"--skip={pattern}" for pattern in request.selector.skip),
    ]
    quick = ["--quick"] if request.quick else []
    runs = [] if replicates is None else [f"--runs={replicates}"]
    words = ("run", "scenario", scenario, *quick, *lists, *patterns, *runs, f"--seed={seed}")
    return (*words, *asked_means(base, tuned=request.tuned))


def asked_means(base: str, *, tuned: bool) -> tuple[str, ...]:
    """The arguments that say on what programs are built, and whether the machine may be changed."""
    return (*([] if base == "auto" else [f"{_BASE}{base}"]), *([_TUNE_HOST] if tuned else []))


def plan(
    name: str,
    wanted: Experiment,
    own: Engine,
    material: Material,
    costs: Mapping[str, Costs],
    *,
    granted: Mapping[str, str],
) -> Plan:
    """All that is decided of the run *name*, whose own engine is *own*; *granted* are settings that were changed for it."""
    running = {each.wanted.cell.id: each for each in runnable(material)}
    return Plan(
        format=FORMAT,
        run=name,
        scenario=wanted.name,
        title=wanted.title,
        manifests={part.scenario.name: part.scenario.manifest_sha256 for part in wanted.parts},
        engine=own.name,
        seed=wanted.order_seed,
        replicates=wanted.replicates,
        most_replicates=wanted.most_replicates,
        max_time_ns=wanted.max_time,
        quick=wanted.quick,
        asked=(
            *wanted.asked,
            f"--engine={own.name}",
            *(("--", *wanted.arguments) if wanted.arguments else ()),
        ),
        costs={engine: costs_used(used) for engine, used in costs.items()},
        cells=planned_cells(material, own),
        turns=blocks(list(running), wanted.most_replicates, wanted.order_seed, last=_dumping(wanted)),
        provenance=_provenance(own, material, running.values(), granted),
    )


def planned_cells(material: Material, own: Engine) -> tuple[PlannedCell, ...]:
    """Every cell as a plan has it, where *own* is the run's engine."""
    running = {each.wanted.cell.id: each for each in runnable(material)}
    return tuple(_planned(each, running.get(each.cell.id), own) for each in material.prepared)


def sources(wanted: Experiment, material: Material) -> Sources:
    """What the programs are made of. Of a user's own only digests: its text is its user's, and may be long."""
    programs: dict[str, dict[str, str]] = {}
    texts: dict[str, str] = {}
    for each in material.prepared:
        beside = (each.neighbour.program,) if each.neighbour else ()
        for program in (each.program, *beside):
            found = programs.setdefault(program.source_sha256, {})
            for path, content in program.files.items():
                found[path] = hashlib.sha256(content).hexdigest()
                if each.wanted.scenario.name not in wanted.own:
                    texts[found[path]] = content.decode(errors="replace")
    return Sources(programs, texts)


def base_asked(plan: Plan) -> str:
    """What the programs of a planned run were to be built on."""
    given = (word.removeprefix(_BASE) for word in _options(plan) if word.startswith(_BASE))
    return next(given, "auto")


def is_tuned(plan: Plan) -> bool:
    """Whether settings of the whole machine might be changed for a planned run."""
    return _TUNE_HOST in _options(plan)


def _options(plan: Plan) -> tuple[str, ...]:
    """Golab's own arguments, without those of a user's program."""
    return plan.asked[: plan.asked.index("--")] if "--" in plan.asked else plan.asked


def in_words(wanted: Experiment) -> Iterator[str]:
    """The plan in lines: which cells, how often, in which order, for how long at most."""
    cells = [cell.id for _, cell in wanted.cells]
    limit = duration_to_text(wanted.max_time)
    least, most = wanted.replicates, wanted.most_replicates
    more = f", up to {most} while something that is predicted is not precise enough" if most > least else ""
    yield f"{counted(len(cells), 'cell')}, {counted(least, 'replicate')} of each{more}; at most {limit} of measuring:"
    yield from (f"  {cell}" for cell in cells)
    for part in wanted.parts:
        yield from unattached(part.scenario, part.cells)
    yield f"order: blocks of all cells, shuffled with seed {wanted.order_seed}; the first block:"
    yield f"  {', '.join(turn.cell for turn in blocks(cells, 1, wanted.order_seed, last=_dumping(wanted)))}"


def _dumping(wanted: Experiment) -> frozenset[str]:
    return frozenset(cell.id for _, cell in wanted.cells if attached(cell.levels).dumps)


def _provenance(
    own: Engine, material: Material, running: Iterable[Runnable], granted: Mapping[str, str]
) -> dict[str, Any]:
    beside = {each.neighbour.name: each.neighbour for each in material.prepared if each.neighbour}
    others = {each.engine.name: each.engine for each in running if each.engine.name != own.name}
    return {
        "golab": __version__,
        "engine": own.describe(),
        "machine": environment.describe(),
        "base": material.base.described() if material.base else None,
        **({"held_base": material.held.described()} if material.held else {}),
        **(_of_neighbours(beside) if beside else {}),
        **({"tuned": dict(granted)} if granted else {}),
        **({"other_engines": {name: each.describe() for name, each in others.items()}} if others else {}),
    }


def _of_neighbours(beside: Mapping[str, BuiltNeighbour]) -> dict[str, Any]:
    return {
        "neighbours": {name: each.binary.sha256 for name, each in beside.items()},
        "neighbour_programs": {name: each.program.source_sha256 for name, each in beside.items()},
    }


def _planned(each: Prepared, running: Runnable | None, own: Engine) -> PlannedCell:
    wanted = each.wanted
    return PlannedCell(
        id=each.cell.id,
        scenario=wanted.scenario.name,
        engine=_engine_name(each, own),
        levels={name: level.text for name, level in each.cell.levels.items()},
        program_sha256=each.program.source_sha256,
        binary_sha256=each.built.sha256 if isinstance(each.built, Binary) else "",
        image=running.engine.image_of(running.spec) if running else "",
        argv=(PROGRAM, *command.flags(wanted.scenario, each.cell)),
        environment=command.environment(
            wanted.scenario,
            each.cell,
            each.iterations_per_us,
            toolchain.AT if "go" in wanted.scenario.held(each.cell.levels) else "",
        ),
    )


def _engine_name(each: Prepared, own: Engine) -> str:
    """Where a cell runs, or would have run."""
    if not isinstance(each.wanted.engine, EnvironmentRefusedError):
        return each.wanted.engine.name
    return engine_named(each.cell) or own.name
