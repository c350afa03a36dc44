"""``golab compare`` and ``runs`` as a user meets them: words, JSON, exit codes, and the codes that nox and make pass on."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from lab.model.run import Ending
from tests.recorded import Recipe, record

pytestmark = pytest.mark.slow

_OLD, _NEW, _SLOW, _OTHER, _UNPREDICTED, _LOST = (
    "20261124-1-example",
    "20261124-2-example",
    "20261124-3-example",
    "20261124-4-example",
    "20261124-5-example",
    "20261124-6-example",
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs that are alike, a slower one, one of another program, and predictions that hold or do not."""
    root = tmp_path_factory.mktemp("results")
    record(root, Recipe(name=_OLD, seed=1))
    record(root, Recipe(name=_NEW, seed=2, replicates=20))
    record(root, Recipe(name=_SLOW, seed=3, speed=1.6))
    record(root, Recipe(name=_OTHER, seed=4, program="d" * 64, replicates=2, speed=1.14))
    record(root, Recipe(name=_UNPREDICTED, seed=5, predicted=False))
    record(root, Recipe(name=_LOST, seed=6, lost=Ending.TIMEOUT))
    return root


def _golab(*arguments: str, results: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", *arguments, "--results", str(results)],
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "160"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((_UNPREDICTED, "--check"), 3),
        ((_LOST, "--check"), 1),
        ((_OLD, _LOST, "--check"), 3),
        ((_OLD,), 0),
        ((_OLD, "--check"), 0),
        ((_SLOW,), 0),
        ((_SLOW, "--check"), 1),
        ((_OTHER, "--check"), 3),
        ((_OLD, _NEW, "--check"), 0),
        ((_OLD, _SLOW, "--check"), 1),
        ((_OLD, _SLOW), 0),
        ((_OLD, _OTHER, "--check", "--force"), 3),
        ((_OLD, _SLOW, "--metric", "grown*", "--check"), 0),
    ],
)
def test_a_check_ends_in_its_code(results: Path, arguments: tuple[str, ...], code: int) -> None:
    """0 where all agree, 1 where something does not, 3 where something is not decided; without --check always 0.

    Nothing predicted is not decided; so is another run of which one replicate of each cell timed out, for its survivors
    are not all, and one timeout more in ten is no difference yet.
    """
    assert _golab("compare", *arguments, results=results).returncode == code


def test_two_runs_are_shown_side_by_side(results: Path) -> None:
    """The set-ups first, then each metric, then what is different in a sentence."""
    alike, slower = (_golab("compare", _OLD, name, results=results).stdout for name in (_NEW, _SLOW))

    assert "replicates │ 10  │ 20" in alike
    assert "9 of 9 metrics are alike within their margins." in alike
    assert "the set-ups do not differ" in slower
    assert "3 of 9 metrics are alike within their margins; 6 differ." in slower
    assert alike.index("set-up:") < alike.index("new over old")


def test_other_programs_are_refused_and_compared_by_force(results: Path) -> None:
    """A usage error with the way out; by force the warning stands above all."""
    refused = _golab("compare", _OLD, _OTHER, results=results)
    forced = _golab("compare", _OLD, _OTHER, "--force", results=results)

    assert refused.returncode == 2
    assert "cannot be compared: they did not run the same program in s1, s2, s3" in refused.stderr
    assert "hint: --force" in refused.stderr
    assert forced.stdout.startswith("these runs are compared by --force: they did not run the same program")


@pytest.mark.parametrize(
    ("arguments", "schema"),
    [(("compare", _OLD), "run"), (("compare", _OLD, _SLOW), "compare"), (("runs",), "runs")],
)
def test_json_keeps_its_schema(results: Path, arguments: tuple[str, ...], schema: str) -> None:
    """As `golab schema` publishes it."""
    printed = _golab(*arguments, "--json", results=results)
    published = subprocess.run(
        [sys.executable, "-m", "lab", "schema", schema], capture_output=True, text=True, check=True
    )

    jsonschema.validate(json.loads(printed.stdout), json.loads(published.stdout))


def test_runs_are_listed(results: Path) -> None:
    """With what they measured and how they came out."""
    listed = _golab("runs", results=results).stdout

    assert "example on engine docker, Go 1.27.3: 3 cells, 30 replicates" in " ".join(listed.split())
    assert "6 of 6 predictions hold" in listed


def test_who_reads_a_damaged_run_is_told(tmp_path: Path) -> None:
    """In the list, and beside what is made of it that has no place to say so; what stands before the damage is used."""
    name, sheet = "20261125-1-example", tmp_path / "sheet.txt"
    record(tmp_path, Recipe(name="20261125-2-example", seed=2))
    runs = record(tmp_path, Recipe(name=name)).path / "runs.jsonl"
    lines = runs.read_bytes().splitlines(keepends=True)
    runs.write_bytes(b"".join([*lines[:27], lines[27].replace(b"4096", b"4097"), *lines[28:]]))
    told = "the record is damaged: runs.jsonl: line 28, from byte "
    export = _golab("export", name, "--benchfmt", results=tmp_path)
    sheet.write_text(export.stdout)

    assert (export.returncode, export.stdout.count("replicate: ")) == (0, 27)
    for told_by in (
        export,
        _golab("export", name, "--csv", results=tmp_path),
        _golab("compare", name, "2-example", results=tmp_path),
        _golab("compare", name, str(sheet), results=tmp_path),
    ):
        assert f"golab: {name}: {told}" in told_by.stderr
    assert told in _golab("compare", name, results=tmp_path).stdout
    assert told in " ".join(_golab("runs", results=tmp_path).stdout.split())
    first, second = json.loads(_golab("runs", "--json", results=tmp_path).stdout)["runs"]
    assert (first["replicates"], first["damage"].split(",")[0]) == (27, "runs.jsonl: line 28")
    assert (second["damage"], _golab("export", "2-example", "--csv", results=tmp_path).stderr) == ("", "")


def test_what_is_not_there_is_a_sentence(results: Path, tmp_path: Path) -> None:
    """No run by that name, no run at all, patterns that leave nothing."""
    unknown = _golab("compare", "20261124-9", results=results)
    nothing = _golab("compare", _OLD, "--metric", "nothing*", results=results)
    empty = _golab("runs", results=tmp_path)

    assert (unknown.returncode, nothing.returncode, empty.returncode) == (2, 2, 0)
    assert "is called '20261124-9'" in unknown.stderr
    assert "--only and --metric leave nothing of the run" in nothing.stderr
    assert "no run yet" in empty.stderr


def test_nox_fails_with_golab_and_prints_its_code(results: Path, tmp_path: Path) -> None:
    """Nox ends with 1, its own; golab's code is in what it prints."""
    command = [sys.executable, "-m", "lab", "compare", _OTHER, "--check", "--results", str(results)]
    (tmp_path / "noxfile.py").write_text(
        "import nox\n\n@nox.session(venv_backend='none')\ndef gate(session):\n"
        f"    session.run(*{command!r}, external=True, env={{'PYTHONPATH': {str(Path(__file__).parents[2])!r}}})\n"
    )

    done = subprocess.run(
        [sys.executable, "-m", "nox", "-f", tmp_path / "noxfile.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "failed with exit code 3" in done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_fails_with_golab_and_prints_its_code(results: Path, tmp_path: Path) -> None:
    """Make ends with 2, its own; golab's code is in what it prints."""
    (tmp_path / "Makefile").write_text(
        f"gate:\n\tPYTHONPATH={Path(__file__).parents[2]} {sys.executable} -m lab compare {_SLOW} --check"
        f" --results {results}\n"
    )

    done = subprocess.run(["make", "gate"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Error 1" in done.stderr
