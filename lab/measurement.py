"""The measuring itself: the plan's turns, one after the other, each written down before the next one starts."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from lab import captured
from lab.bench.decode import Asked, decode, not_as_asked, was_stopped
from lab.bench.exclude import Surroundings, excluded
from lab.bench.execute import Pace, Seat, execute
from lab.bench.left import Left, all_of
from lab.bench.readback import not_as_set, not_where
from lab.engine.base import Engine
from lab.errors import BuildError, EnvironmentRefusedError, LabError, MeasurementError
from lab.golang.build import Binary
from lab.host import environment
from lab.host.interruption import Interruption
from lab.material import Material, Prepared, runnable, seats
from lab.model.level import UNSET
from lab.model.metric import Metric
from lab.model.outcome import Foretold, Prediction
from lab.model.run import Capture, Ending, Record, StoppedBy, Termination, Turn
from lab.model.scenario import FS, QUOTA
from lab.model.units import Nanos
from lab.resumption import note_resumption
from lab.stats.watch import Watch
from lab.store import Decided, RunFolder
from lab.workshop import Progress, Wanted

_LOOK_SECONDS: Final = 1.0
"""Asking an engine takes a millisecond, as long as a short replicate."""
_UNKNOWN: Final = 1
"""CPUs of a machine that does not say how many it has: no share of theirs is judged too leniently then."""


def measure(
    material: Material,
    decided: Decided,
    folder: RunFolder,
    progress: Progress,
    interruption: Interruption,
    *,
    left: Left | None = None,
) -> StoppedBy:
    """Run the plan's turns, or those that are *left*, and write down each; what ended it.

    A sheaf is written down before the next one starts, while nothing that is measured runs. What of it an agent has measured
    meanwhile is in the run's captures. What is in the record counts for the rule by which the run ends.
    """
    left = left or all_of(decided.plan)
    for each in material.prepared:
        if not isinstance(each.built, Binary) and each.cell.id not in left.told:
            folder.append(_not_run(each, each.built))
    with captured.made(folder.captures) as captures, seats(runnable(material), captures) as found:
        seated = _seated(material, folder, found)
        turns = tuple(turn for turn in left.turns if turn.cell in seated)
        plan = replace(decided.plan, turns=turns, max_time_ns=left.max_time_ns)
        watch = Watch(plan, _judged(material, decided.foretold.metrics), left.begun_blocks)
        pace = Pace()
        for record in folder.records(decided.plan):
            _count(record, watch, pace)
        if (why := watch.enough_blocks(left.whole_blocks, left.elapsed_ns)) is not None:
            return why  # it was stopped between its last replicate and its end
        seen = {cell: _probed(seat) for cell, seat in seated.items()}
        wanted = {each.cell.id: each.wanted for each in material.prepared}
        flaws = {
            cell: seat.berth.flaw or _flaw(wanted[cell], seat, seen[cell]) for cell, seat in seated.items()
        }
        folder.keep_probes(seen, flaws)
        reader = _Reader(material, flaws)
        engine = decided.plan.provenance["engine"]
        note = functools.partial(note_resumption, folder, engine, max_time_ns=left.max_time_ns)
        begun = time.monotonic_ns() - left.elapsed_ns
        done = 0
        progress.replicate(done, len(turns))
        sheaves = execute(
            turns, seated, stop=lambda: interruption.asked, pace=pace, judged_from=plan.replicates
        )
        for sheaf in sheaves:
            asked = interruption.asked  # then the replicate that was stopped half way is none
            records = [reader.read(capture) for capture in sheaf if not (asked and was_stopped(capture))]
            folder.append(*records)
            captures.written_down()
            if asked:
                return "interrupted"
            elapsed = time.monotonic_ns() - begun
            records = _without_lost(records, sheaf, progress, functools.partial(note, elapsed_ns=elapsed))
            for record in records:
                _count(record, watch, pace)
            done += len(records)
            progress.replicate(done, len(turns))
            if records and (why := watch.enough(records[-1], elapsed)) is not None:
                return why
            if elapsed > plan.max_time_ns:
                return "max-time"
    return "interrupted" if interruption.asked else "replicates"


def _count(record: Record, watch: Watch, pace: Pace) -> None:
    """One more replicate. What was lost, or never ran, says nothing of how long others take."""
    watch.count(record)
    if record.turn.position >= 0 and record.termination.ending is not Ending.INFRA_FAILED:
        pace.saw(record.turn.cell, record.wall_ns)


def _without_lost(
    records: list[Record], sheaf: Sequence[Capture], progress: Progress, note: Callable[..., None]
) -> list[Record]:
    """Those that count: where this process stood still a replicate was lost that is run again, which *note* writes down first."""
    again = tuple(capture.turn.position for capture in sheaf if capture.again)
    if not again:
        return records
    note(again=again)
    progress.stage(f"{records[-1].termination.detail}: its replicate is run again")
    return [record for record in records if record.turn.position not in again]


def _seated(
    material: Material, folder: RunFolder, found: Mapping[str, Seat | EnvironmentRefusedError]
) -> Mapping[str, Seat]:
    """The cells that can run. What only the kernel knew is found out when a container starts: it refuses its cells, and the rest runs.

    The first refusal where none can, or that of a cell which could when the run was begun: such a refusal may pass, and what is left of
    the cell would never be measured.
    """
    refused = {cell: each for cell, each in found.items() if isinstance(each, EnvironmentRefusedError)}
    if refused and len(refused) == len(found):
        raise next(iter(refused.values()))
    could = folder.seated()
    for cell, why in refused.items():
        if cell in could:
            raise EnvironmentRefusedError(
                f"{cell} could run when the run was begun, and cannot now: {why.in_full}",
                hint=f"nothing is lost: golab resume {folder.path} goes on when it can",
            )
    for each in material.prepared:
        if each.cell.id in refused:
            folder.append(_not_run(each, refused[each.cell.id]))
    return {cell: each for cell, each in found.items() if isinstance(each, Seat)}


def _probed(seat: Seat) -> Mapping[str, Any]:
    """What a process of the cell sees of its own settings; nothing where the agent is lost, which its replicates will tell."""
    turn = Turn(position=-1, block=-1, cell="")
    try:
        raw = seat.berth.agent.run(seat.probe, stop=lambda: False)
    except MeasurementError:
        if why := seat.berth.agent.left_alone:
            seat.berth.lose("", why, blameless=True)
            return {} if seat.berth.gone else _probed(seat)
        return {}
    return decode(Capture(turn=turn, raw=raw)).effective


def _flaw(wanted: Wanted, seat: Seat, effective: Mapping[str, Any]) -> str:
    """What of its cell a process did not see, as far as only the probe tells: the programs of some scenarios tell nothing."""
    if "gogc" not in effective:
        return ""
    asked = (
        ""
        if wanted.scenario.speaks(wanted.cell.levels)
        else not_as_asked(effective, Asked.of(wanted.scenario, wanted.cell.levels, ""))
    )
    return (
        not_as_set(seat.probe.environment, effective) or not_where(wanted.cell.text(FS), effective) or asked
    )


class _Reader:
    """Makes a record of what an agent sent: decoded, held against what was asked for, and against the manifest's rules."""

    def __init__(self, material: Material, flaws: Mapping[str, str]) -> None:
        self._flaws = flaws
        self._prepared = {each.cell.id: each for each in material.prepared}
        self._cpus = environment.cpu()["count"] or _UNKNOWN
        self._engines = tuple({id(each.engine): each.engine for each in runnable(material)}.values())
        asks = any(each.wanted.scenario.exclusion.foreign_container for each in material.prepared)
        self._engines = self._engines if asks else ()
        self._looked_at = -math.inf
        self._strangers: tuple[str, ...] = ()

    def read(self, capture: Capture) -> Record:
        """One replicate. Who else is there is looked at once a second: a container that came and went in between is missed."""
        now = time.monotonic()
        if now - self._looked_at > _LOOK_SECONDS:
            self._looked_at = now
            self._strangers = _strangers(self._engines)
        cell = capture.turn.cell
        wanted = self._prepared[cell].wanted
        asked = Asked.of(wanted.scenario, wanted.cell.levels, self._flaws[cell])
        around = Surroundings(
            cpus=self._cpus, has_quota=wanted.cell.text(QUOTA) != UNSET, strangers=self._strangers
        )
        return excluded(decode(capture, asked), wanted.scenario.exclusion, around)


def _strangers(engines: tuple[Engine, ...]) -> tuple[str, ...]:
    return tuple(name for engine in engines for name in engine.strangers())


def _judged(material: Material, foretold: Foretold) -> Mapping[str, list[Metric]]:
    """By cell, the metrics that have a prediction to be judged by."""
    judged = {
        each.cell.id: [
            metric
            for metric in each.wanted.scenario.metrics_of(each.cell.levels)
            if isinstance(foretold[each.cell.id, metric.name], Prediction)
        ]
        for each in material.prepared
    }
    return {cell: metrics for cell, metrics in judged.items() if metrics}


def _not_run(each: Prepared, why: LabError) -> Record:
    ending = Ending.BUILD_FAILED if isinstance(why, BuildError) else Ending.REFUSED
    return Record(
        turn=Turn(position=-1, block=-1, cell=each.cell.id),
        termination=Termination(ending=ending, detail=str(why)),
        started_at_ns=time.time_ns(),
        wall_ns=Nanos(0),
    )
