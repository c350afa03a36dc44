"""``golab report`` as a user meets it: where the page is, and what is said where there can be none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.model.run import FORMAT
from tests.recorded import Recipe, record

pytestmark = pytest.mark.slow


def _golab(*arguments: str, results: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", "report", *arguments, "--results", str(results)],
        env={**os.environ, "NO_COLOR": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_page_lies_beside_the_record(tmp_path: Path) -> None:
    """Of the newest run, of one by its name, or wherever it is wanted: the same bytes."""
    older = record(tmp_path, Recipe(name="20261124-1-example"))
    newer = record(tmp_path, Recipe(name="20261124-2-example", seed=2))

    assert _golab(results=tmp_path).stdout == f"{newer.path}/report.html\n"
    assert _golab("24-1", results=tmp_path).stdout == f"{older.path}/report.html\n"
    elsewhere = tmp_path / "page.html"
    assert _golab(str(older.path), "-o", str(elsewhere), results=tmp_path).stdout == f"{elsewhere}\n"
    assert elsewhere.read_bytes() == (older.path / "report.html").read_bytes()


def test_what_has_no_page_is_a_sentence(tmp_path: Path) -> None:
    """A format of the future, no such run, no run, no such folder."""
    folder = record(tmp_path / "results", Recipe())
    nowhere = _golab("-o", str(tmp_path / "no" / "page.html"), results=tmp_path / "results")
    unknown = _golab("nothing", results=tmp_path / "results")
    empty = _golab(results=tmp_path / "empty")
    plan = folder.path / "plan.json"
    plan.write_text(json.dumps({**json.loads(plan.read_text()), "format": 99}))
    newer = _golab(results=tmp_path / "results")

    assert [done.returncode for done in (nowhere, unknown, empty, newer)] == [4, 2, 6, 6]
    assert f"golab: {tmp_path}/no/page.html: No such file or directory" in nowhere.stderr
    assert "is called 'nothing'" in unknown.stderr
    assert "holds no run yet" in empty.stderr
    assert (
        f"is of format 99; this golab reads 3, 4 and {FORMAT}\n  hint: a newer golab wrote it" in newer.stderr
    )
    assert not [done.stdout for done in (nowhere, unknown, empty, newer) if done.stdout]
