"""How well a primitive was measured, told from its values alone."""

import pytest

from lab.calibrate import in_words, precision
from lab.sim.costs import Cost, Costs, Point


def _costs(name: str, *processes: tuple[float, ...], **levels: int | str) -> Costs:
    point = Point(levels=levels, processes=processes)
    cost = Cost(name=name, points=(point,), date="", origin="")
    return Costs(source="", identity="", fingerprint="", calibrated=True, costs={name: cost})


def test_the_spreads_within_and_between_processes_are_told_apart() -> None:
    """Processes that agree with themselves and not with each other, and the later half twice as dear."""
    processes = [(100.0, 100.0, 100.0), (102.0, 102.0, 102.0), (200.0, 200.0, 200.0), (204.0, 204.0, 204.0)]

    (line,) = precision(_costs("getppid", *processes))

    assert (line.processes, line.values, line.middle, line.within) == (4, 12, 151.0, 0.0)
    assert line.between == pytest.approx(0.676, abs=0.01)
    assert line.halves is not None
    assert line.halves[0] == pytest.approx(2.0)


def test_a_share_is_a_mean_over_processes() -> None:
    """Of what is 0 or 1 the middle says nothing."""
    (line,) = precision(_costs("wake_preempts", (1.0, 1.0, 0.0, 0.0), (1.0, 1.0, 1.0, 1.0), gap=5000))

    assert (line.middle, line.interval, line.within, line.halves) == (0.75, None, None, None)
    assert line.between == pytest.approx(0.4)


def test_the_table_has_a_head_and_a_line_each() -> None:
    """Levels are written as people write them."""
    lines = list(in_words(precision(_costs("wake_run", (2000.0, 3000.0), (2500.0,), gap=5000, place="same"))))

    assert lines[0].split()[:2] == ["primitive", "levels"]
    assert lines[1].split()[:6] == ["wake_run", "gap", "5.00", "µs,", "place", "same"]
    assert lines[1].split()[-2:] == ["2", "3"]
