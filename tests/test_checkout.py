"""The checkout itself: nothing strays into it, and it can be installed in place."""

import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Final

import pytest

_ROOT: Final = Path(__file__).parents[1]
_KINDS: Final = frozenset(
    {
        ".cc",
        ".css",
        ".go",
        ".j2",
        ".js",
        ".json",
        ".jsonl",
        ".lock",
        ".md",
        ".mod",
        ".py",
        ".s",
        ".toml",
        ".txtar",
    }
)
_MOST_LINES: Final = 400
_NAMES: Final = frozenset({".ci/run", ".gitignore", "LICENSE", "docs/accuracy.svg", "lab/py.typed"})
"""Files whose kind no ending tells, and the one picture, which is written from a record."""


def _strays(tracked: list[str]) -> list[str]:
    return [path for path in tracked if path not in _NAMES and PurePosixPath(path).suffix not in _KINDS]


def test_a_stray_is_told_from_a_file_of_the_project() -> None:
    """What editors, patches and builds leave has an ending of its own, or none."""
    left = [
        "lab/run.py.orig",
        "lab/run.py.rej",
        "lab/run.py~",
        ".lab.swp",
        "core",
        "golab.whl",
        "lab/wire.so",
    ]

    assert _strays([*left, "lab/run.py", "LICENSE"]) == left


def _tracked() -> list[str]:
    git = ["git", "-c", "safe.directory=*", "ls-files", "-z"]  # whoever made the clone
    listed = subprocess.run(git, cwd=_ROOT, capture_output=True, text=True, check=True)
    return listed.stdout.rstrip("\0").split("\0")


def _undecided(text: str) -> list[str]:
    """Lines that git writes where two changes do not fit together."""
    return [line for line in text.splitlines() if line.startswith(("<" * 7 + " ", ">" * 7 + " "))]


@pytest.mark.slow
def test_nothing_strays_into_the_checkout() -> None:
    """Every file that git tracks is of a kind that the project has; all of lab/ is in the wheel."""
    tracked = _tracked()

    assert set(tracked) >= _NAMES
    assert _strays(tracked) == []


def test_no_two_changes_were_left_side_by_side() -> None:
    """A page is compared with what writes it: where both have both, they agree."""
    assert _undecided("<<<<<<< HEAD\none\n=======\nother\n>>>>>>> ce95e44 (a change)\n") == [
        "<<<<<<< HEAD",
        ">>>>>>> ce95e44 (a change)",
    ]
    assert [path for path in _tracked() if _undecided((_ROOT / path).read_text())] == []


@pytest.mark.slow
def test_an_installation_in_place_needs_nothing_beyond_the_lock() -> None:
    """CONTRIBUTING's first line, but for writing: the build is asked for an editable wheel and makes it."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--dry-run", "--no-deps"]

    done = subprocess.run(
        [*pip, "--no-build-isolation", "--editable", "."],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, "Would install golab" in done.stdout) == (0, True), done.stderr


def test_no_module_outgrows_a_reader() -> None:
    """At most 400 lines, in Python and in Go."""
    modules = [
        path
        for folder, kind in (("lab", "py"), ("go_templates", "go"))
        for path in (_ROOT / folder).rglob(f"*.{kind}")
    ]

    assert modules
    assert [str(path) for path in modules if len(path.read_text().splitlines()) > _MOST_LINES] == []
