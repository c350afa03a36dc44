"""``golab claims`` as a user meets it: every claim, with or without a run, in three forms."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lab.published import SCHEMAS
from tests.recorded import MANIFEST, NAME, Recipe, record

pytestmark = pytest.mark.slow

_ROOT = Path(__file__).parents[2]
_REGISTER = """
format = 1
[article]
go = "1.22.5"
nearest_go = "1.22.10"
[[sections]]
id = "9"
title = "Waiting | and seeing"
[[claims]]
id = "9.1"
statement = "a wait takes a millisecond"
scenarios = ["example"]
[[claims]]
id = "9.2"
statement = "<b>another</b> | matter \\u001b[31m"
scenarios = ["elsewhere"]
"""


def _golab(*words: str, cwd: Path = _ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(_ROOT), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _published(*words: str, cwd: Path = _ROOT) -> dict[str, Any]:
    done = _golab("claims", "--json", *words, cwd=cwd)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMAS["claims"].model_json_schema())
    return found


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A lab of one scenario, with a register of two claims and a run."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / f"{NAME}.toml").write_text(MANIFEST)
    (tmp_path / "scenarios" / "claims.toml").write_text(_REGISTER)
    record(tmp_path / "results", Recipe())
    return tmp_path


def test_without_any_run_all_claims_are_listed(tmp_path: Path) -> None:
    """52 that nobody measured yet, and one that nobody can measure here."""
    page = _golab("claims", "--results", str(tmp_path))
    found = _published("--results", str(tmp_path))

    assert page.returncode == 0, page.stderr
    last = page.stdout.splitlines()[-1]
    assert last == "53 claims: 1 untestable here, 52 not measured yet."
    assert [claim["id"] for claim in found["claims"] if claim["verdict"] != "not measured yet"] == ["5"]
    assert len(found["claims"]) == 53
    assert all(f"\n{claim['id']} " in f"\n{page.stdout}" for claim in found["claims"])
    assert f"to measure it: golab run scenario mmap-large --results {tmp_path}" in page.stdout
    assert all(
        line == line.rstrip() and len(line) <= 130 + len(str(tmp_path)) for line in page.stdout.splitlines()
    )


def test_a_claim_is_shown_with_what_it_rests_on(lab: Path) -> None:
    """On the page, as JSON and as a table in Markdown; nothing of a statement is markup."""
    page = _golab("--root", str(lab), "claims").stdout
    (claim, other) = _published_of(lab)["claims"]
    table = _golab("--root", str(lab), "claims", "--markdown").stdout

    assert "9.1   refuted           a wait takes a millisecond\n" in page
    assert "here: a wait of size 3: 30." in page
    assert "(refuted at 500 µs or less)" in page
    assert "Go 1.27.3, engine docker, example, run [1]" in page
    assert (
        "[1] 20261123-120000-example-0001 (2026-11-23 12:00 UTC), engine docker, Example CPU, Linux 6.1.0;"
        " measured on another machine than this one" in page
    )
    assert "The article used Go 1.22.5; the nearest release to be had is 1.22.10" in page
    assert page.splitlines()[-1] == "2 claims: 1 refuted, 1 not measured yet."
    assert claim["verdict"] == "refuted"
    (run,) = claim["rests_on"]
    assert (run["scenario"], run["go"], run["cpu"]) == (NAME, ["1.27.3"], "Example CPU")
    (rule,) = run["rules"]
    assert rule["ci"][0] < rule["estimate"] < rule["ci"][1]
    assert (rule["unit"], rule["n"], rule["cells"]) == ("ns", 10, ["s3"])
    assert (other["verdict"], other["rests_on"], other["command"]) == ("not measured yet", [], "")
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert rows[0].startswith("| claim | verdict | the article | measured |")
    assert rows[2].startswith("| 9.1 a wait takes a millisecond | refuted | – | 30.")  # noqa: RUF001 - as it is printed
    assert rows[3].startswith("| 9.2 &lt;b>another&lt;/b> \\| matter ")
    assert "\x1b" not in page + table


def _published_of(lab: Path) -> dict[str, Any]:
    done = _golab("--root", str(lab), "claims", "--json")
    found: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMAS["claims"].model_json_schema())
    return found


def test_a_run_that_cannot_be_used_is_named(lab: Path) -> None:
    """And the command goes on."""
    (lab / "results" / Recipe().name / "plan.json").write_text('{"format": 99}')

    done = _golab("--root", str(lab), "claims")

    assert done.returncode == 0
    assert "20261123-120000-example-0001 is passed over: " in done.stdout
    assert done.stdout.splitlines()[-1] == "2 claims: 2 not measured yet."


def test_some_claims_only(tmp_path: Path) -> None:
    """By patterns over their ids."""
    found = _published("--results", str(tmp_path), "--only", "4.3*", "--only", "1.1")

    assert [claim["id"] for claim in found["claims"]] == ["1.1", "4.3a", "4.3b", "4.3c", "4.3d", "4.3e"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--only", "4.9z"), "golab: no claim is called '4.9z'\n  hint: did you mean "),
        (("--json", "--markdown"), "golab: --json and --markdown are two forms of the same"),
        (("--rerun", "--only", "5"), "golab: --rerun: no scenario here has a rule for these claims"),
    ],
)
def test_a_mistake_is_a_sentence(words: tuple[str, ...], said: str) -> None:
    """And exit code 2."""
    done = _golab("claims", *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_register_and_manifests_that_differ_are_refused(lab: Path) -> None:
    """With every difference; a lab without a register says that."""
    (lab / "scenarios" / "claims.toml").write_text(
        _REGISTER.replace('"9.1"', '"9.7"').replace("elsewhere", "x")
    )
    differ = _golab("--root", str(lab), "claims")
    (lab / "scenarios" / "claims.toml").unlink()
    without = _golab("--root", str(lab), "claims")

    assert (differ.returncode, without.returncode) == (2, 2)
    assert (
        "claims.toml: 1 mistake\n  example.toml: claim '9.1' is not in the register; did you mean 9.7?"
        in (differ.stderr)
    )
    assert "there is no register of claims" in without.stderr
