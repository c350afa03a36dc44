"""Whole runs on the host engine in which how a program ends is what is predicted: told, kept, and judged by --check."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from lab.published import SCHEMAS
from lab.store import RunFolder

pytestmark = [pytest.mark.go, pytest.mark.slow]

_ROOT = Path(__file__).parent.parent
_NAME = "once-deadlock"


def _run(root: Path, results: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    run = ("run", "scenario", _NAME, "--engine", "host", "--results", str(results), "--runs", "9", "--check")
    return _golab(root, *run, "--costs", "packaged", *arguments)


def _golab(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", "--root", str(root), *arguments],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.usefixtures("go_toolchain")
def test_ends_that_were_foretold_agree(tmp_path: Path) -> None:
    """An exit, a deadlock and a panic; in JSON, in the record, on the page; and an analysis of the record says the same."""
    ends = {"nested": "exit", "reentrant": "deadlock", "oncefunc_panic": "panic"}

    done = _run(_ROOT, tmp_path, "--json", *(f"--only={cell}" for cell in ends))

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    jsonschema.validate(result, SCHEMAS["run"].model_json_schema())
    told = {cell["id"]: cell["outcome"] for cell in result["cells"]}
    assert {cell: (each["measured"], each["predicted"]) for cell, each in told.items()} == {
        cell: ({end: 9}, {end: 32}) for cell, end in ends.items()
    }
    assert {each["verdict"] for each in told.values()} == {"agrees"}
    assert result["conclusion"] == "3 of 3 predictions hold"
    folder = RunFolder(Path(result["record"]))
    assert folder.foretold().outcomes == {cell: {end: 32} for cell, end in ends.items()}
    again = _golab(_ROOT, "compare", result["record"], "--json", "--check")
    assert (again.returncode, json.loads(again.stdout)["cells"]) == (0, result["cells"])
    narrowed = _golab(_ROOT, "compare", result["record"], "--metric", "ending", "--only", "reentrant")
    assert "1 of 1 predictions hold." in narrowed.stdout
    page = folder.report.read_text()
    for end in ends.values():
        assert f'<td data-k="">{end}</td><td data-k="9">9</td><td data-k="">{end}</td>' in page
        assert f"ended in {end}, predicted {end}: share measured less share predicted" in page


@pytest.mark.usefixtures("go_toolchain")
def test_an_end_that_was_not_foretold_disagrees(tmp_path: Path) -> None:
    """A twin that does not see the deadlock: --check fails, and a person is told of it."""
    wrong = tmp_path / "lab"
    (wrong / "scenarios").mkdir(parents=True)
    shutil.copy(_ROOT / "scenarios" / f"{_NAME}.toml", wrong / "scenarios")
    shutil.copytree(_ROOT / "go_templates" / _NAME, wrong / "go_templates" / _NAME)
    twin = (_ROOT / "scenarios" / f"{_NAME}.py").read_text()
    (wrong / "scenarios" / f"{_NAME}.py").write_text(f'{twin}\n\nVARIANTS["reentrant"] = nested\n')

    results = tmp_path / "results"
    done = _run(wrong, results, "--only=reentrant")
    (record,) = (path for path in results.iterdir() if path.is_dir())

    assert done.returncode == 1, done.stderr
    assert _golab(wrong, "compare", str(record), "--check").returncode == 1
    assert "0 of 1 predictions hold; 1 does not." in done.stdout
    assert "reentrant: ended in deadlock, predicted exit: share measured less share predicted" in " ".join(
        done.stdout.split()
    )
