"""From what calibration processes saw to costs, and a real calibration of this machine."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lab import calibrate, shelf
from lab.sim.costs import Cost, Costs, CostsError, Point, from_json


def test_observations_become_costs_by_their_names() -> None:
    """Regions become pages, gibibytes become levels, what is no cost is left out."""
    processes = [
        {
            "fault_4k_ns": [24576 * 1500],
            "mmap_rw_8g_ns": [1600, 1700],
            "nap_20us_overshoot_ns": [-5],
            "other": [1],
        },
        {"fault_4k_ns": [24576 * 1400], "mmap_rw_8g_ns": [1500], "nap_20us_overshoot_ns": [70_000]},
    ]

    costs = calibrate.costs_of(processes, date="2026-11-23", origin="a test")

    found = {
        (name, *point.levels.values()): point.processes
        for name, cost in costs.items()
        for point in cost.points
    }
    assert found == {
        ("fault", 4096): ((1500.0,), (1400.0,)),
        ("mmap", 8 << 30, "rw"): ((1600.0, 1700.0), (1500.0,)),
        ("usleep_overshoot", 20_000): ((0.0,), (70_000.0,)),
    }


def _faults(*medians: float) -> Costs:
    point = Point(
        levels={"page": 4096}, processes=tuple((each, each * 1.01, each * 0.99) for each in medians)
    )
    cost = Cost(name="fault", points=(point,), date="2026-11-24", origin="a test")
    return Costs(source="", identity="", fingerprint="", calibrated=True, costs={"fault": cost})


_KEPT = tuple(1000 + 5 * number for number in range(16))


@pytest.mark.parametrize(
    ("now", "has_drifted"),
    [
        ((1010, 1030, 1050, 1020), False),
        ((1090, 1080, 1100, 1120), False),
        ((1300, 1310, 1320, 1290), True),
        ((760, 770, 780, 765), True),
        ((900, 2000, 3000, 1300), False),
        ((1300,), False),
    ],
)
def test_a_machine_that_became_another_is_found_out(now: tuple[float, ...], has_drifted: bool) -> None:  # noqa: FBT001
    """A drift is a whole interval more than 10 % away; what is vague, and one process, shows none."""
    found = calibrate.drifts(_faults(*_KEPT), _faults(*now))

    assert [(drift.cost, drift.levels) for drift in found] == [("fault", {"page": 4096})] * has_drifted


def test_costs_that_were_never_kept_do_not_drift() -> None:
    """Nothing to compare with."""
    kept = replace(_faults(*_KEPT), costs={})

    assert calibrate.drifts(kept, _faults(2000, 2010, 1990, 2020)) == ()


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    """--costs FILE with a wrong FILE."""
    with pytest.raises(CostsError, match="cannot be read") as caught:
        shelf.read(tmp_path / "nothing.json", "machine")

    assert caught.value.hint == "measure this machine anew: golab calibrate"


def test_the_newest_calibration_of_this_machine_is_found(tmp_path: Path) -> None:
    """Whatever the engine; never another machine's."""
    kept = shelf.Shelf(tmp_path)
    for number, name in enumerate(("aaaa-host-go1.json", "aaaa-docker-go1.json", "bbbb-host-go1.json")):
        (tmp_path / name).touch()
        subprocess.run(["touch", "-d", f"2026-01-0{number + 1}", tmp_path / name], check=True)

    assert kept.newest("aaaa") == tmp_path / "aaaa-docker-go1.json"
    assert kept.newest("cccc") is None
    assert shelf.Shelf(tmp_path / "nowhere").newest("aaaa") is None


@pytest.mark.go
@pytest.mark.slow
@pytest.mark.usefixtures("go_toolchain")
def test_a_real_calibration_knows_what_the_twin_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every primitive in every process, with plausible orders of magnitude; kept where a run finds it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    said = subprocess.run(
        [sys.executable, "-m", "lab", "calibrate", "--engine", "host", "--json"],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    costs = from_json(said, source="a test").costs
    measured = {name for name, cost in costs.items() if cost.origin.startswith("go_templates/calibrate")}
    assert measured == {"epoll_overshoot", "fault", "mmap", "munmap", "populate", "unmap", "usleep_overshoot"}
    assert all(costs[name].n == calibrate.PROCESSES for name in measured)
    small, large = (costs["fault"].value({"page": page}, 0.5, 0.5) for page in (4096, 2 << 20))
    assert 100 < small < 50_000
    assert 5 < large / small < 512
    assert len(list((tmp_path / "golab/costs").glob("*-host-go*.json"))) == 1
