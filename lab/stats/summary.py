"""Records of a run, in one pass, as what is known of each cell's metrics and outcomes."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from lab.model.instrument import attached, is_plain
from lab.model.matrix import Cell
from lab.model.metric import Metric
from lab.model.outcome import (
    Bound,
    Caution,
    CautionKind,
    CellSummary,
    Comparison,
    Correlation,
    Estimate,
    Foresight,
    Inconclusive,
    MeasuredMetric,
    Prediction,
    Reason,
)
from lab.model.run import Ending, Record, Termination
from lab.model.scenario import Scenario
from lab.stats.censored import Durations, median
from lab.stats.compare import compare, compare_tail
from lab.stats.correlation import correlation_of
from lab.stats.drift import drifts
from lab.stats.ending import is_behaviour, judged, word_of
from lab.stats.estimate import centre, logs_of
from lab.stats.process import STATISTICS, PerProcess, Repetitions, measured, simulated
from lab.stats.reduction import Reduction
from lab.stats.tail import LEAST_POOLED, MOST_ALIKE, name_of, pooled_of, tails, too_few_to_judge
from lab.stats.trend import moves, trend_of

CLOCK_NS: Final = 1.0
"""The resolution of Linux's monotonic clock: it counts whole nanoseconds."""
_TAILS_SEED: Final = 1
"""Of the resamples: the same record says the same."""
TAILS: Final = {"p90": 10, "p99": 100, "p99.9": 1000}
"""In a process, below which such a quantile is next to its largest value."""


def summarise(
    scenarios: Mapping[str, Scenario],
    cells: Iterable[Cell],
    records: Iterable[Record],
    foretold: Foresight,
    *,
    clock_ns: float = CLOCK_NS,
) -> tuple[CellSummary, ...]:
    """One summary a cell, in the order of *cells*, whose scenarios are found by name; records that are not usable count as outcomes only.

    *records* are gone through once and nothing of them is kept but numbers. *foretold* has a prediction of each metric, or the
    reason for none, and may have one of how each cell's processes end. Durations below twice *clock_ns* are below resolution: they are shown,
    and no ratio is formed of them.
    """
    tallies = {cell.id: _Tally(cell, scenarios[cell.scenario]) for cell in cells}
    for record in records:
        if (tally := tallies.get(record.turn.cell)) is not None:
            tally.count(record)
    plain = {name for name, tally in tallies.items() if tally.is_plain}
    return _with_drifts([tally.summary(foretold, clock_ns) for tally in tallies.values()], plain)


def _with_drifts(cells: Sequence[CellSummary], plain: set[str]) -> tuple[CellSummary, ...]:
    """With a caution at each metric that drifted during the run, which only all of them together can tell.

    All *plain* ones together: that an instrument looked at others does not change what is said of these.
    """
    families = ([cell for cell in cells if (cell.id in plain) is is_plain] for is_plain in (True, False))
    found = {
        key: ratio
        for family in families
        for key, ratio in drifts(
            {(cell.id, metric.name): measured(metric) for cell in family for metric in cell.metrics}
        ).items()
    }
    return tuple(
        replace(
            cell,
            metrics=tuple(
                metric if (ratio := found.get((cell.id, metric.name))) is None else _drifted(metric, ratio)
                for metric in cell.metrics
            ),
        )
        for cell in cells
    )


def _drifted(metric: MeasuredMetric, ratio: Estimate) -> MeasuredMetric:
    told = Caution(
        kind=CautionKind.DRIFT,
        text=f"drifted: the last third of the processes is {ratio.value:.3g} times the first"
        f" [{ratio.low:.3g} … {ratio.high:.3g}]",
    )
    return replace(metric, cautions=(*metric.cautions, told))


class _Tally:
    """What is counted of one cell while its records go by."""

    def __init__(self, cell: Cell, scenario: Scenario) -> None:
        self._cell = cell
        self._metrics = scenario.metrics_of(cell.levels)
        self._limit = scenario.limits.time
        self._expected = tuple(ending.value for ending in scenario.endings(cell.levels))
        self._outcome_margin = scenario.outcome_margin
        self._outcomes: Counter[str] = Counter()
        self._excluded: Counter[str] = Counter()
        self._words: Counter[str] = Counter()
        self._reasons: dict[str, str] = {}
        self._ended_ns, self._timed_out = array("d"), 0
        wanted: dict[tuple[str, int], list[str]] = {}
        for metric in self._metrics:
            wanted.setdefault(metric.seen_as, []).append(metric.statistic)
        self._seen = {name: Reduction(statistics) for name, statistics in wanted.items()}

    @property
    def is_plain(self) -> bool:
        """Whether no instrument looks at the cell."""
        return is_plain(self._cell.levels)

    def count(self, record: Record) -> None:
        """One replicate: its ending, what the first of its kind said, and its values where they may be looked at."""
        termination = record.termination
        self._outcomes[termination.ending.value] += 1
        if said := _said(termination):
            self._reasons.setdefault(termination.ending.value, said)
        if not record.excluded and is_behaviour(termination.ending):
            self._words[word_of(termination)] += 1
        if record.excluded:
            self._excluded[record.excluded] += 1
        elif termination.ending is Ending.EXIT:
            self._ended_ns.append(record.wall_ns)
        elif termination.ending is Ending.TIMEOUT:
            self._timed_out += 1
        if record.usable:
            for (name, discard), seen in self._seen.items():
                if repetitions := record.observations.get(name, ())[discard:]:
                    seen.add(repetitions)

    def summary(self, foretold: Foresight, clock_ns: float) -> CellSummary:
        """What a reader is told of the cell."""
        lasted = self._lasted()
        added = attached(
            self._cell.levels
        ).metrics  # never predicted, and a golab may know more of them than the record's
        found = CellSummary(
            id=self._cell.id,
            scenario=self._cell.scenario,
            expected=self._expected,
            levels={name: level.text for name, level in self._cell.levels.items()},
            outcomes=dict(sorted(self._outcomes.items())),
            reasons=self._reasons,
            excluded=dict(sorted(self._excluded.items())),
            lasted_ns=lasted if isinstance(lasted, Estimate) else None,
            longer_than_ns=lasted if isinstance(lasted, Bound) else None,
            outcome=judged(
                dict(self._words.most_common()),
                foretold.outcomes.get(self._cell.id, ""),
                self._outcome_margin,
            ),
            metrics=(),
        )
        return replace(
            found,
            metrics=tuple(
                _metric(
                    metric,
                    self._seen[metric.seen_as],
                    metric.not_predicted if metric in added else foretold.metrics[self._cell.id, metric.name],
                    resolution=clock_ns if metric.unit == "ns" else 0.0,
                    lost=found.lost,
                )
                for metric in self._metrics
            ),
        )

    def _lasted(self) -> Estimate | Bound | Inconclusive | None:
        """How long a replicate takes, where some took longer than they may."""
        if not self._timed_out:
            return None
        ended, late = self._ended_ns, [self._limit] * self._timed_out
        return median(Durations(*(Repetitions([(each,) for each in side]).only() for side in (ended, late))))


def _metric(
    metric: Metric,
    seen: Reduction,
    foretold: Prediction | str,
    *,
    resolution: float,
    lost: Inconclusive | None,
) -> MeasuredMetric:
    sample = seen.per_process(metric.statistic)
    prediction = foretold if isinstance(foretold, Prediction) else None
    estimate: Estimate | None = centre(sample)
    compared = (
        lost or compare(sample, prediction, metric.margin, resolution=resolution) if prediction else None
    )
    if metric.statistic in TAILS and 0 < seen.processes == seen.repetitions:
        tail = one_shot_tail(sample, metric.statistic)
        estimate = tail if isinstance(tail, Estimate) else None
        if prediction and isinstance(compared, Comparison):
            compared = _one_shot(tail, prediction, metric)
    elif isinstance(compared, Comparison):
        compared = too_few_to_judge(metric.statistic, sample) or compared
    moments = seen.moments()
    alike = correlation_of(moments) if moments else None
    found = _tails(metric, seen, lost)
    return MeasuredMetric(
        name=metric.name,
        unit=metric.unit,
        statistic=metric.statistic,
        values=sample.values,
        estimate=estimate,
        not_predicted="" if isinstance(foretold, Prediction) else foretold,
        prediction=prediction,
        comparison=compared if isinstance(compared, Comparison) else None,
        no_ratio=compared if isinstance(compared, Inconclusive) else None,
        repetitions=seen.repetitions,
        correlation=alike,
        cautions=(*_cautions(metric, seen, sample, resolution), *_alike(found, alike)),
        tails={name: each for name, each in found.items() if isinstance(each, Estimate)},
        no_tails={name: each for name, each in found.items() if isinstance(each, Inconclusive)},
    )


def _one_shot(
    tail: Estimate | Inconclusive, prediction: Prediction, metric: Metric
) -> Comparison | Inconclusive:
    """The tail of what happens once in a process's life is that of processes: one's own only value has no tail."""
    foretold = one_shot_tail(simulated(prediction), metric.statistic)
    if isinstance(tail, Inconclusive):
        return tail
    if isinstance(foretold, Inconclusive):
        return replace(foretold, why=f"of the simulated processes: {foretold.why}")
    return compare_tail(tail, foretold, metric.margin, log_se=prediction.log_se)


def is_tail_of_processes(metric: MeasuredMetric) -> bool:
    """Whether it is a tail of what happened once in each process's life: see :func:`one_shot_tail`."""
    return metric.statistic in TAILS and 0 < metric.processes == metric.repetitions


def one_shot_tail(sample: PerProcess, statistic: str) -> Estimate | Inconclusive:
    """The p90, p99 or p99.9 of processes that gave one value each."""
    return tails(pooled_of(sample), seed=_TAILS_SEED)[STATISTICS[statistic]]


def _said(termination: Termination) -> str:
    """What is told of an ending beside its name: what the program said, and the code that it chose; Go's own death always has code 2."""
    died = termination.detail.startswith(("panic: ", "fatal error: "))
    is_code = termination.ending is Ending.EXIT_NONZERO and not died
    return ": ".join(
        [*([f"code {termination.exit_code}"] if is_code else []), *filter(None, [termination.detail])]
    )


def _tails(
    metric: Metric, seen: Reduction, lost: Inconclusive | None
) -> Mapping[str, Estimate | Inconclusive]:
    """Of a duration's centre: the tails beside it. Who timed out was among the slowest, so without them there are none."""
    if metric.unit != "ns" or metric.statistic != "p50" or not seen.processes:
        return {}
    found = dict.fromkeys(LEAST_POOLED, lost) if lost else tails(seen.pooled(), seed=_TAILS_SEED)
    return {name_of(q): each for q, each in found.items()}


def _alike(found: Mapping[str, Estimate | Inconclusive], alike: Correlation | None) -> Iterator[Caution]:
    """What is told of p99.9 where repetitions of a process are so much alike that its interval holds too seldom."""
    is_told = isinstance(found.get("p99.9"), Estimate)
    if is_told and alike is not None and alike.icc is not None and alike.icc > MOST_ALIKE:
        yield Caution(
            kind=CautionKind.TOO_ALIKE_FOR_TAIL,
            text=f"repetitions of a process are much alike (intra-class correlation {alike.icc:.2f}, more than {MOST_ALIKE:g}):"
            " the interval of p99.9 is too narrow, at 0.7 it holds in 50 to 77 % instead of 95",
        )


def _cautions(metric: Metric, seen: Reduction, sample: PerProcess, resolution: float) -> Iterator[Caution]:
    found = trend_of(seen.changes())
    if not metric.series and not isinstance(found, Inconclusive) and moves(found):
        yield Caution(
            kind=CautionKind.TREND,
            text=f"the second half of a process's repetitions is {found.value:.3g} times its first:"
            f" a warm-up of {metric.discard} repetitions is not enough",
        )
    problem = logs_of(sample, resolution=resolution)
    if isinstance(problem, Inconclusive) and problem.reason is Reason.BELOW_RESOLUTION:
        yield Caution(kind=CautionKind.BELOW_RESOLUTION, text=problem.why)
    one_shot = seen.processes == seen.repetitions
    wanted = TAILS.get(metric.statistic, 0)
    if not one_shot and 0 < seen.fewest < wanted:
        yield Caution(
            kind=CautionKind.TOO_FEW_FOR_TAIL,
            text=f"a process gave as few as {seen.fewest} repetitions; its {metric.statistic} is a tail from {wanted} on",
        )
