"""The scenario sched-starvation without Go: its twin in every default cell, and what it must say of who waits."""

import statistics
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from lab import manifest, predict
from lab.bench.selection import Request, select
from lab.errors import UsageError
from lab.model.level import UNSET, cpus_of
from lab.model.matrix import Cell, default_cells
from lab.model.scenario import AUTO, CPUSET, GOMAXPROCS, QUOTA, Scenario
from lab.sim import ms, simulate
from lab.sim.simulate import Result, load

_PARAMETERS = ("population", "goroutines", "window", "probe", "every", "service")


@pytest.fixture(scope="module")
def scenario(lab_root: Path) -> Scenario:
    """The manifest."""
    return manifest.load(lab_root / "scenarios/sched-starvation.toml")


@pytest.fixture(scope="module")
def twin(lab_root: Path) -> predict.Twin:
    """The twin."""
    return predict.read_twin(lab_root / "scenarios/sched-starvation.py")


def _of(twin: predict.Twin, cell: Cell) -> Result:
    assert twin.main is not None
    procs = cell.text(GOMAXPROCS)
    return simulate(
        twin.main,
        gomaxprocs=None if procs == AUTO else int(procs),
        cpus=len(cpus_of(cell.levels[CPUSET])) or 2,
        quota=None if cell.text(QUOTA) == UNSET else float(cell.text(QUOTA)),
        params={name: cell.levels[name].value for name in _PARAMETERS},
    )


def _late(twin: predict.Twin, population: str, *, procs: int, **more: Any) -> list[int]:
    assert twin.main is not None
    params = {"population": population, **more}
    return list(simulate(twin.main, gomaxprocs=procs, cpus=2, params=params).observations["probe_late_ns"])


def test_the_twin_says_what_the_manifest_wants_of_it(scenario: Scenario, twin: predict.Twin) -> None:
    """Of every default cell whatever is predicted of it."""
    for cell in default_cells(scenario):
        result = _of(twin, cell)
        wanted = {each.observation for each in scenario.metrics_of(cell.levels) if not each.described}

        assert result.outcome == "exit", cell.id
        assert set(result.observations) >= wanted, cell.id


@pytest.mark.parametrize("population", ["selecting", "receiving", "sleeping", "locked"])
def test_who_waits_holds_nobody_up(twin: predict.Twin, population: str) -> None:
    """Beside a hundred of them the probe runs as beside none, at the only P, too."""
    alone = statistics.median(_late(twin, "none", procs=1))

    assert statistics.median(_late(twin, population, procs=1)) < 1.5 * alone


@pytest.mark.parametrize(("procs", "slices"), [(1, 1), (2, 1), (4, 0.5)])
def test_who_never_stops_holds_others_up_by_time_slices(
    twin: predict.Twin, procs: int, slices: float
) -> None:
    """Beside four hogs the probe waits for a slice of 10 ms at least, on as many Ps as CPUs."""
    late = _late(twin, "spinning", procs=procs, goroutines=4, window=ms(300))

    assert max(late) >= slices * ms(10)


def test_a_fault_holds_the_p_and_a_call_does_not(twin: predict.Twin) -> None:
    """Beside memory that is faulted in the probe waits for a time slice; beside as much that a call fills, as beside nobody."""
    more = {"procs": 1, "goroutines": 1, "window": ms(300)}
    faulted, filled = (_late(twin, kind, **more) for kind in ("faulting", "populating"))

    assert max(faulted) > ms(10)
    assert statistics.median(filled) < 1.5 * statistics.median(_late(twin, "none", procs=1))


def test_calls_of_c_keep_the_only_p_until_it_is_taken(twin: predict.Twin) -> None:
    """Of fifty each holds it until sysmon has looked: somebody else runs less often than beside five."""
    few, many = (len(_late(twin, "cgo", procs=1, goroutines=n)) for n in (5, 50))

    assert many < few


@pytest.mark.parametrize("window", ["3s", "9s"])
def test_long_windows_have_requests_for_a_tail(scenario: Scenario, twin: predict.Twin, window: str) -> None:
    """A thousand at the lowest load of experiments/rounding.toml, in every process."""
    every, quota = {"3s": ("2667us", "1.5"), "9s": ("8ms", "0.5")}[window]
    lists = {"population": ("serving",), "window": (window,), "every": (every,), "quota": (quota,)}
    (cell,) = select(scenario, Request(lists={**lists, "gomaxprocs": ("2",)}))

    assert {"request_p99_ns", "request_p999_ns"} <= {each.name for each in scenario.metrics_of(cell.levels)}
    assert len(_of(twin, cell).observations["request_ns"]) >= 1000


def test_one_that_has_not_run_is_late_all_the_same(twin: predict.Twin) -> None:
    """A probe that a hundred hogs keep from its first turn has been late for the window at least."""
    assert _late(twin, "spinning", procs=1) > [ms(90)]


def test_cpu_time_is_that_of_all_threads(twin: predict.Twin) -> None:
    """Hogs use every CPU that they have a P for; a hundred that are parked use next to nothing."""
    assert twin.main is not None
    used = {
        (population, procs): simulate(
            twin.main, gomaxprocs=procs, cpus=2, params={"population": population, "probe": "off"}
        ).observations["cpu_us_per_s"][0]
        for population in ("spinning", "selecting")
        for procs in (1, 2)
    }

    assert 0.98e6 < used["spinning", 1] < 1.05e6
    assert 1.96e6 < used["spinning", 2] < 2.01e6
    assert used["selecting", 1] < 10_000
    assert used["selecting", 2] < 10_000


def test_who_is_in_the_kernel_has_a_thread_and_leaves_its_p(twin: predict.Twin) -> None:
    """Twenty at the only P: a thread each, and the P goes on whenever sysmon takes it; parked ones have neither."""
    assert twin.main is not None
    calling, parked = (
        simulate(twin.main, gomaxprocs=1, cpus=2, params={"population": population, "goroutines": 20})
        for population in ("calling", "selecting")
    )

    assert calling.observations["threads"][0] >= 20 > 5 * parked.observations["threads"][0] / 2
    assert calling.statistics["handoffs"] >= 20 > 2 * parked.statistics["handoffs"]


def test_requests_come_at_the_rate_that_was_asked_for(lab_root: Path) -> None:
    """Exponential gaps: their mean, and a standard deviation as large."""
    gaps = list(islice(load(lab_root / "scenarios/sched-starvation.py")["gaps"](ms(5)), 20_000))

    assert statistics.mean(gaps) == pytest.approx(ms(5), rel=0.03)
    assert statistics.stdev(gaps) == pytest.approx(ms(5), rel=0.03)


def test_rounded_down_one_and_a_half_cpus_are_one(scenario: Scenario, twin: predict.Twin) -> None:
    """At a load of 1.25 CPUs one P falls behind, and two do not."""
    down, up = (
        _of(twin, cell)
        for cell in select(
            scenario,
            Request(
                lists={
                    "population": ("serving",),
                    "window": ("600ms",),
                    "every": ("1.6ms",),
                    "quota": ("1.5",),
                    "gomaxprocs": ("1", "2"),
                }
            ),
        )
    )

    assert down.observations["served_per_s"][0] < 0.9 * up.observations["served_per_s"][0]
    assert max(down.observations["request_ns"]) > 5 * max(up.observations["request_ns"])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("goroutines", "1000001", "goroutines goes from 0 to 1000000, not 1000001"),
        ("population", "idle", "no level of population is called 'idle'"),
        ("window", "0s", "window goes from 1.00 ms to 20.0 s, not 0s"),
    ],
)
def test_a_population_that_cannot_be_is_refused(scenario: Scenario, name: str, text: str, said: str) -> None:
    """Before anything is built."""
    with pytest.raises(UsageError) as caught:
        select(scenario, Request(lists={name: (text,)}))

    assert str(caught.value).startswith(said)
