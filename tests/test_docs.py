"""What docs/simulator.md shows is what golab prints. With ``GOLAB_REFRESH_DOCS=1`` the page is written anew instead.

A python block that begins with ``# file: NAME.py`` is that file; a console block has commands (``$ golab …`` and
``$ python NAME.py``), each followed by all that it prints, on either stream.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.slow

_ROOT: Final = Path(__file__).parents[1]
_PAGE: Final = _ROOT / "docs/simulator.md"
_FILE: Final = re.compile(r"^```python\n(# file: (\S+\.py)\n.*?)^```$", re.MULTILINE | re.DOTALL)
_CONSOLE: Final = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROGRAMS: Final = {
    "golab": (sys.executable, "-m", "lab"),
    "python": (sys.executable,),
}
_BLOCKS: Final = _CONSOLE.findall(_PAGE.read_text())


def _commands(block: str) -> list[str]:
    return [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]


def _printed(command: str, folder: Path) -> str:
    program, *arguments = shlex.split(command)
    done = subprocess.run(
        (*_PROGRAMS[program], *arguments),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(_ROOT), "COLUMNS": "120", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return f"$ {command}\n{done.stdout}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the page's reader is in: the page's files, and the examples."""
    made = tmp_path_factory.mktemp("docs")
    for text, name in _FILE.findall(_PAGE.read_text()):
        (made / name).write_text(text)
    (made / "examples").symlink_to(_ROOT / "examples")
    return made


@pytest.mark.parametrize("block", _BLOCKS, ids=lambda block: block.splitlines()[0])
def test_the_page_shows_what_is_printed(block: str, folder: Path) -> None:
    """Every line of every block, in order."""
    now = "".join(_printed(command, folder) for command in _commands(block))

    if os.environ.get("GOLAB_REFRESH_DOCS"):
        _PAGE.write_text(_PAGE.read_text().replace(f"```console\n{block}```", f"```console\n{now}```"))
        pytest.skip("written anew")
    assert block == now


def test_no_output_depends_on_the_machine() -> None:
    """A simulation that is shown names its costs."""
    simulations = [command for block in _BLOCKS for command in _commands(block) if "golab sim" in command]

    assert simulations
    assert [command for command in simulations if "--costs packaged" not in command] == []
