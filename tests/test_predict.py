"""The twin's predictions, without Docker and without Go; what a wrong twin is told."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from lab import catalogue, manifest, predict
from lab.errors import ProgramRaisedError
from lab.model.matrix import default_cells
from lab.model.outcome import Foretold, Prediction
from lab.model.scenario import Scenario
from lab.published import SCHEMAS
from lab.sim import simulate
from lab.sim.packaged import packaged

_HEAD = "from lab.sim import G, Body\n\ndef main(g: G, *, mode: str = 'touch') -> Body:\n"


@pytest.fixture(scope="module")
def scenario(lab_root: Path) -> Scenario:
    """The lab's own mmap-large."""
    return manifest.load(catalogue.find(lab_root, lab_root).manifest("mmap-large"))


def _foretell(scenario: Scenario, twin: predict.Twin, only: str, seed: int = 1) -> Foretold:
    cells = [cell for cell in default_cells(scenario) if cell.id == only]
    return predict.foretell(scenario, cells, twin, packaged(), cpus=2, seed=seed).metrics


@pytest.mark.slow
def test_every_metric_is_predicted_or_says_why_not(scenario: Scenario, lab_root: Path) -> None:
    """Of all default cells; and the same seed foretells the same."""
    twin = predict.read_twin(lab_root / "scenarios/mmap-large.py")
    cells = default_cells(scenario)

    once, again = (predict.foretell(scenario, cells, twin, packaged(), cpus=2, seed=7) for _ in range(2))

    assert once == again
    for cell in cells:
        for metric in scenario.metrics_of(cell.levels):
            reason = metric.described or metric.not_predicted
            found = once.metrics[cell.id, metric.name]
            assert found == reason if reason else isinstance(found, Prediction)


@pytest.mark.slow
def test_cells_are_predicted_alike_by_any_number_of_processes(scenario: Scenario, lab_root: Path) -> None:
    """Every cell depends on its own levels and the seed alone."""
    twin = predict.read_twin(lab_root / "scenarios/mmap-large.py")
    cells = default_cells(scenario, quick=True)
    alone, shared, shared_by_many = (
        predict.foretell(scenario, cells, twin, packaged(), cpus=2, seed=7, processes=processes)
        for processes in (1, 2, 5)
    )

    assert alone == shared == shared_by_many
    assert len(cells) >= 5


def test_what_touching_costs_is_its_pages_times_a_fault(scenario: Scenario, lab_root: Path) -> None:
    """The prediction of the simplest cell can be worked out by hand, and the interval holds it."""
    twin = predict.read_twin(lab_root / "scenarios/mmap-large.py")

    found = _foretell(scenario, twin, "touch")["touch", "touch_again_ns"]

    assert isinstance(found, Prediction)
    assert 16384 * 1400 < found.low <= found.value <= found.high < 16384 * 1620


def test_a_ticker_beside_a_toucher_on_one_p_waits_for_sysmon(scenario: Scenario, lab_root: Path) -> None:
    """Two rounds of 10 ms at one P; a fraction of it at two."""
    twin = predict.read_twin(lab_root / "scenarios/mmap-large.py")

    slowest = {}
    for procs in ("p1", "p2"):
        found = _foretell(scenario, twin, f"ticker-96MiB-{procs}")[
            f"ticker-96MiB-{procs}", "ticker_delay_max_ns"
        ]
        assert isinstance(found, Prediction)
        slowest[procs] = found.value

    assert 17e6 < slowest["p1"] < 23e6
    assert slowest["p2"] < 2e6


def test_without_a_twin_the_reason_is_that(scenario: Scenario, tmp_path: Path) -> None:
    """A missing file, or a file that says why there is nothing to schedule."""
    (tmp_path / "none.py").write_text("NOT_PREDICTED = 'nothing is scheduled'\n")

    missing = _foretell(scenario, predict.read_twin(tmp_path / "mmap-large.py"), "touch")
    refused = _foretell(scenario, predict.read_twin(tmp_path / "none.py"), "touch")

    assert missing["touch", "touch_again_ns"] == "there is no mmap-large.py beside the manifest"
    assert refused["touch", "touch_again_ns"] == "nothing is scheduled"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "    yield g.work(1)\n    raise RuntimeError('no reason')\n",
            "twin.py:5: goroutine 1 (main) at 1 ns: RuntimeError: no reason",
        ),
        (
            "    yield g.work(1)\n",
            "observes no 'touch_again_ns' in cell touch, and the manifest wants touch_again_ns predicted",
        ),
    ],
)
def test_a_wrong_twin_is_named(scenario: Scenario, tmp_path: Path, body: str, said: str) -> None:
    """What it raised with its line, or what it lacks and what to do."""
    (tmp_path / "twin.py").write_text(_HEAD + body)

    with pytest.raises(ProgramRaisedError) as caught:
        _foretell(scenario, predict.read_twin(tmp_path / "twin.py"), "touch")

    assert said in str(caught.value)


@pytest.mark.slow
def test_predict_needs_neither_docker_nor_go(tmp_path: Path, lab_root: Path) -> None:
    """With nothing in PATH, nothing in the cache and no engine; a release without a profile says so."""
    environment = {"PATH": "", "HOME": str(tmp_path), "PYTHONPATH": str(lab_root)}
    command = [sys.executable, "-m", "lab", "predict", "mmap-large", "--go", "1.27.3,1.22.10", "--json"]

    said = subprocess.run(
        command, cwd=lab_root, env=environment, capture_output=True, text=True, check=True
    ).stdout

    result = json.loads(said)
    jsonschema.validate(result, SCHEMAS["predict"].model_json_schema())
    assert result["costs"] == {"source": "packaged", "id": packaged().identity, "calibrated": False}
    new, old = (cell["metrics"]["touch_again_ns"] for cell in result["cells"])
    assert new["predicted"]["pi90"][0] < new["predicted"]["estimate"] < new["predicted"]["pi90"][1]
    assert (old["predicted"], old["not_predicted"]) == (None, "no profile for go1.22")
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - not even a cache


def test_what_runs_before_main_may_depend_on_the_cell(scenario: Scenario, tmp_path: Path) -> None:
    """A twin's ``inits`` is asked with the cell's parameters; a tuple ``INITS`` is the same for all."""
    source = (
        _HEAD
        + "    yield g.work(1)\n\n\ndef init(g):\n    g.observe('touch_again_ns', g.now() + 7)\n    yield g.work(1)\n"
    )
    found = []
    for number, how in enumerate(
        ("INITS = (init,)", "def inits(params):\n    return [init] * (params['mode'] == 'touch')")
    ):
        path = tmp_path / f"twin{number}.py"
        path.write_text(f"{source}\n\n{how}\n")
        values = _foretell(_only_touch(scenario), predict.read_twin(path), "touch")["touch", "touch_again_ns"]
        assert isinstance(values, Prediction)
        found.append(values)

    assert [each.value for each in found] == [pytest.approx(7), pytest.approx(7)]


def _only_touch(scenario: Scenario) -> Scenario:
    metrics = tuple(metric for metric in scenario.metrics if metric.name == "touch_again_ns")
    return replace(scenario, metrics=metrics)


def test_what_a_prediction_rests_on_is_known_beforehand(scenario: Scenario, lab_root: Path) -> None:
    """So that only that is calibrated: the scheduler's own costs always, memory's for cells that touch it; none without a twin."""
    twin = predict.read_twin(lab_root / "scenarios/mmap-large.py")
    cells = {cell.id: cell for cell in default_cells(scenario)}

    touching, reserving = (
        predict.drawn(scenario, [cells[name]], twin, cpus=2, seed=1) for name in ("touch", "reserve")
    )

    assert {"schedule", "chan_op", "getppid"} <= touching & reserving
    assert "fault" in touching - reserving
    assert "mmap" in reserving - touching
    nobody = predict.Twin(None, "nobody wrote one", None)
    assert predict.drawn(scenario, [cells["touch"]], nobody, cpus=2, seed=1) == frozenset()


def test_pages_that_come_unasked_are_as_large_as_those_that_were_asked_for(lab_root: Path) -> None:
    """What the machine gives to all (thp always) costs a fault what an advice (madvise) makes it cost, and not what small ones do."""
    twin = predict.read_twin(lab_root / "scenarios/mmap-large.py")
    assert twin.main is not None
    for mode in ("touch", "ticker"):
        never, madvise, always = (
            simulate(twin.main, params={"mode": mode, "thp": thp}, seed=3).observations
            for thp in ("never", "madvise", "always")
        )

        assert always == madvise != never


def test_how_processes_end_is_foretold_where_a_twin_can(scenario: Scenario, lab_root: Path) -> None:
    """Without a metric, too; C in a program hides its deadlock; C++ has no scheduler; of cells of which nothing is simulated nothing is said."""
    lab = catalogue.find(lab_root, lab_root)
    once = manifest.load(lab.manifest("once-deadlock"))
    cells = {cell.id: cell for cell in default_cells(once)}
    wanted = ("nested", "crossed", "crossed-cgo", "crossed-sleeper", "cpp_nested", "slow-p2")
    twin = predict.read_twin(lab.scenarios / "once-deadlock.py")

    found = predict.foretell(once, [cells[name] for name in wanted], twin, packaged(), cpus=2, seed=1)
    heap = predict.foretell(
        scenario,
        [cell for cell in default_cells(scenario) if cell.id == "heap"],
        predict.read_twin(lab.scenarios / "mmap-large.py"),
        packaged(),
        cpus=2,
        seed=1,
    )

    assert found.outcomes == {
        "nested": {"exit": 32},
        "crossed": {"deadlock": 32},
        "crossed-cgo": {"hang": 32},
        "crossed-sleeper": {"timeout": 32},
        "cpp_nested": "a program in C++ has no Go scheduler, which is what is simulated",
        "slow-p2": {"exit": 32},
    }
    assert list(found.metrics) == [("slow-p2", "once_wait_ns")]
    assert heap.outcomes == {"heap": "nothing of this cell is predicted"}
    assert predict.is_predicted(once, [cells["nested"]], twin)
    assert "schedule" in predict.drawn(once, [cells["nested"]], twin, cpus=2, seed=1)
    assert predict.drawn(once, [cells["cpp_nested"]], twin, cpus=2, seed=1) == frozenset()


@pytest.mark.slow
def test_who_shares_a_prediction_ends_with_whoever_is_killed(lab_root: Path) -> None:
    """In the middle of the work, when nobody is there any more to tell them to."""
    command = [sys.executable, "-m", "lab", "predict", "mutex-contention"]
    with subprocess.Popen(
        command, cwd=lab_root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as asked:
        while not (sharing := _working_for(asked.pid)):
            assert asked.poll() is None
            time.sleep(0.05)
        asked.kill()

    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in sharing) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [pid for pid in sharing if Path(f"/proc/{pid}").exists()] == []


def _working_for(parent: int) -> list[int]:
    """Processes that *parent* has started and that have begun: Python alone takes them a second."""
    listed = subprocess.run(
        ["pgrep", "-P", str(parent), "-f", "spawn_main"], capture_output=True, text=True, check=False
    )
    seconds = os.sysconf("SC_CLK_TCK")
    stats = {
        pid: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in listed.stdout.split()
    }
    return [int(pid) for pid, stat in stats.items() if int(stat[11]) > 1.5 * seconds]
