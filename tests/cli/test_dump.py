"""``golab dump``: what is read from a file or standard input, what it says, and how it ends. docs/dumps.md shows it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from lab.dump import word
from lab.published import SCHEMAS

pytestmark = pytest.mark.slow

_PAGE = Path(__file__).parents[2] / "docs/dumps.md"
_REFRESH = os.environ.get("GOLAB_REFRESH_DOCS") == "1"
_TEXT = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SHOWN = re.compile(r"^```console\n(\$ golab dump -\n.*?)^```$", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"^\| what stands there \| in \|\n\|---\|---\|\n((?:\|.*\n)*)", re.MULTILINE)


def _dump(text: str, *options: str, file: str = "-") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lab", "dump", file, *options]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)


def _example() -> str:
    found = _TEXT.search(_PAGE.read_text())
    assert found
    return found[1]


def _kept(pattern: re.Pattern[str], fresh: str) -> str:
    """What the page has in a place; with GOLAB_REFRESH_DOCS=1 it gets what is true now."""
    page = _PAGE.read_text()
    found = pattern.search(page)
    assert found
    if _REFRESH:
        _PAGE.write_text(page[: found.start(1)] + fresh + page[found.end(1) :])
        return fresh
    return found[1]


def test_the_page_shows_what_is_printed() -> None:
    """Groups, who waits for whom, and what can never go on."""
    done = _dump(_example())
    printed = f"$ golab dump -\n{done.stdout}"

    assert (done.returncode, done.stderr) == (0, "")
    assert _kept(_SHOWN, printed) == printed


def test_the_page_has_the_words_that_releases_differ_in() -> None:
    """Each with the first and the last release line that prints it."""
    every = (*word.STATUSES, *word.REASONS, *word.MARKS, *word.FIELDS)
    rows = "".join(
        f"| `{each.text}` | {each.since if each.until == each.since else f'{each.since} to {each.until}' if each.until else f'{each.since} and later'} |\n"
        for each in every
        if each.since != "1.21" or each.until
    )

    assert _kept(_TABLE, rows) == rows


def test_the_json_keeps_its_schema() -> None:
    """The same, for a program."""
    result = json.loads(_dump(_example(), "--json").stdout)

    jsonschema.validate(result, SCHEMAS["dump"].model_json_schema())
    assert [(knot["goroutines"], knot["certain"], knot["ordered"]) for knot in result["dump"]["knots"]] == [
        ([17, 18], True, False)
    ]
    assert [(wait["address"], wait["evidence"], wait["holders"]) for wait in result["dump"]["waits"]] == [
        ("0x55f498", "several", [17, 18]),
        ("0x55f488", "several", [17, 18]),
    ]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("", 2, "golab: standard input holds no goroutine dump\n  hint: a Go program writes one"),
        ("goroutine 1 says hello\n", 2, "holds no goroutine dump"),
        (
            "\ngoroutine 1 <asleep>:\nmain.main()\n",
            6,
            "golab: standard input, line 2: a goroutine in a form of no known Go release: goroutine 1 <asleep>:",
        ),
    ],
)
def test_what_is_no_dump_is_said_to_be_none(text: str, code: int, said: str) -> None:
    """And what looks like one, and is in no known form."""
    done = _dump(text)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A folder is none, nor is what is not there."""
    assert _dump("", file=str(tmp_path)).returncode == 2
    assert "no-such-file: cannot be read" in _dump("", file=str(tmp_path / "no-such-file")).stderr


def test_what_was_not_understood_is_said_and_the_rest_goes_on() -> None:
    """With its line; what a terminal would obey is written out."""
    text = f"{_example()}\ngoroutine 19 [dreaming]:\nmain.main()\n\t/src/main.go:1\n\nbe \x1b[31mred\n"
    number = text.split("\n").index("goroutine 19 [dreaming]:") + 1
    done = _dump(text)

    assert done.returncode == 0
    assert "1 goroutine [dreaming] in main.main (main.go:1): 19\n" in done.stdout
    assert f"line {number} was not understood: no Go release that is known says “dreaming”" in done.stdout
    assert "be \\x1b[31mred" in done.stdout
