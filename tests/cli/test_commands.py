"""The command line as a user meets it: a real process, real files, its words and its exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest


def _golab(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "NO_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.slow
def test_the_catalogue_is_listed(tmp_path: Path) -> None:
    """Scenarios with their factors and cells; JSON by its published schema."""
    listed = _golab("list", cwd=tmp_path)
    as_json = _golab("list", "--json", cwd=tmp_path)
    schema = _golab("schema", "list", cwd=tmp_path)

    assert "mmap-large  Mapping and first touch of large memory" in listed.stdout
    assert "    cell ticker-96MiB-thp_madvise-p4" in listed.stdout
    jsonschema.validate(json.loads(as_json.stdout), json.loads(schema.stdout))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ("run", "scenario", "mmap-larg"),
            2,
            "golab: no scenario is called 'mmap-larg'\n  hint: did you mean mmap-large?",
        ),
        (("run", "scenario", "../x\n\x1b[31m"), 2, r"no scenario is called '../x\n\x1b[31m'"),
        (("run", "scenario", "mmap-large", "--set", "thp"), 2, "--set 'thp' is not NAME=VALUE"),
        (("run", "scenario", "mmap-large", "--set", "thp=a", "--set", "thp=b"), 2, "write --set thp=a,b"),
        (("run", "scenario", "mmap-large", "--gomaxprocs", "1,,2"), 2, "has an empty entry"),
        (
            ("run", "scenario", "mmap-large", "--max-time", "soon"),
            2,
            "--max-time: 'soon' is not a number and a unit",
        ),
        (("run", "scenario", "mmap-large", "--set", "size=9999TiB"), 4, "cell touch-9999TiB touches"),
        (("--root", "/nonexistent", "list"), 2, "/nonexistent has no folder scenarios/"),
        (("schema", "rnu"), 2, "did you mean run"),
        (("run", "scenario", "mmap-large", "--engine", "podman"), 2, "podman"),
    ],
)
def test_a_mistake_is_a_sentence_and_an_exit_code(
    arguments: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    """No traceback; what is wrong, and what would be right."""
    done = _golab(*arguments, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr


@pytest.mark.slow
def test_a_rendered_program_is_a_folder_to_work_in(tmp_path: Path) -> None:
    """The first default cell, or the chosen ones in a folder each; never over something that is there."""
    one = _golab("render", "mmap-large", "-o", "one", cwd=tmp_path)
    several = _golab(
        "render", "mmap-large", "-o", "several", "--set", "mode=heap,touch", "--gomaxprocs", "2", cwd=tmp_path
    )
    again = _golab("render", "mmap-large", "-o", "one", cwd=tmp_path)

    assert one.stdout == "one: go run .\n"
    assert (
        several.stdout == "several/heap-p2: GOMAXPROCS=2 go run .\nseveral/touch-p2: GOMAXPROCS=2 go run .\n"
    )
    assert '"heap"' in (tmp_path / "several/heap-p2/main.go").read_text()
    assert (tmp_path / "one/go.mod").read_text() == "module golab/mmap-large\n\ngo 1.27\n"
    assert (again.returncode, again.stderr) == (
        2,
        "golab: one holds something already\n  hint: give -o a folder that is new or empty\n",
    )
