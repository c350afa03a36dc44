"""The scenario init-chain without Go: its twin in every default cell, and what is said to somebody who asks for a graph that cannot be."""

from pathlib import Path

import pytest

from lab import manifest, predict
from lab.bench.selection import Request, select
from lab.errors import UsageError
from lab.model.matrix import Cell, default_cells
from lab.model.scenario import GOMAXPROCS, Scenario
from lab.sim import simulate
from lab.sim.simulate import Result


@pytest.fixture(scope="module")
def scenario(lab_root: Path) -> Scenario:
    """The manifest."""
    return manifest.load(lab_root / "scenarios/init-chain.toml")


@pytest.fixture(scope="module")
def twin(lab_root: Path) -> predict.Twin:
    """The twin."""
    return predict.read_twin(lab_root / "scenarios/init-chain.py")


def _simulated(twin: predict.Twin, cell: Cell, *, seed: int = 1) -> Result:
    assert twin.main is not None
    params = {name: cell.levels[name].value for name in ("shape", "size", "who", "what", "starts", "length")}
    procs = cell.text(GOMAXPROCS)
    return simulate(
        twin.main,
        gomaxprocs=None if procs == "auto" else int(procs),
        params=params,
        inits=twin.inits(params),
        seed=seed,
    )


def _one(scenario: Scenario, **levels: str) -> Cell:
    (cell,) = select(scenario, Request(lists={name: (text,) for name, text in levels.items()}))
    return cell


def test_the_twin_says_what_the_manifest_wants_of_it(scenario: Scenario, twin: predict.Twin) -> None:
    """Of every default cell, with as many repetitions as Go; the order is nobody's who schedules."""
    for cell in default_cells(scenario):
        result = _simulated(twin, cell)
        wanted = {
            metric.observation
            for metric in scenario.metrics_of(cell.levels)
            if not metric.name.startswith("order_") and metric.name != "start_to_main_ns"
        }

        assert result.outcome == "exit", cell.id
        assert set(result.observations) >= wanted, cell.id


@pytest.mark.parametrize(
    ("levels", "inits"),
    [
        ({}, 1),
        ({"size": "32"}, 1),
        ({"size": "7", "who": "every"}, 7),
        ({"shape": "fan", "size": "7", "who": "every"}, 7),
        ({"shape": "diamond", "size": "7", "who": "every"}, 9),
    ],
)
def test_main_waits_for_the_sum_of_all_inits(
    scenario: Scenario, twin: predict.Twin, levels: dict[str, str], inits: int
) -> None:
    """Whatever imports whatever; a sleep is hardly longer than it says."""
    (delay,) = _simulated(twin, _one(scenario, length="5ms", **levels)).observations["main_delay_ns"]

    assert inits * 5e6 <= delay < inits * 6.2e6


@pytest.mark.parametrize(
    ("levels", "before"),
    [
        ({"what": "nothing", "gomaxprocs": "1"}, 0),
        ({"what": "sleep", "gomaxprocs": "1"}, 1),
        ({"what": "network", "gomaxprocs": "1"}, 2),
        ({"what": "work", "length": "1ms", "gomaxprocs": "1"}, 0),
        ({"what": "work", "length": "1ms", "gomaxprocs": "2"}, 1),
        ({"what": "work", "length": "40ms", "gomaxprocs": "1"}, 1),
        ({"what": "work", "length": "40ms", "gomaxprocs": "2"}, 1),
    ],
)
def test_goroutines_run_before_main_where_they_get_a_p(
    scenario: Scenario, twin: predict.Twin, levels: dict[str, str], before: int
) -> None:
    """The only P is free where the init blocks or is preempted; another is there from the start."""
    cell = _one(scenario, starts="blocked", **levels)

    assert _simulated(twin, cell).observations["goroutines_before_main"] == (before,)


def test_a_goroutine_that_panics_ends_the_process_before_main(scenario: Scenario, twin: predict.Twin) -> None:
    """Where the init sleeps meanwhile: nothing is observed of main."""
    result = _simulated(twin, _one(scenario, starts="panicking"))

    assert (result.outcome, result.exit_code) == ("panic", 2)
    assert result.observations == {}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("size", "0", "size goes from 1 to 64, not 0"),
        ("size", "65", "size goes from 1 to 64, not 65"),
        ("size", "many", "size: 'many' is not a whole number"),
        ("length", "11s", "length goes from 1.00 µs to 10.0 s, not 11s"),
        ("length", "20", "length: '20' is not a number and a unit such as 1.5s"),
    ],
)
def test_a_graph_that_cannot_be_is_refused(scenario: Scenario, name: str, text: str, said: str) -> None:
    """With what would be right, before anything is built."""
    with pytest.raises(UsageError) as caught:
        select(scenario, Request(lists={name: (text,)}))

    assert str(caught.value).startswith(said)
