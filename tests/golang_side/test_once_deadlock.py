"""How the programs of once-deadlock really end, under each Go release that it names, against what its twin foretells."""

import functools
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from lab import predict
from lab.bench import command
from lab.engine.host import HostEngine
from lab.golang.build import Binary, Setting, build
from lab.golang.render import render_program
from lab.golang.toolchain import Toolchain, fetch
from lab.manifest import load
from lab.model.building import Building
from lab.model.matrix import Cell, default_cells
from lab.model.scenario import GOMAXPROCS
from lab.sim.packaged import packaged
from lab.stats.ending import HANG, simulated_words

pytestmark = [pytest.mark.go, pytest.mark.slow]

_ROOT: Final = Path(__file__).parents[2]
_SCENARIO: Final = load(_ROOT / "scenarios/once-deadlock.toml")
_CELLS: Final = {cell.id: cell for cell in default_cells(_SCENARIO)}
_NEWEST: Final = _SCENARIO.releases[0]
_RACES: Final = ("crossed_by_chance-p1", "crossed_by_chance-p2")
_PATIENCE_SECONDS: Final = 3.0
"""For all programs of a release at once; those that end need some milliseconds of it."""
_WORDS: Final = {
    "fatal error: all goroutines are asleep - deadlock!": "deadlock",
    "panic: initialiser": "panic",
    "": "exit",
}
_IN_CPP: Final = {
    "cpp_nested": "exit",
    "cpp_reentrant": HANG,
    "cpp_crossed": HANG,
    "cpp_mutex": HANG,
    "cpp_two_mutexes": "exit",
    "cpp_recursive_mutex": "exit",
}
"""No twin says so: glibc's pthread_once and its normal mutex wait for whoever holds them."""
_OTHERWISE: Final = {("1.22.10", "crossed-timer_channel"): HANG}
"""Before Go 1.23 a channel's timer was in a heap from the start, whoever waited for it."""

Built = Callable[[str, Building], Path]


@pytest.fixture(scope="module")
def built(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A function that gives the program as a release builds it, each once."""
    made: dict[tuple[str, Building], Path] = {}
    folder = tmp_path_factory.mktemp("once-deadlock")
    templates = _ROOT / "go_templates"
    values = {factor.name: factor.default.value for factor in _SCENARIO.factors}

    def of(release: str, building: Building) -> Path:
        if (release, building) not in made:
            go: Toolchain = fetch(release, cache, print)
            program = render_program(
                templates, "once-deadlock", tools=templates, go_line=go.go_line, values=values
            )
            setting = Setting(building=building)
            binary: Binary = build(HostEngine(cache=cache), go, program, cache, setting)
            path = folder / f"{release}-{len(made)}"
            path.write_bytes(binary.content)
            path.chmod(0o755)
            made[release, building] = path
        return made[release, building]

    return of


def _started(binary: Path, cell: Cell) -> subprocess.Popen[str]:
    """One process of *cell*; what it says over the wire is heard by nobody."""
    procs = cell.levels[GOMAXPROCS].text
    with Path(os.devnull).open("w") as nowhere:
        return subprocess.Popen(
            [binary, *command.flags(_SCENARIO, cell)],
            env={"LAB_FD": str(nowhere.fileno())} | ({} if procs == "auto" else {"GOMAXPROCS": procs}),
            pass_fds=(nowhere.fileno(),),
            stderr=subprocess.PIPE,
            text=True,
        )


def _ended(process: subprocess.Popen[str], deadline: float) -> str:
    """How the process ends, in the simulator's words, or what it said."""
    try:
        _, said = process.communicate(timeout=max(deadline - time.monotonic(), 0.01))
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return HANG
    first = said.partition("\n")[0]
    word = _WORDS.get(first, first)
    assert process.returncode == (0 if word == "exit" else 2), said
    return word


@pytest.fixture(scope="module")
def ends(built: Built, request: pytest.FixtureRequest) -> Callable[[str], Mapping[str, str]]:
    """A function that gives, by cell, how the programs of a release end; those of all cells wait at the same time.

    Those that need a compiler are among them where that was asked for.
    """
    compiles = request.config.getoption("--run-compiler")

    @functools.cache
    def of(release: str) -> Mapping[str, str]:
        cells = [
            cell
            for name, cell in _CELLS.items()
            if name not in _RACES and (compiles or not _needs_compiler(name))
        ]
        wanted = [cell for cell in cells if cell.id not in _IN_CPP or release == _NEWEST]
        binaries = {cell.id: built(release, _SCENARIO.building(cell.levels)) for cell in wanted}
        started = {cell.id: _started(binaries[cell.id], cell) for cell in wanted}
        deadline = time.monotonic() + _PATIENCE_SECONDS
        return {name: _ended(process, deadline) for name, process in started.items()}

    return of


def _needs_compiler(name: str) -> bool:
    return _SCENARIO.building(_CELLS[name].levels).needs_compiler


@functools.cache
def _foretold(name: str) -> str:
    """How all of the twin's processes end."""
    twin = predict.read_twin(_ROOT / "scenarios/once-deadlock.py")
    foretold = predict.foretell(_SCENARIO, [_CELLS[name]], twin, packaged(), cpus=2, seed=1).outcomes[name]
    assert not isinstance(foretold, str), foretold
    (word,) = simulated_words(foretold)
    return word


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.compiler] if _needs_compiler(name) else [])
        for name in _CELLS
        if name not in (*_IN_CPP, *_RACES)
    ],
)
@pytest.mark.parametrize("release", _SCENARIO.releases)
def test_programs_end_as_their_twin_does(
    ends: Callable[[str], Mapping[str, str]], release: str, name: str
) -> None:
    """Under every release, but where one has other rules."""
    assert ends(release)[name] == _OTHERWISE.get((release, name), _foretold(name))


@pytest.mark.compiler
@pytest.mark.parametrize(("name", "end"), _IN_CPP.items())
def test_the_cpp_original_ends_or_never_returns(
    ends: Callable[[str], Mapping[str, str]], name: str, end: str
) -> None:
    """As the C library has it; the standard leaves a mutex that is locked twice undefined."""
    assert ends(_NEWEST)[name] == end


@pytest.mark.parametrize("name", _RACES)
@pytest.mark.parametrize("release", _SCENARIO.releases)
def test_a_race_may_end_as_its_twin_does(built: Built, release: str, name: str) -> None:
    """On a machine with other work, too, once in nine at least."""
    binary = built(release, _SCENARIO.building(_CELLS[name].levels))

    ends = {_ended(_started(binary, _CELLS[name]), time.monotonic() + _PATIENCE_SECONDS) for _ in range(9)}

    assert _foretold(name) in ends


@pytest.mark.parametrize(
    ("building", "flag", "said"),
    [
        (Building(), "-variant=cpp_nested", "-variant=cpp_nested is none that is built as Go"),
        (Building(), "-beside=cgo", "build with CGO_ENABLED=1 for -beside=cgo"),
        (Building(), "-beside=nobody", "-beside=nobody is not known"),
        pytest.param(
            Building(cgo=True),
            "-variant=nested",
            "with CGO_ENABLED=0 for all else",
            marks=pytest.mark.compiler,
        ),
        pytest.param(
            Building(language="c++"),
            "-variant=nested",
            "-variant=nested is none that is built as C++",
            marks=pytest.mark.compiler,
        ),
    ],
)
def test_what_is_not_in_the_program_is_usage(built: Built, building: Building, flag: str, said: str) -> None:
    """A variant of C++ in Go and the reverse, and C that was built in or left out against what was asked."""
    done = subprocess.run(
        [built(_NEWEST, building), flag], env={}, capture_output=True, text=True, check=False
    )

    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
