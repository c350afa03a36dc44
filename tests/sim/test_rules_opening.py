"""Opening files: which costs come together by how a file lies, and what an open that takes long does to the P."""

from collections.abc import Callable
from typing import Any

import pytest

from lab.errors import ProgramRaisedError, SimulatedProgramError
from lab.sim import Body, G, ms, simulate, us
from lab.sim.costs import Cost, Costs, Point
from lab.sim.packaged import packaged
from tests.free import costing
from tests.observed import ended, observed

_PARTS = {
    "open_present": 4000,
    "open_absent": 1500,
    "open_name": 100,
    "open_lookup": 30_000,
    "open_start": 20_000,
    "open_writable": 5000,
}


def took(*opens: dict[str, Any], **parts: int) -> list[int]:
    """What each of some opens took that a goroutine makes one after the other."""

    def main(g: G) -> Body:
        for each in opens:
            start = g.now()
            yield g.open(**each)
            g.observe("at", g.now() - start)

    return observed(main, costs=costing({**_PARTS, **parts}))


def test_a_known_name_costs_the_same_on_however_many_layers() -> None:
    """It is its path's names and its own; the first open of a process finds its code cold."""
    deep = {"fs": "overlay", "depth": 5}

    assert took(deep, deep, {**deep, "layers": 100}) == [24_400, 4_400, 4_400]
    absent = {"fs": "overlay", "file": "absent"}
    assert took(deep, absent) == [24_400, 1_500]
    assert took(absent, absent, deep, deep) == [21_500, 1_500, 24_400, 4_400]


def test_a_name_that_nobody_has_looked_up_is_looked_up_in_layers() -> None:
    """Of one file's name in the parts above nothing is; a file system without layers has one cost."""
    again = {"fs": "overlay"}
    first = {"fs": "overlay", "layers": 32, "is_first": True, "depth": 2}

    assert took(again, first) == [24_000, 34_100]
    assert took(again, {**first, "file": "absent"})[1] == 31_600
    assert took(again, {"fs": "bind", "file": "absent", "is_first": True, "layers": 7})[1] == 31_500


def test_a_file_that_is_opened_to_write_has_a_cost_of_its_own() -> None:
    """As long as it need not be copied up: that is a disk's work."""
    writable = {"fs": "overlay-mount", "is_writable": True}

    assert took(writable, writable) == [25_000, 5_000]


def test_a_look_up_ends_at_the_first_layer_that_has_the_file() -> None:
    """On top of 100 it is that of one layer; between two numbers of layers that were measured it lies between theirs.

    The first new name after known ones is dearer than the next.
    """
    points = {1: 5_000.0, 8: 15_000.0, 100: 150_000.0}
    lookup = Cost(
        name="open_lookup",
        points=tuple(
            Point(levels={"fs": "overlay", "layers": n, "after": after}, processes=((ns * times,),))
            for n, ns in points.items()
            for after, times in (("known", 2), ("new", 1))
        ),
        date="",
        origin="a test",
    )
    free = costing({})
    costs = Costs(
        source="", identity="", fingerprint="", calibrated=True, costs={**free.costs, "open_lookup": lookup}
    )

    def main(g: G) -> Body:
        for where in (
            {"layer": "top", "layers": 100},
            {"layers": 100},
            {"layers": 30},
            {"file": "absent", "layers": 8},
        ):
            start = g.now()
            yield g.open(fs="overlay", is_first=True, **where)
            g.observe("at", g.now() - start)

    top, lowest, between, absent = observed(main, costs=costs)

    assert (top, lowest, absent) == (10_000, 150_000, 15_000)
    assert 15_000 < between < 150_000
    assert between == pytest.approx(15_000 * 10 ** (1.3218 / 2.5257), rel=0.01)


def test_a_long_open_has_its_p_taken_away() -> None:
    """Sysmon hands the P over, so another goroutine runs long before a file is open: as during any system call that is busy."""

    def main(g: G) -> Body:
        yield g.sleep(ms(2))
        yield g.go(other)
        yield g.open(fs="overlay", layers=100, is_first=True)
        g.observe("at", "opened")
        yield g.sleep(ms(2))

    def other(g: G) -> Body:
        g.observe("at", "other")
        yield g.work(us(1))

    def order(lookup: int) -> list[Any]:
        return observed(main, costs=costing({"open_lookup": lookup}))

    assert order(ms(15)) == ["other", "opened"]
    assert order(us(2)) == ["opened", "other"]


def test_opens_are_cpu_time() -> None:
    """Two of 10 ms on one CPU take 20, on two CPUs 10, whatever GOMAXPROCS is: nobody waits, but for a CPU."""

    def main(g: G) -> Body:
        wg = g.waitgroup()
        yield wg.add(2)
        for _ in range(2):
            yield g.go(opens, wg)
        yield wg.wait()
        g.observe("at", round(g.now() / ms(1)))

    def opens(g: G, wg: Any) -> Body:
        yield g.open(fs="overlay", layers=100, is_first=True)
        yield wg.done()

    costs = costing({"open_lookup": ms(10)})
    assert observed(main, 2, cpus=2, costs=costs) == [10]
    assert 19 <= observed(main, 2, cpus=1, costs=costs)[0] <= 21


def test_closing_is_a_system_call() -> None:
    """It costs what it costs on that file system, and keeps the P."""

    def main(g: G) -> Body:
        start = g.now()
        yield g.close(fs="overlay")
        g.observe("at", g.now() - start)

    assert observed(main, costs=costing({"open_close": 1600})) == [1600]


@pytest.mark.parametrize(
    ("operation", "cost"), [(G.open, "open_present"), (G.close, "open_close")], ids=["open", "close"]
)
def test_what_was_not_measured_is_named(operation: Callable[..., Any], cost: str) -> None:
    """As a prediction's reason has it: which file system, and which there are."""

    def main(g: G) -> Body:
        yield operation(g, fs="btrfs")

    with pytest.raises(SimulatedProgramError, match=f"{cost!r} is not known at fs=btrfs") as caught:
        simulate(main)
    assert "fs=overlay-mount" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"is_writable": True, "file": "absent"},
        {"file": "there"},
        {"layer": "middle"},
        {"layers": 0},
        {"depth": 0},
        {"depth": -1},
    ],
)
def test_a_place_that_no_file_has_is_the_programs_mistake(wrong: dict[str, Any]) -> None:
    """It is told with the goroutine and its line, as every mistake."""

    def main(g: G) -> Body:
        yield g.open(**wrong)

    with pytest.raises(ProgramRaisedError, match=next(iter(wrong))):
        ended(main)


def test_packaged_costs_know_every_folder_that_an_experiment_may_have() -> None:
    """Each part, so that a prediction without a calibration is one."""
    costs = packaged().costs
    kinds = {"tmpfs", "bind", "host", "overlay", "overlay-mount"}

    for name in ("open_present", "open_absent", "open_close", "open_name", "open_lookup", "open_start"):
        assert {point.levels["fs"] for point in costs[name].points} == kinds
