"""How often this machine makes golab tell two runs apart that are the same: A against A, many times over.

The tool's own error rate is part of the tool. Its methods keep their nominal rates in simulations (docs/statistics.md);
whether they do on *this* machine, with its noise and its neighbours, only measuring can say. Each comparison is what
``golab compare A B`` would make of two runs: fresh processes of one cell, in blocks that hold both sides in random order.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from lab.bench.berth import Kept
from lab.bench.decode import decode
from lab.bench.exclude import Surroundings, excluded
from lab.bench.execute import Pace, Seat, execute
from lab.errors import EnvironmentRefusedError, MeasurementError
from lab.material import Material, runnable, seats
from lab.model.falsealarm import NOMINAL, Checked, FalseAlarms
from lab.model.metric import Metric
from lab.model.outcome import Comparison, Estimate, Inconclusive, RunComparison, Verdict
from lab.model.run import Record, Turn
from lab.stats.compare import compare_runs
from lab.stats.process import Repetitions
from lab.stats.share import share

COMPARISONS: Final = 200
REPLICATES: Final = 10

_SIDES: Final = ("A", "B")


def check(
    material: Material,
    *,
    cpus: int,
    seed: int,
    told: Callable[[int, int], object],
    comparisons: int = COMPARISONS,
    replicates: int = REPLICATES,
    kept: Kept | None = None,
) -> Checked:
    """Measure the only cell of *material* against itself, in sheaves where there is a file *kept*, as runs are.

    MeasurementError where its replicates do not end well.
    """
    (each,) = runnable(material)
    scenario, cell = each.wanted.scenario, each.wanted.cell
    metrics = [metric for metric in scenario.metrics_of(cell.levels) if not metric.described]
    order = random.Random(f"golab A/A {seed}")  # noqa: S311 - an order, not a secret
    found: dict[str, list[RunComparison]] = {metric.name: [] for metric in metrics}
    aside: dict[str, int] = {}
    pace = Pace()
    with seats([each], kept) as seated:
        seat = seated[cell.id]
        if isinstance(seat, EnvironmentRefusedError):
            raise seat
        total = comparisons * replicates * len(_SIDES)
        told(0, total)
        for number in range(comparisons):
            sides: dict[str, list[Record]] = {side: [] for side in _SIDES}
            for side, raw in _replicates(seat, pace, order, number, replicates):
                record = excluded(raw, scenario.exclusion, Surroundings(cpus=cpus))
                if record.excluded:
                    aside[record.excluded] = aside.get(record.excluded, 0) + 1
                elif not record.usable:
                    ending = record.termination
                    raise MeasurementError(f"a replicate ended in {ending.ending.value}: {ending.detail}")
                sides[side].append(record)
            for metric in metrics:
                if isinstance(compared := _compared(metric, sides["A"], sides["B"]), RunComparison):
                    found[metric.name].append(compared)
            told((number + 1) * replicates * len(_SIDES), total)
    return Checked(
        metrics=tuple(_counted(name, compared) for name, compared in found.items() if compared),
        replicates=total,
        excluded=aside,
    )


def _replicates(
    seat: Seat, pace: Pace, order: random.Random, number: int, replicates: int
) -> Iterator[tuple[str, Record]]:
    """Both sides in blocks: what drifts, drifts for both."""
    turns: list[Turn] = []
    sides: list[str] = []
    for block in range(replicates):
        for side in order.sample(_SIDES, len(_SIDES)):
            position = number * replicates * len(_SIDES) + len(turns)
            turns.append(Turn(position=position, block=number * replicates + block, cell=side))
            sides.append(side)
    sheaves = execute(
        turns, dict.fromkeys(_SIDES, seat), stop=lambda: False, pace=pace, judged_from=turns[-1].block + 1
    )
    for side, capture in zip(sides, itertools.chain.from_iterable(sheaves), strict=True):
        record = decode(capture)
        pace.saw(capture.turn.cell, record.wall_ns)
        yield side, record


def _compared(metric: Metric, old: Sequence[Record], new: Sequence[Record]) -> RunComparison | Inconclusive:
    samples = [
        Repetitions(
            [seen for record in side if record.usable and (seen := metric.repetitions(record.observations))]
        ).reduced(metric.statistic)
        for side in (new, old)
    ]
    return compare_runs(samples[0], samples[1], metric.margin)


def _counted(metric: str, compared: Sequence[RunComparison]) -> FalseAlarms:
    alarms = sum(each.rank_p < NOMINAL for each in compared)
    judged: list[Comparison] = [each.comparison for each in compared]
    disagreements = sum(each.verdict is Verdict.DISAGREES for each in judged)
    return FalseAlarms(
        metric=metric,
        comparisons=len(compared),
        alarms=alarms,
        alarm_share=_share(alarms, len(compared)),
        disagreements=disagreements,
        disagreement_share=_share(disagreements, len(compared)),
        ratios=tuple(each.ratio for each in judged),
    )


def _share(count: int, of: int) -> Estimate:
    found = share(count, of)
    assert isinstance(found, Estimate)  # noqa: S101 - of at least one comparison
    return found
