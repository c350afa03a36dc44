"""``lab.Work`` is as fast as ``g.work``: the lab hands in what calibration found of its loop, and the record says so."""

from pathlib import Path

from lab import manifest
from lab.bench import command
from lab.calibrate import iterations_per_us
from lab.catalogue import find
from lab.model.matrix import default_cells
from lab.sim.costs import Cost, Costs, Point
from lab.sim.packaged import packaged


def _costs(*points: Point) -> Costs:
    cost = Cost(name="thousand_iterations", points=points, date="", origin="")
    calibrated = Costs(
        source="", identity="", fingerprint="", calibrated=True, costs={"thousand_iterations": cost}
    )
    return packaged().merged(calibrated)


def test_a_loops_pace_is_what_one_busy_cpu_does() -> None:
    """A thousand iterations in 1250 ns are 800 in a microsecond; what more busy CPUs do to it is no part of it."""
    alone = Point(levels={"busy": 1}, processes=((1200.0, 1250.0, 1300.0), (1250.0,), (1251.0,)))
    both = Point(levels={"busy": 2}, processes=((2000.0,),))

    assert iterations_per_us(_costs(alone, both)) == 800


def test_nothing_is_handed_in_where_nobody_measured() -> None:
    """Packaged costs are another machine's."""
    assert iterations_per_us(packaged()) is None
    assert iterations_per_us(_costs(Point(levels={"busy": 2}, processes=((2000.0,),)))) is None


def test_the_pace_is_in_the_environment_of_a_cell(lab_root: Path) -> None:
    """As the Go side reads it; without one, the variable is not there."""
    scenario = manifest.load(find(None, lab_root).validation.manifest("programs"))
    cell = default_cells(scenario)[0]

    assert "LAB_ITERS_PER_US=800" in command.environment(scenario, cell, 800)
    assert not [each for each in command.environment(scenario, cell) if each.startswith("LAB")]
