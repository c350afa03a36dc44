"""A run as it goes: what is known of all that it is to judge, one replicate at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lab.model.metric import Metric
from lab.model.run import Plan, Record
from lab.stats.process import PerProcess
from lab.stats.reduction import Reduction
from lab.stats.stopping import Stop, stop


@dataclass(frozen=True, slots=True)
class _Watched:
    metrics: tuple[Metric, ...]
    seen: Mapping[tuple[str, int], Reduction]


class Watch:
    """Sees every record of a run and says after each complete block whether enough is known.

    *plan* has the turns that are to come; *begun_blocks* have replicates already, and as long as one of these is not whole, nothing is asked:
    what is known then is no run's that ended by itself. *judged* has the metrics that will be judged, by cell. One that no replicate of its cell gave within the least number
    of blocks holds nothing up: more blocks would not bring it. Where there is none at all, the least number is enough.

    Cells that are precise early go on with the others: blocks are what keeps a drift of the machine out of the comparison
    of cells, and a cell that stopped alone would lie in another hour than its neighbours.
    """

    def __init__(self, plan: Plan, judged: Mapping[str, Iterable[Metric]], begun_blocks: int = 0) -> None:
        self._plan = plan
        self._least = max(plan.replicates, begun_blocks)
        self._whole = {
            turn.position: following.block
            for turn, following in itertools.pairwise(plan.turns)
            if following.block != turn.block
        } | {turn.position: turn.block + 1 for turn in plan.turns[-1:]}
        """By the place of each turn behind which a block is complete, how many are."""
        self._cells = {cell: _watched(tuple(metrics)) for cell, metrics in judged.items()}

    def count(self, record: Record) -> None:
        """One more replicate."""
        watched = self._cells.get(record.turn.cell)
        if watched is None or not record.usable:
            return
        for (name, discard), reduction in watched.seen.items():
            if repetitions := record.observations.get(name, ())[discard:]:
                reduction.add(repetitions)

    def enough(self, record: Record, elapsed_ns: int) -> Stop | None:
        """Whether the run may end after *record*, and why; only a complete block after the least number can end it."""
        blocks = self._whole.get(record.turn.position)
        return None if blocks is None else self.enough_blocks(blocks, elapsed_ns)

    def enough_blocks(self, blocks: int, elapsed_ns: int) -> Stop | None:
        """The same of a run whose first so many *blocks* are complete."""
        plan = self._plan
        if blocks < self._least:
            return None
        samples = list(self._samples())
        if not samples:
            return "replicates"
        return stop(
            samples,
            replicates=blocks,
            most_replicates=plan.most_replicates,
            elapsed_ns=elapsed_ns,
            max_time_ns=plan.max_time_ns,
        )

    def _samples(self) -> Iterator[tuple[PerProcess, float]]:
        for watched in self._cells.values():
            for metric in watched.metrics:
                sample = watched.seen[metric.seen_as].per_process(metric.statistic)
                if sample.n:
                    yield sample, metric.margin


def _watched(metrics: tuple[Metric, ...]) -> _Watched:
    wanted: dict[tuple[str, int], list[str]] = {}
    for metric in metrics:
        wanted.setdefault(metric.seen_as, []).append(metric.statistic)
    return _Watched(metrics, {name: Reduction(statistics) for name, statistics in wanted.items()})
