"""``golab sim`` as a user meets it: its JSON, its words, its exit codes, and the examples that ship."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lab.published import SCHEMAS
from lab.sim.packaged import packaged

pytestmark = pytest.mark.slow

_ROOT = Path(__file__).parents[2]
_EXAMPLES = sorted((_ROOT / "examples").glob("*.py"))


def _sim(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """As on a machine that was never calibrated, unless *environment* says where its calibrations are: what is told are instants, too."""
    return subprocess.run(
        [sys.executable, "-m", "lab", "sim", *map(str, arguments)],
        cwd=_ROOT,
        env={**os.environ, "XDG_STATE_HOME": "/nonexistent", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _json(*arguments: str | Path, **environment: str) -> dict[str, Any]:
    done = _sim(*arguments, "--json", **environment)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMAS["sim"].model_json_schema())
    return found


def test_cells_are_the_lists_product_and_repetitions_are_in_order() -> None:
    """Every field of the published form, for each repetition one entry."""
    result = _json(
        _ROOT / "examples/worker_pool.py", "--gomaxprocs", "auto,1", "--reps", "3", "--costs", "packaged"
    )

    assert result["costs"] == {"source": "packaged", "id": packaged().identity, "calibrated": False}
    assert [(cell["gomaxprocs"], cell["outcomes"], len(cell["wall_ns"])) for cell in result["cells"]] == [
        ("auto", {"exit": 3}, 3),
        (1, {"exit": 3}, 3),
    ]
    two, one = (cell["wall_ns"][0] for cell in result["cells"])
    assert 1.9 < one / two < 2.05
    assert result["cells"][1]["statistics"][0]["gomaxprocs"] == 1
    assert result["cells"][1]["statistics"][0]["/sched/goroutines-created:goroutines"] == 9


def test_the_same_seed_gives_the_same_bytes_whatever_the_hash_seed() -> None:
    """Nothing hangs on the order of a set or on an object's address."""
    arguments = (
        _ROOT / "examples/worker_pool.py",
        "--gomaxprocs",
        "4",
        "--cpus",
        "4",
        "--costs",
        "packaged",
        "--json",
    )

    first, second = (_sim(*arguments, PYTHONHASHSEED=seed).stdout for seed in ("1", "2"))

    assert first == second
    assert first != _sim(*arguments, "--seed", "2").stdout


@pytest.mark.parametrize(("how", "outcome"), [("channel", "deadlock"), ("network", "hang"), ("cgo", "hang")])
def test_the_outcome_is_data(how: str, outcome: str) -> None:
    """A deadlock of the simulated program is no failure of the simulation."""
    result = _json(_ROOT / "examples/unnoticed.py", "--set", f"how={how}")

    assert result["cells"][0]["outcomes"] == {outcome: 1}


def test_a_hog_hurts_a_ticker_at_one_p() -> None:
    """What the example asks about is so."""
    result = _json(_ROOT / "examples/hog_and_ticker.py", "--gomaxprocs", "1,2", "--costs", "packaged")

    alone, beside = (max(cell["observations"]["delay_ns"][0]) for cell in result["cells"])
    assert 19e6 < alone < 22e6
    assert beside < 2e6


@pytest.mark.parametrize("example", _EXAMPLES, ids=lambda path: path.stem)
def test_every_example_asks_a_question_and_runs(example: Path) -> None:
    """Its first line is a question; what it says to type works."""
    head = example.read_text().splitlines()

    assert head[0].startswith('"""')
    assert head[0].endswith("?")
    commands = [line.split()[2:] for line in head if line.startswith("golab sim ")]
    assert commands
    for command in commands:
        done = _sim(*command)
        assert done.returncode == 0, done.stderr
        assert "costs: " in done.stdout


@pytest.mark.parametrize(
    ("text", "arguments", "code", "said"),
    [
        (
            "def main(g):\n    yield 1\n",
            (),
            6,
            "goroutine 1 (main) at 0 ns: yielded 1, which is no operation",
        ),
        (
            "def main(g):\n    yield g.work(-1)\n",
            (),
            6,
            "program.py:2: goroutine 1 (main) at 0 ns: ValueError: -1: a duration is never negative",
        ),
        ("1 / 0\n", (), 6, "ZeroDivisionError"),
        ("x = 1\n", (), 2, "has no function main(g)"),
        ("def main(g):\n    yield g.work(1)\n", ("--set", "n=1"), 2, "the program has no parameter 'n'"),
        (
            "def main(g):\n    yield g.work(1)\n",
            ("--gomaxprocs", "0"),
            2,
            "GOMAXPROCS goes from 1 to 1024, not 0",
        ),
        ("def main(g):\n    yield g.work(1)\n", ("--gomaxprocs", "x"), 2, "--gomaxprocs 'x'"),
        (
            "def main(g):\n    yield g.work(1)\n",
            ("--quota", "0"),
            2,
            "quota 0.0: a quota is in CPUs' worth of time",
        ),
        (
            "def main(g):\n    yield g.work(1)\n",
            ("--quota", "-0.5"),
            2,
            "quota -0.5: a quota is in CPUs' worth of time",
        ),
        (
            "def main(g):\n    yield g.work(1)\n",
            ("--quota", "nan"),
            2,
            "quota nan: a quota is in CPUs' worth of time",
        ),
        (
            "def main(g):\n    yield g.work(1)\n",
            ("--quota", "inf"),
            2,
            "quota inf: a quota is in CPUs' worth of time",
        ),
        ("def main(g):\n    yield g.work(1)\n", ("--quota", "half"), 2, "--quota 'half'"),
        ("def main(g):\n    yield g.work(1)\n", ("--cpus", "0"), 2, "CPUs go from 1 to 1024, not 0"),
        ("def main(g):\n    yield g.work(1)\n", ("--go", "1.22"), 2, "no profile for go1.22"),
        (
            "def main(g):\n    yield g.work(1)\n",
            ("--costs", "nothing.json"),
            2,
            "nothing.json: cannot be read",
        ),
    ],
)
def test_a_mistake_is_a_sentence_and_an_exit_code(
    tmp_path: Path, text: str, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """6 where the program's Python is wrong, 2 for bad input; never a traceback of ours."""
    program = tmp_path / "program.py"
    program.write_text(text)

    done = _sim(program, *arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_file_is_said() -> None:
    """Before anything else."""
    done = _sim("nowhere.py")

    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "golab: nowhere.py is no file")
