"""From what calibration processes observed to costs, by the observations' names."""

import pytest

from lab.calibrate.naming import costs_of
from lab.errors import MeasurementError
from lab.sim.costs import Cost


def _found(costs: dict[str, Cost]) -> dict[tuple[object, ...], tuple[tuple[float, ...], ...]]:
    return {
        (name, *point.levels.items()): point.processes
        for name, cost in costs.items()
        for point in cost.points
    }


def test_a_name_says_cost_levels_and_over_how_many_operations() -> None:
    """Every round is a process; nothing is less than nothing; numbers are levels in their own right."""
    rounds = [
        {
            "fault{page=4096}/24576_ns": [24576 * 1500],
            "mmap{bytes=8,prot=rw}_ns": [1600, 1700],
            "osyield_ns": [-5],
        },
        {"fault{page=4096}/24576_ns": [24576 * 1400], "mmap{bytes=8,prot=rw}_ns": [1500], "osyield_ns": [7]},
    ]

    costs = dict(costs_of(rounds, date="2026-11-27", origin="a test"))

    assert _found(costs) == {
        ("fault", ("page", 4096)): ((1500.0,), (1400.0,)),
        ("mmap", ("bytes", 8), ("prot", "rw")): ((1600.0, 1700.0), (1500.0,)),
        ("osyield",): ((0.0,), (7.0,)),
    }
    assert {(cost.date, cost.origin) for cost in costs.values()} == {("2026-11-27", "a test")}


def test_levels_come_by_their_size() -> None:
    """In a file and in a table 20 stands before 100."""
    seen = {f"usleep_overshoot{{ns={ns}}}_ns": [1] for ns in (100, 3, 20)}

    (cost,) = costs_of([seen], date="", origin="").values()

    assert [point.levels["ns"] for point in cost.points] == [3, 20, 100]


def test_what_a_round_lacks_is_not_made_up() -> None:
    """A process without values of a primitive is left out of it, and so is what would follow."""
    costs = costs_of([{"osyield_ns": [1], "getppid_go_ns": [9]}, {"osyield_ns": []}], date="", origin="")

    assert _found(dict(costs)) == {("osyield",): ((1.0,),), ("getppid_go",): ((9.0,),)}


def test_shares_are_kept_as_they_are() -> None:
    """Whether it was so, one time after the other."""
    name = "free_wake_same_cpu{gap=5000,waker=busy,prev=same}"

    (cost,) = costs_of([{name: [1, 0, 1]}], date="", origin="").values()

    assert cost.points[0].processes == ((1.0, 0.0, 1.0),)


@pytest.mark.parametrize("name", ["Fault_ns", "fault{}_ns", "fault{page=1}{x=2}_ns", "fault/0_ns", ""])
def test_another_versions_names_are_refused(name: str) -> None:
    """A program that does not say what it measured is not this lab's."""
    with pytest.raises(MeasurementError, match="names no primitive"):
        costs_of([{name: [1]}], date="", origin="")
