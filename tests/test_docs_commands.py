"""Commands that the documentation shows name scenarios, cells and levels that there are: each would begin."""

import re
import shlex
from pathlib import Path
from typing import Final

import pytest

from lab.cli.app import main

_ROOT: Final = Path(__file__).parents[1]
_PAGES: Final = (_ROOT / "README.md", *sorted((_ROOT / "docs").rglob("*.md")))
_SHELL: Final = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMANDS: Final = tuple(
    pytest.param(line, id=f"{page.name}: {line.partition('#')[0].strip()}")
    for page in _PAGES
    for block in _SHELL.findall(page.read_text())
    for line in block.splitlines()
    if line.startswith("golab run scenario ")
)
_DO_NOTHING: Final = ("--dry-run", "--engine", "host")


@pytest.mark.parametrize("line", _COMMANDS)
def test_a_run_that_a_page_shows_would_begin(
    line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every option that it has; what is not there is an error of the command line."""
    monkeypatch.setattr("sys.argv", [*shlex.split(line, comments=True), *_DO_NOTHING])

    with pytest.raises(SystemExit) as ended:
        main()

    said = capsys.readouterr()
    assert not ended.value.code, said.err
    assert "replicates of each" in said.out


def test_pages_show_runs() -> None:
    """Else nothing was asked above."""
    assert len(_COMMANDS) > 3
