"""A machine that became another is found out, and one that only is noisy is not."""

import random
from dataclasses import replace

import pytest

from lab.calibrate import Drift, drifts
from lab.calibrate.drifting import halves
from lab.sim.costs import Cost, Costs, Point


def _costs(*medians: float, name: str = "fault") -> Costs:
    point = Point(
        levels={"page": 4096}, processes=tuple((each, each * 1.01, each * 0.99) for each in medians)
    )
    cost = Cost(name=name, points=(point,), date="2026-11-24", origin="a test")
    return Costs(source="", identity="", fingerprint="", calibrated=True, costs={name: cost})


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
    found = drifts(_costs(*_KEPT), _costs(*now))

    assert [(drift.cost, drift.levels) for drift in found] == [("fault", {"page": 4096})] * has_drifted


def test_costs_that_were_never_kept_do_not_drift() -> None:
    """Nothing to compare with."""
    kept = replace(_costs(*_KEPT), costs={})

    assert drifts(kept, _costs(2000, 2010, 1990, 2020)) == ()


def test_a_share_does_not_drift() -> None:
    """Its values are 0 and 1: a ratio of medians says nothing of it."""
    kept, fresh = (_costs(*values, name="wake_preempts") for values in (_KEPT, (2000, 2010, 1990, 2020)))

    assert drifts(kept, fresh) == ()


def _noisy(seed: int, points: int) -> Costs:
    """Primitives whose processes differ by 5 %, all of one machine that stays the same."""
    source = random.Random(seed)  # noqa: S311 - a simulation
    costs = {
        f"cost_{number}": Cost(
            name=f"cost_{number}",
            points=(
                Point(
                    levels={}, processes=tuple((1000 * source.lognormvariate(0, 0.05),) for _ in range(16))
                ),
            ),
            date="",
            origin="",
        )
        for number in range(points)
    }
    return Costs(source="", identity="", fingerprint="", calibrated=True, costs=costs)


@pytest.mark.slow
def test_many_looks_are_allowed_for() -> None:
    """Of 100 calibrations of 200 primitives each on a machine that does not change, none is refused (fixed seed)."""
    refused = [seed for seed in range(100) if drifts(*halves(_noisy(seed, 200)))]

    assert refused == []


def test_the_halves_are_the_earlier_rounds_and_the_later() -> None:
    """Of an odd number the later half has one more; the largest change is told first."""
    changed = _costs(*_KEPT[:8], *(each * 1.5 for each in _KEPT[8:]))
    more = replace(
        changed.costs["fault"],
        name="mmap",
        points=(replace(changed.costs["fault"].points[0], processes=((1.0,),) * 3),),
    )

    first, second = halves(replace(changed, costs={**changed.costs, "mmap": more}))

    assert [len(half.costs["mmap"].points[0].processes) for half in (first, second)] == [1, 2]
    (drift,) = drifts(first, second)
    assert isinstance(drift, Drift)
    assert drift.name == "fault (page 4096)"
    assert 1.5 < drift.ratio.value < 1.6
