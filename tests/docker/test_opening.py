"""Opening files in containers: what calibration finds there, of a few of the folders that it looks into."""

from dataclasses import replace
from pathlib import Path

import pytest

from lab.calibrate import PROGRAM, Sitting, giving, measure
from lab.engine.docker import DockerEngine
from lab.golang import build, render
from lab.golang.toolchain import Toolchain
from lab.sim import Body, Costs, G, simulate
from lab.sim.packaged import packaged

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]

_FOLDERS = ("tmpfs", "bind", "overlay:3", "overlay:12", "overlay-mount:1", "overlay-mount:40")
_TOOLS = Path(__file__).parents[2] / "go_templates"


@pytest.fixture(scope="module")
def costs(engine: DockerEngine, go_toolchain: Toolchain, cache: Path) -> Costs:
    """Two rounds in some folders."""
    agent = build.build(engine, go_toolchain, render.read_program(_TOOLS, "agent"), cache)
    source = render.render_program(_TOOLS, PROGRAM, tools=_TOOLS, go_line=go_toolchain.go_line, values={})
    program = build.build(engine, go_toolchain, source, cache)
    (group,) = giving({"open_lookup"})
    sitting = Sitting(release=go_toolchain.release, processes=2, groups=(replace(group, folders=_FOLDERS),))

    calibration, _ = measure(engine, agent, program, sitting, fingerprint="this machine")

    assert calibration.sittings[0].refused == ()
    return calibration.costs


def test_each_cost_is_known_where_a_program_may_open_files(costs: Costs) -> None:
    """By the layers that have the folder, which of an image are two less; an image's root is opened by nobody to write."""
    (group,) = giving({"open_lookup"})
    kinds = {"tmpfs", "bind", "overlay", "overlay-mount"}

    assert group.costs == set(costs.costs) - {"tick"}
    for name in ("open_present", "open_absent", "open_close", "open_name", "open_start"):
        assert {point.levels["fs"] for point in costs.costs[name].points} == kinds
    assert {point.levels["fs"] for point in costs.costs["open_writable"].points} == kinds - {"overlay"}
    assert {tuple(point.levels.values()) for point in costs.costs["open_lookup"].points} == {
        (*where, after)
        for where in (
            ("tmpfs",),
            ("bind",),
            ("overlay", 1),
            ("overlay", 10),
            ("overlay-mount", 1),
            ("overlay-mount", 40),
        )
        for after in ("known", "new")
    }


def test_a_name_that_nobody_has_asked_for_is_looked_up_in_every_layer(costs: Costs) -> None:
    """On forty it takes several times what it takes on one, by mount and by image; a name that is known takes what it took."""

    def lookup(fs: str, layers: int) -> float:
        return costs.cost("open_lookup").value({"fs": fs, "layers": layers, "after": "new"}, 0.9, 0.5)

    assert lookup("overlay-mount", 40) > 4 * lookup("overlay-mount", 1) > 0
    assert lookup("overlay", 10) > 1.5 * lookup("overlay", 1) > 0


def test_a_prediction_is_made_of_them(costs: Costs) -> None:
    """Of another number of layers than were measured."""

    def main(g: G) -> Body:
        for is_first in (False, False, True):
            start = g.now()
            yield g.open(fs="overlay-mount", layers=20, is_first=is_first)
            g.observe("took_ns", g.now() - start)
            yield g.close(fs="overlay-mount")

    first, again, new = simulate(main, costs=packaged().merged(costs)).observations["took_ns"]

    assert again < new < 100 * again
    assert first >= again
