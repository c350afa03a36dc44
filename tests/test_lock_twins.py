"""The twins of mutex-contention and rwmutex-contention: each default cell simulated, and what of them can be worked out by hand."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from lab import manifest, predict
from lab.errors import SimulatedProgramError
from lab.model.matrix import Cell, default_cells
from lab.model.scenario import GO_RELEASE, GOMAXPROCS
from lab.sim import ms, simulate, us
from lab.sim.packaged import packaged

_NAMES = ("mutex-contention", "rwmutex-contention")
_OVERSLEPT = us(500)
"""More than a sleep of some milliseconds is late, by any costs."""

Observed = Callable[..., Mapping[str, tuple[Any, ...]]]


@pytest.fixture
def observed(lab_root: Path) -> Observed:
    """A function that simulates one process of a twin."""

    def of(name: str, procs: int | None = None, **params: int | str) -> Mapping[str, tuple[Any, ...]]:
        twin = predict.read_twin(lab_root / f"scenarios/{name}.py")
        assert twin.main is not None
        result = simulate(twin.main, gomaxprocs=procs, cpus=2, params=params)
        assert result.outcome == "exit"
        return result.observations

    return of


def _is_short(cell: Cell) -> bool:
    return cell.text("held") in {"0s", "1us"}


@pytest.mark.slow
@pytest.mark.parametrize("name", _NAMES)
def test_every_default_cell_is_simulated(lab_root: Path, observed: Observed, name: str) -> None:
    """And gives a value of all that is predicted of it; sections of nanoseconds are refused with the reason."""
    scenario = manifest.load(lab_root / f"scenarios/{name}.toml")
    simulated = 0
    for cell in default_cells(scenario):
        wanted = [
            metric
            for metric in scenario.metrics_of(cell.levels)
            if not metric.described and not metric.not_predicted
        ]
        if not wanted or cell.text(GO_RELEASE) != "1.27.3":
            continue
        procs = None if cell.text(GOMAXPROCS) == "auto" else int(cell.text(GOMAXPROCS))
        params = {
            factor.name: cell.levels[factor.name].value
            for factor in scenario.factors
            if factor.reaches == "flag"
        }
        if _is_short(cell):
            with pytest.raises(SimulatedProgramError, match="too many for the simulator"):
                observed(name, procs, **params)
            continue
        found = observed(name, procs, **params)
        simulated += 1
        for metric in wanted:
            assert all(value > 0 for value in found[metric.observation]), (cell.id, metric.name)
            assert metric.repetitions({metric.observation: [*found[metric.observation]]}), (
                cell.id,
                metric.name,
            )
    assert simulated >= 15


@pytest.mark.parametrize("name", _NAMES)
def test_a_million_goroutines_are_refused(observed: Observed, name: str) -> None:
    """Before any of them is made."""
    with pytest.raises(SimulatedProgramError, match=r"more than 20,000 goroutines"):
        observed(name, goroutines=1_000_000)


def test_what_a_twin_refuses_is_the_reason_for_no_prediction(lab_root: Path) -> None:
    """For each metric, and nothing breaks that only asks which costs are needed."""
    scenario = manifest.load(lab_root / "scenarios/mutex-contention.toml")
    twin = predict.read_twin(lab_root / "scenarios/mutex-contention.py")
    cells = [cell for cell in default_cells(scenario) if cell.id == "contend-0s-p2"]
    found = predict.foretell(scenario, cells, twin, packaged(), cpus=2, seed=1)

    assert found.metrics["contend-0s-p2", "ops_per_s"] == (
        "sections shorter than 10 µs are too many for the simulator"
    )
    assert predict.drawn(scenario, cells, twin, cpus=2, seed=1) <= frozenset(packaged().costs)


@pytest.mark.parametrize("goroutines", [1, 2, 50, 1000])
def test_sections_that_sleep_come_one_after_the_other(observed: Observed, goroutines: int) -> None:
    """As many get through whoever waits: one in 10 ms and what a sleep is late."""
    found = observed("mutex-contention", goroutines=goroutines, section="sleep", held=ms(10), window=ms(200))

    assert 10**9 / (ms(10) + _OVERSLEPT) <= found["ops_per_s"][0] <= 100


def test_the_mean_wait_is_all_the_others_sections(observed: Observed) -> None:
    """Little's law: N goroutines of which one has the lock wait for N - 1 sections each, where the queue is served in order."""
    found = observed("mutex-contention", procs=2, goroutines=20, held=us(100))
    section = 10**9 / found["ops_per_s"][0]

    assert found["starving_permille"][0] > 900
    assert abs(found["wait_mean_ns"][0] / (19 * section) - 1) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize(
    ("procs", "goroutines", "least", "most"),
    [(2, 1, 0, 0), (2, 2, 0, 100), (2, 50, 900, 1000), (1, 2, 0, 0), (1, 1000, 500, 1000)],
)
def test_starvation_mode_is_reached_where_many_wait(
    observed: Observed, procs: int, goroutines: int, least: int, most: int
) -> None:
    """Of a thousand operations so many, at sections of 100 µs: the real program's are in tests/golang_side/test_locks.py."""
    found = observed("mutex-contention", procs=procs, goroutines=goroutines, window=ms(200))

    assert least <= found["starving_permille"][0] <= most


def test_readers_share_and_wait_behind_a_writer(observed: Observed) -> None:
    """Fifty that sleep get fifty times as much through; behind a writer they wait for the reader before it and for the writer."""
    one, fifty = (
        observed(
            "rwmutex-contention",
            goroutines=n,
            writes=0,
            section="sleep",
            held=ms(10),
            window=ms(200),
        )["ops_per_s"][0]
        for n in (1, 50)
    )
    arrived = observed("rwmutex-contention", mode="arrive", goroutines=5, held=ms(10))

    assert fifty == 50 * one
    assert set(arrived["beside_reader_wait_ns"]) == {us(1)}
    assert all(ms(20) <= wait <= ms(20) + 2 * _OVERSLEPT for wait in arrived["behind_writer_wait_ns"])


def test_a_plain_mutex_makes_readers_writers(observed: Observed) -> None:
    """Whatever the share of writes: the same program under either name."""
    few, many = (
        observed(
            "rwmutex-contention",
            lock="mutex",
            goroutines=4,
            writes=share,
            section="sleep",
            held=ms(1),
        )["ops_per_s"]
        for share in (1, 50)
    )

    assert few == many
