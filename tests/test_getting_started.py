"""docs/getting-started.md leads to a table: its commands run, and print what the page shows, ``…`` standing for anything."""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.slow

_ROOT: Final = Path(__file__).parents[1]
_PAGE: Final = (_ROOT / "docs/getting-started.md").read_text()
_BLOCK: Final = re.compile(
    r"(<!-- needs root and dockerd -->\n)?^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
_KNOWN_CODES: Final = {"golab doctor": {0, 1, 4}}
_BLOCKS: Final = [(bool(needs), text) for needs, text in _BLOCK.findall(_PAGE)]


def _steps(block: str) -> list[tuple[str, list[str]]]:
    """Each command with the lines shown below it."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    return [(command, shown.splitlines()) for command, shown in zip(parts[::2], parts[1::2], strict=True)]


def _pattern(shown: list[str]) -> re.Pattern[str]:
    """Shown lines as a pattern: a line that is only … stands for any lines."""
    lines = [
        "(?:.*\n)*?" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + "\n" for line in shown
    ]
    return re.compile("".join(lines))


def _follow(block: str, folder: Path) -> None:
    for name in ("scenarios", "go_templates"):  # a lab of its own, so that its records go there
        (folder / name).symlink_to(_ROOT / name)
    environment = {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"}
    environment |= {"COLUMNS": "160", "GOLAB_ENGINE_DIR": str(folder / "engine"), "PYTHONPATH": str(_ROOT)}
    for command, shown in _steps(block):
        done = subprocess.run(
            [sys.executable, "-m", "lab", *shlex.split(command)[1:]],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode in _KNOWN_CODES.get(command, {0}), done.stdout
        assert _pattern(shown).match(done.stdout), f"$ {command}\n{done.stdout}"


@pytest.mark.go
@pytest.mark.parametrize("block", [text for needs, text in _BLOCKS if not needs], ids=lambda text: text[:40])
def test_the_page_leads_to_a_table(block: str, tmp_path: Path) -> None:
    """Without an engine, without root."""
    _follow(block, tmp_path)


@pytest.mark.docker
@pytest.mark.parametrize("block", [text for needs, text in _BLOCKS if needs], ids=lambda text: text[:40])
def test_the_page_leads_to_a_table_in_containers(block: str) -> None:
    """With an engine of golab's own, which is gone in the end; a socket's path has to be short."""
    with tempfile.TemporaryDirectory(prefix="golab-") as folder:
        _follow(block, Path(folder))
        assert not Path(folder, "engine").exists()
