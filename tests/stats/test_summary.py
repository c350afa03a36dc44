"""A run's records, in one pass, as what a reader is told."""

import math
import random
import time
import tracemalloc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import pytest

from lab.model.instrument import SCHED, WITH
from lab.model.level import Level
from lab.model.matrix import Cell
from lab.model.metric import Metric, Statistic
from lab.model.outcome import (
    LOST,
    Bound,
    CautionKind,
    CellSummary,
    Foresight,
    MeasuredMetric,
    Prediction,
    Reason,
    Verdict,
)
from lab.model.run import Ending, Record, Termination, Turn
from lab.model.scenario import OUTCOME_MARGIN, Limits, Scenario
from lab.model.units import Nanos
from lab.stats.process import quantile
from lab.stats.summary import summarise

_PREDICTION = Prediction(value=100, low=90, high=110, log_se=0.01, calibrations=8, n=32)


def _scenario(*metrics: Metric) -> Scenario:
    return Scenario(
        name="s",
        title="",
        blocks="",
        look_for="",
        factors=(),
        groups=(),
        metrics=metrics,
        limits=Limits(time=Nanos(1), memory_bytes=1, pids=2),
        touched=None,
        most_replicates=1,
        replicates=1,
        quick_replicates=1,
        releases=("1",),
        expected=(Ending.EXIT,),
        claims=(),
        manifest_sha256="",
    )


def _summarised(
    scenarios: Mapping[str, Scenario],
    cells: Sequence[Cell],
    records: Iterable[Record],
    foretold: Mapping[tuple[str, str], Prediction | str],
) -> tuple[CellSummary, ...]:
    return summarise(scenarios, cells, records, Foresight(metrics=foretold))


def _metric(
    name: str = "wait_ns",
    statistic: Statistic = "p50",
    unit: Literal["ns", "count"] = "ns",
    observation: str = "wait_ns",
    discard: int = 0,
) -> Metric:
    return Metric(
        name=name, title="", observation=observation, unit=unit, statistic=statistic, discard=discard
    )


def _cell(name: str) -> Cell:
    return Cell(id=name, scenario="s", levels={})


def _record(
    cell: str,
    observed: Mapping[str, tuple[int, ...]],
    ending: Ending = Ending.EXIT,
    *,
    detail: str = "",
    excluded: str = "",
) -> Record:
    return Record(
        turn=Turn(position=0, block=0, cell=cell),
        termination=Termination(ending=ending, detail=detail),
        started_at_ns=0,
        wall_ns=Nanos(1),
        observations=observed,
        excluded=excluded,
    )


def _one(metric: Metric, *processes: tuple[int, ...]) -> MeasuredMetric:
    records = (_record("a", {"wait_ns": each}) for each in processes)
    (cell,) = _summarised({"s": _scenario(metric)}, [_cell("a")], records, {("a", metric.name): _PREDICTION})
    (found,) = cell.metrics
    return found


def test_endings_are_judged_under_the_scenarios_margin() -> None:
    """Nine of nine lie within 0.3 of all, not within 0.2."""
    narrow, usual = replace(_scenario(), outcome_margin=0.2), _scenario()
    foretold = Foresight(metrics={}, outcomes={"a": {"exit": 32}})
    found = [
        summarise({"s": each}, [_cell("a")], [_record("a", {})] * 9, foretold)[0].outcome
        for each in (narrow, usual)
    ]

    assert [(each.verdict, each.margin) for each in found] == [
        (Verdict.INCONCLUSIVE, 0.2),
        (Verdict.AGREES, OUTCOME_MARGIN),
    ]


def test_each_cell_gets_its_own_in_the_order_asked_for() -> None:
    """Values of usable replicates in the order they came; endings, exclusions and reasons of all."""
    metrics = (_metric(), _metric("longest_ns", "max"), _metric("size", unit="count", observation="size"))
    records = (
        _record("b", {"wait_ns": (90, 100, 110), "size": (7,)}),
        _record("a", {"wait_ns": (5,)}),
        _record("nobody's", {"wait_ns": (5,)}),
        _record("b", {"wait_ns": (95, 101, 120)}, excluded="steal time"),
        _record("b", {"wait_ns": (1,)}, Ending.OOM, detail="first"),
        _record("b", {"wait_ns": ()}, Ending.OOM, detail="second"),
        _record("b", {"wait_ns": (300, 100, 200), "unknown": (1,)}),
    )
    foretold: dict[tuple[str, str], Prediction | str] = {
        (cell, metric.name): "none" for cell in "ab" for metric in metrics
    }
    foretold["b", "wait_ns"] = _PREDICTION

    b, a = _summarised({"s": _scenario(*metrics)}, [_cell("b"), _cell("a")], iter(records), foretold)

    assert (b.id, a.id) == ("b", "a")
    assert [metric.values for metric in b.metrics] == [(100, 200), (110, 300), (7,)]
    assert [metric.values for metric in a.metrics] == [(5,), (5,), ()]
    assert [(each.processes, each.repetitions) for each in b.metrics] == [(2, 6), (2, 6), (1, 1)]
    assert b.outcomes == {"exit": 3, "oom": 2}
    assert b.reasons == {"oom": "first"}
    assert (b.excluded, a.excluded) == ({"steal time": 1}, {})
    wait, longest, size = b.metrics
    assert wait.comparison is None
    assert wait.no_ratio is not None
    assert wait.no_ratio.reason is Reason.LOST
    assert wait.correlation is not None
    assert longest.not_predicted == "none"
    assert size.correlation is None


def test_no_ratio_is_formed_of_what_the_clock_cannot_see() -> None:
    """A duration of 1 ns is shown, with the reason; a count of 1 is a number like any other."""
    short = _one(_metric(), (1,), (40,))
    count = _one(_metric("size", unit="count"), (1,), (40,))

    assert short.values == (1, 40)
    assert short.comparison is None
    assert short.no_ratio is not None
    assert short.no_ratio.reason is Reason.BELOW_RESOLUTION
    assert [each.kind for each in short.cautions] == [CautionKind.BELOW_RESOLUTION]
    assert count.comparison is not None
    assert count.cautions == ()


def test_a_cell_of_timeouts_has_a_bound() -> None:
    """Nothing measured in it is no gap: it is known to take longer than its limit of 1 ns."""
    late = _record("a", {}, Ending.TIMEOUT)

    alone, mixed, quick = (
        _summarised({"s": _scenario(_metric())}, [_cell("a")], records, {("a", "wait_ns"): "-"})[0]
        for records in ([late, late], [late, *[_record("a", {})] * 3], [_record("a", {})])
    )

    assert (alone.lasted_ns, alone.longer_than_ns) == (None, Bound(at_least=1, ended=0, n=2))
    assert mixed.longer_than_ns is None
    assert mixed.lasted_ns is not None
    assert (mixed.lasted_ns.value, mixed.lasted_ns.n) == (1, 4)
    assert (quick.lasted_ns, quick.longer_than_ns) == (None, None)


@pytest.mark.parametrize("ending", LOST)
def test_the_values_of_survivors_are_not_judged(ending: Ending) -> None:
    """Nine processes hold the prediction and one gave no value for what the program did: nobody knows of the ten."""
    whole = [_record("a", {"wait_ns": (100 + n,)}) for n in range(-4, 5)]

    judged, survived = (
        _summarised({"s": _scenario(_metric())}, [_cell("a")], records, {("a", "wait_ns"): _PREDICTION})[
            0
        ].metrics[0]
        for records in (whole, [*whole, _record("a", {}, ending)])
    )

    assert judged.comparison is not None
    assert judged.comparison.verdict is Verdict.AGREES
    assert survived.comparison is None
    assert survived.values == judged.values
    assert survived.no_ratio is not None
    assert survived.no_ratio.reason is Reason.LOST
    assert f"(1 {ending.value})" in survived.no_ratio.why


def test_tails_are_of_all_repetitions_and_only_of_enough() -> None:
    """Twenty processes of 5 have a p90 and a p95, and no p99; of survivors there are none, nor of a p90's values."""
    source = random.Random(1)  # noqa: S311 - a sample
    processes = [tuple(source.randint(900, 1100) for _ in range(5)) for _ in range(20)]
    pooled = sorted(value for each in processes for value in each)

    found = _one(_metric(), *processes)
    (cell,) = _summarised(
        {"s": _scenario(_metric())},
        [_cell("a")],
        [*(_record("a", {"wait_ns": each}) for each in processes), _record("a", {}, Ending.TIMEOUT)],
        {("a", "wait_ns"): "-"},
    )

    assert {name: each.value for name, each in found.tails.items()} == {
        "p90": pytest.approx(quantile(pooled, 0.90)),
        "p95": pytest.approx(quantile(pooled, 0.95)),
    }
    assert {name: each.why for name, each in found.no_tails.items()} == {
        "p99": "p99 needs 368 values from 30 processes or more; there are 100 from 20",
        "p99.9": "p99.9 needs 3688 values from 50 processes or more; there are 100 from 20",
    }
    (survived,) = cell.metrics
    assert survived.tails == {}
    assert {each.reason for each in survived.no_tails.values()} == {Reason.LOST}
    assert _one(_metric("p90", "p90"), *processes).tails == {}


def test_the_p90_of_what_happens_once_is_that_of_processes() -> None:
    """Below thirty of them it is not judged; from thirty on the slowest tenth is, not the middle."""
    source = random.Random(2)  # noqa: S311 - a sample
    values = tuple(1000 * math.exp(source.gauss(0, 0.05)) for _ in range(60))
    foretold = replace(_PREDICTION, value=1000, values=values, n=len(values))

    def judged(*values: float) -> MeasuredMetric:
        (cell,) = _summarised(
            {"s": _scenario(_metric("p90", "p90"))},
            [_cell("a")],
            (_record("a", {"wait_ns": (round(value),)}) for value in values),
            {("a", "p90"): foretold},
        )
        return cell.metrics[0]

    few, enough, off = judged(*values[:29]), judged(*values), judged(*(1.6 * value for value in values))

    assert (few.estimate, few.comparison) == (None, None)
    assert few.no_ratio is not None
    assert few.no_ratio.why == "p90 needs 30 values from 10 processes or more; there are 29 from 29"
    assert enough.estimate is not None
    assert enough.estimate.value == pytest.approx(quantile(values, 0.90), rel=0.001)
    assert enough.comparison is not None
    assert enough.comparison.ratio == pytest.approx(1, abs=0.001)
    assert enough.comparison.verdict is Verdict.AGREES
    assert off.comparison is not None
    assert off.comparison.verdict is Verdict.DISAGREES


def test_nothing_measured_is_said() -> None:
    """A cell without a record has its metrics, empty."""
    nothing = _one(_metric())

    assert (nothing.values, nothing.estimate, nothing.comparison) == ((), None, None)
    assert nothing.no_ratio is not None
    assert nothing.no_ratio.reason is Reason.NOTHING_MEASURED
    assert nothing.cautions == ()


def test_a_reader_is_warned_of_trends_and_of_thin_tails() -> None:
    """Processes that get faster as they go, and a p90 of four repetitions."""
    source = random.Random(1)  # noqa: S311 - a sample
    falling = [tuple(source.randint(900, 1000) - 40 * n for n in range(12)) for _ in range(5)]

    assert [each.kind for each in _one(_metric(), *falling).cautions] == [CautionKind.TREND]
    (thin,) = _one(_metric("p90", "p90"), (1000, 1001, 1002, 1003)).cautions
    assert thin.kind is CautionKind.TOO_FEW_FOR_TAIL
    assert "as few as 4 repetitions" in thin.text
    (rare,) = _one(_metric("p999", "p99.9"), tuple(range(1000, 1999))).cautions
    assert rare.text == "a process gave as few as 999 repetitions; its p99.9 is a tail from 1000 on"
    assert _one(_metric("p999", "p99.9"), tuple(range(1000, 2000))).cautions == ()


def test_the_same_observation_can_be_two_metrics() -> None:
    """Its median and its p90, from one reduction."""
    metrics = (_metric(), _metric("wait_p90_ns", "p90"))
    records = (_record("a", {"wait_ns": tuple(range(1000, 1011))}) for _ in range(2))

    (cell,) = _summarised(
        {"s": _scenario(*metrics)}, [_cell("a")], records, {("a", m.name): "-" for m in metrics}
    )

    assert [metric.values for metric in cell.metrics] == [(1005, 1005), (1009, 1009)]


def _many(cells: int, records: int, repetitions: int) -> Iterator[Record]:
    for position in range(records):
        values = tuple(1000 + (position * 7919 + n * 104729) % 997 for n in range(repetitions))
        yield _record(f"c{position % cells}", {"wait_ns": values, "other_ns": values[:1]})


@pytest.mark.slow
def test_a_hundred_thousand_records_are_summarised_in_seconds() -> None:
    """One pass over a generator, within 4 s (making the records not counted).

    A twentieth of them takes at most 15 MB at any time, so all take at most 300.
    """
    metrics = (_metric(), _metric("p90", "p90"), _metric("other_ns", observation="other_ns"))
    cells = [_cell(f"c{n}") for n in range(100)]
    foretold = {(cell.id, metric.name): _PREDICTION for cell in cells for metric in metrics}

    def spent(records: int) -> tuple[float, float]:
        begun = time.process_time()
        for _ in _many(100, records, 30):
            pass
        made = time.process_time()
        _summarised({"s": _scenario(*metrics)}, cells, _many(100, records, 30), foretold)
        return made - begun, time.process_time() - made

    making, both = spent(100_000)
    tracemalloc.start()
    summaries = _summarised({"s": _scenario(*metrics)}, cells, _many(100, 5_000, 30), foretold)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert both - making < 4
    assert peak < 15e6
    assert [len(metric.values) for metric in summaries[0].metrics] == [50, 50, 50]


def test_a_steady_metric_leaves_its_warm_up_out() -> None:
    """Of each process, as many as the manifest says; a process of nothing but warm-up gives no value."""
    cold = _metric(discard=2)
    one = _one(cold, (900, 500, 100, 101, 102), (800, 400, 110), (700, 600))

    assert one.values == (101, 110)
    assert one.repetitions == 4


def test_a_trend_that_the_warm_up_does_not_cover_is_told() -> None:
    """With how long that is; what is left out is not looked at."""
    falling = tuple(tuple(round(1000 * 0.97**n) for n in range(40)) for _ in range(8))
    settled = tuple((5000, 4000, *[1000 + (n * 7919) % 13 for n in range(40)]) for _ in range(8))

    (told,) = _one(_metric(discard=1), *falling).cautions
    assert "a warm-up of 1 repetitions is not enough" in told.text
    assert _one(_metric(discard=2), *settled).cautions == ()


@pytest.mark.parametrize(("statistic", "least"), [("p99", 30), ("p99.9", 50)])
def test_a_far_tail_of_a_few_processes_is_not_judged(statistic: Statistic, least: int) -> None:
    """However well it fits: tens of processes are wanted, and the reason says how many."""
    process = tuple(range(60, 110))

    few = _one(_metric(statistic=statistic), *[process] * (least - 1))
    enough = _one(_metric(statistic=statistic), *[process] * least)
    near = _one(_metric(statistic="p90"), *[process] * 8)

    assert few.comparison is None
    assert few.no_ratio is not None
    assert few.no_ratio.reason is Reason.TOO_FEW
    assert few.no_ratio.why == f"a {statistic} is judged from {least} processes on; there are {least - 1}"
    assert few.no_ratio.wanted == least
    assert few.estimate is not None
    assert enough.comparison is not None
    assert near.comparison is not None


def test_an_instrument_changes_nothing_of_what_is_said_of_a_plain_cell() -> None:
    """A drift that is told of one metric is told of it beside ten that an instrument looked at."""
    early, late = (100, 110, 95, 105), (118, 128, 112, 122)
    plain = _cell("a")
    looked = [Cell(id=f"a{number}", scenario="s", levels={WITH: Level(SCHED, SCHED)}) for number in range(10)]
    metric = _metric()

    def told(*cells: Cell) -> MeasuredMetric:
        records = [
            _record(cell.id, {"wait_ns": (value,)}) for value in (*early, *early, *late) for cell in cells
        ]
        foretold = {(cell.id, metric.name): "" for cell in cells}
        return _summarised({"s": _scenario(metric)}, cells, records, foretold)[0].metrics[0]

    alone, beside = told(plain), told(plain, *looked)

    assert [each.kind for each in alone.cautions] == [CautionKind.DRIFT]
    assert beside.cautions == alone.cautions


@pytest.mark.parametrize(("between", "is_cautioned"), [(0.3, False), (3.0, True)])
def test_a_far_tail_of_repetitions_that_are_alike_has_a_caution(
    *, between: float, is_cautioned: bool
) -> None:
    """Fifty processes are few where a process's repetitions say the same; nothing is said where they do not."""
    source = random.Random(1)  # noqa: S311 - made up
    processes = [
        tuple(round(10_000 * math.exp(0.3 * (process + source.gauss(0, 1)))) for _ in range(80))
        for process in (source.gauss(0, between) for _ in range(50))
    ]

    found = _one(_metric(), *processes)

    assert "p99.9" in found.tails
    assert found.correlation is not None
    assert found.correlation.icc is not None
    assert (found.correlation.icc > 0.5) is is_cautioned
    kinds = [each.kind for each in found.cautions]
    assert (CautionKind.TOO_ALIKE_FOR_TAIL in kinds) is is_cautioned
