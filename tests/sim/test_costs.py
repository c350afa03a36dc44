"""Costs: what is drawn, what lies between two measured points, what a damaged file is told."""

import json
import random

import pytest

from lab.errors import SimulatedProgramError
from lab.sim.costs import Cost, Costs, CostsError, Draws, Point, from_json
from lab.sim.packaged import packaged


def _costs(*points: Point) -> Costs:
    cost = Cost(name="mmap", points=points, date="2026-11-23", origin="a test")
    return Costs(source="a test", identity="x", fingerprint="machine", calibrated=True, costs={"mmap": cost})


def _point(nbytes: int, *processes: tuple[float, ...]) -> Point:
    return Point(levels={"bytes": nbytes}, processes=processes)


def test_a_process_draws_from_one_calibration_process() -> None:
    """Simulated processes differ from each other as the calibration's did, not only by the noise within one."""
    costs = _costs(_point(1, (10, 11), (100, 101), (1000, 1001)))

    drawn = [{len(str(draws("mmap", {"bytes": 1}))) for _ in range(20)} for draws in _many(costs, 40)]

    assert all(len(digits) == 1 for digits in drawn)
    assert {digit for digits in drawn for digit in digits} == {2, 3, 4}


def _many(costs: Costs, count: int) -> list[Draws]:
    return [Draws(costs, random.Random(seed)) for seed in range(count)]  # noqa: S311 - a simulation


def test_between_two_points_it_is_interpolated_on_the_log_scale() -> None:
    """A cost that grows in proportion does so between the points and beyond them."""
    draws = Draws(_costs(_point(100, (10.0,)), _point(10_000, (1000.0,))), random.Random(1))  # noqa: S311 - a simulation

    assert [draws("mmap", {"bytes": n}) for n in (10, 100, 1000, 10_000, 100_000)] == [
        1,
        10,
        100,
        1000,
        10_000,
    ]


def test_what_is_not_known_lists_what_is() -> None:
    """A wrong name and a wrong level are the author's mistakes, with the right ones named."""
    draws = Draws(packaged(), random.Random(1))  # noqa: S311 - a simulation

    with pytest.raises(SimulatedProgramError, match="no cost is called 'page'") as name:
        draws("page")
    with pytest.raises(SimulatedProgramError, match="cost 'fault' is not known at bytes=4096") as level:
        draws("fault", {"bytes": 4096})
    assert "fault" in (name.value.hint or "")
    assert level.value.hint == "levels: page=4096; page=2097152"


def test_a_calibration_survives_its_own_text() -> None:
    """What is read is what was written."""
    costs = _costs(_point(1, (10.0, 11.0), (12.0,)))

    read = from_json(costs.to_json(), source="a test", fingerprint="machine")

    assert read.costs == costs.costs
    assert read.calibrated


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no whole calibration"),
        (_costs(_point(1, (1.0,))).to_json()[:80], "is no whole calibration"),
        ('{"format": 99}', "is of format 99; this golab reads 1"),
        ("[]", "is no whole calibration"),
        (_costs(_point(1, (1.0,))).to_json().replace("1.0", "-1.0"), "-1.0 is no duration"),
        (_costs(_point(1, (1.0,))).to_json().replace("1.0", "NaN"), "nan is no duration"),
        (
            json.dumps(json.loads(_costs(_point(1, (1.0,))).to_json()) | {"fingerprint": "other"}),
            "another machine",
        ),
    ],
)
def test_a_calibration_that_cannot_be_used_says_why(text: str, said: str) -> None:
    """Half written, of another format, of another machine: a sentence and the way out."""
    with pytest.raises(CostsError, match=said) as caught:
        from_json(text, source="costs.json", fingerprint="machine")

    assert str(caught.value).startswith("costs.json: ")
    assert caught.value.hint == "measure this machine anew: golab calibrate"


def test_resampling_draws_processes_and_keeps_their_values_together() -> None:
    """The uncertainty of a calibration is that of its processes."""
    costs = _costs(_point(1, (10, 11), (20, 21), (30, 31)))
    source = random.Random(3)  # noqa: S311 - a simulation

    seen = {costs.resampled(source).costs["mmap"].points[0].processes for _ in range(200)}

    assert all(set(processes) <= {(10, 11), (20, 21), (30, 31)} for processes in seen)
    assert len(seen) == 27
