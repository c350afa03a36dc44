"""What one replicate of init-chain says, in every default cell and under every release: all that the manifest asks for, and the order of the specification."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lab import catalogue, manifest
from lab.bench import command
from lab.engine.host import HostEngine
from lab.golang import toolchain
from lab.golang.build import Setting, build
from lab.golang.render import GoProgram
from lab.model.level import Level
from lab.model.matrix import Cell, default_cells, product_cells
from lab.model.scenario import GO_RELEASE, Scenario
from lab.workshop import render_cell

pytestmark = [pytest.mark.go, pytest.mark.slow]

_RELEASES = ("1.22.10", "1.24.11", "1.27.3")
_SHORT = "-length=1000000"
_LONG = "-length=40000000"
_IMPORT = re.compile(r'^import (?:_ )?"([^"]+)"$', re.MULTILINE)

Said = Mapping[str, list[Any]]


@pytest.fixture(scope="module")
def scenario(lab_root: Path) -> Scenario:
    """The manifest."""
    return manifest.load(lab_root / "scenarios/init-chain.toml")


class Shop:
    """Makes each program of the scenario once, and runs it."""

    def __init__(self, scenario: Scenario, root: Path, cache: Path, folder: Path) -> None:
        self._scenario = scenario
        self._lab = catalogue.find(root, root)
        self._cache = cache
        self._folder = folder
        self._made: dict[tuple[str, ...], Path] = {}

    def program(self, cell: Cell) -> GoProgram:
        """A cell's program, its flags at the manifest's defaults."""
        return render_cell(self._lab, self._scenario, cell, _without_flags(self._scenario, cell))

    def run(self, cell: Cell, *flags: str, procs: str = "") -> tuple[int, str, Said]:
        """One replicate: its exit code, what it wrote to stderr, and what it said by name."""
        reading, writing = os.pipe()
        environment = {"LAB_FD": str(writing)} | ({"GOMAXPROCS": procs} if procs else {})
        argv = [str(self._binary(cell)), *command.flags(self._scenario, cell), *flags]
        with os.fdopen(reading) as lines:
            process = subprocess.Popen(
                argv, pass_fds=(writing,), env=environment, stderr=subprocess.PIPE, text=True
            )
            os.close(writing)
            _, stderr = process.communicate(timeout=60)
            said: dict[str, list[Any]] = {}
            for line in map(json.loads, lines):
                if "o" in line:
                    said.setdefault(line["o"], []).append(line["v"])
                if "m" in line:
                    said.setdefault(f"start_to_{line['m']}_ns", []).append(line["t"])
        return process.returncode, stderr, said

    def _binary(self, cell: Cell) -> Path:
        release = cell.text(GO_RELEASE)
        program = self.program(cell)
        building = self._scenario.building(cell.levels)
        key = (release, program.sha256, building.ldflags)
        if key not in self._made:
            go = toolchain.fetch(release, self._cache, print)
            made = build(HostEngine(cache=self._cache), go, program, self._cache, Setting(building=building))
            path = self._folder / str(len(self._made))
            path.write_bytes(made.content)
            path.chmod(0o755)
            self._made[key] = path
        return self._made[key]


def _without_flags(scenario: Scenario, cell: Cell) -> Cell:
    levels = {
        factor.name: factor.default if factor.reaches == "flag" else cell.levels[factor.name]
        for factor in scenario.factors
    }
    return Cell(cell.scenario, cell.id, levels)


@pytest.fixture(scope="module")
def shop(scenario: Scenario, lab_root: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Programs that are built once for all of this module's tests."""
    return Shop(scenario, lab_root, cache, tmp_path_factory.mktemp("init-chain"))


def _cell(scenario: Scenario, **levels: str) -> Cell:
    given = {name: (scenario.factor(name).level(text),) for name, text in levels.items()}
    (cell,) = product_cells(scenario, given)
    return cell


def _specified(program: GoProgram) -> list[str]:
    """The specification's words, over the import lines of the rendered sources.

    "Given the list of all packages, sorted by import path, in each step the first uninitialized package in the list for which
    all imported packages (if any) are already initialized is initialized."
    """
    sources: dict[str, str] = {}
    for path, content in program.files.items():
        folder, _, name = path.rpartition("/")
        if name.endswith(".go"):
            package = f"golab/init-chain/{folder}" if folder else "main"
            sources[package] = sources.get(package, "") + content.decode()
    imports = {
        package: {each for each in _IMPORT.findall(source) if each in sources}
        for package, source in sources.items()
    }
    initialised: list[str] = []
    while len(initialised) < len(imports):
        initialised.append(
            next(
                package
                for package in sorted(imports)
                if package not in initialised and imports[package] <= set(initialised)
            )
        )
    return [package for package in initialised if "plan.Init(" in sources[package] and package != "main"]


@pytest.mark.parametrize("release", _RELEASES)
def test_every_default_cell_runs_under_every_release(scenario: Scenario, shop: Shop, release: str) -> None:
    """It says what the manifest wants of it; main comes after what the inits take; the order is the specification's."""
    assert set(_RELEASES) == set(scenario.releases)
    for default in default_cells(scenario):
        cell = Cell(default.scenario, default.id, {**default.levels, GO_RELEASE: Level(release, release)})
        code, stderr, said = shop.run(cell, _SHORT, procs=cell.text("gomaxprocs").replace("auto", ""))

        assert (code, stderr) == (0, ""), cell.id
        assert {metric.observation for metric in scenario.metrics_of(cell.levels)} <= set(said), cell.id
        inits = _specified(shop.program(cell))
        if cell.text("what") == "sleep":
            assert said["main_delay_ns"][0] >= len(inits) * 1_000_000
        assert [f"golab/init-chain/p{number}" for number in said["order"]] == inits, cell.id
        assert said["order_topological"] == said["order_specified"] == [1], cell.id


def test_paths_decide_and_not_the_lines_of_imports(scenario: Scenario, shop: Shop) -> None:
    """Main imports p12 first: it was initialised first before Go 1.21. As paths, p10 comes before p2."""
    _, _, fan = shop.run(_cell(scenario, shape="fan", size="12", who="every", what="nothing"))
    _, _, chain = shop.run(_cell(scenario, size="12", who="every", what="nothing"))

    assert fan["order"] == [1, 10, 11, 12, 2, 3, 4, 5, 6, 7, 8, 9]
    assert (fan["order_specified"], fan["order_depth_first"]) == ([1], [0])
    assert chain["order"] == list(range(12, 0, -1))
    assert (chain["order_specified"], chain["order_depth_first"]) == ([1], [1])


@pytest.mark.parametrize(
    ("what", "ran"),
    [("nothing", 0), ("sleep", 1), ("work", 1), ("network", 2)],
)
def test_at_one_p_a_goroutine_runs_before_main_where_the_init_lets_it(
    scenario: Scenario, shop: Shop, what: str, ran: int
) -> None:
    """Most processes of five: an init that goes on at once does not; one that blocks, or runs for more than two time slices, does."""
    cell = _cell(scenario, what=what, starts="blocked")
    seen = [
        said["goroutines_before_main"][0]
        for _, _, said in (shop.run(cell, _LONG, procs="1") for _ in range(5))
    ]

    assert sorted(seen)[2] == ran, seen


def test_a_goroutine_that_panics_ends_the_process_before_main(scenario: Scenario, shop: Shop) -> None:
    """Where the init sleeps meanwhile. Nothing is said of main."""
    code, stderr, said = shop.run(_cell(scenario, what="sleep", starts="panicking"), _LONG)

    assert code == 2
    assert stderr.startswith("panic: a goroutine that an init started\n")
    assert said == {}


@pytest.mark.parametrize("flag", ["-what=nonsense", "-starts=nonsense", "-length=0"])
def test_bad_flags_are_usage(scenario: Scenario, shop: Shop, flag: str) -> None:
    """With a sentence, before any init of the graph."""
    code, stderr, said = shop.run(_cell(scenario), flag)

    assert code == 2
    assert stderr.startswith("init-chain: cannot do -what=")
    assert said == {}
