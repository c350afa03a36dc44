"""``golab validate`` as a user calls it: on the host engine, over few cells, and again from the record."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from lab import validating
from lab.errors import ManifestError
from lab.manifest import failure
from lab.published import SCHEMAS

_ROOT: Final = Path(__file__).parents[2]


def _golab(results: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", "validate", "--results", str(results), *arguments],
        cwd=_ROOT,
        env={**os.environ, "NO_COLOR": "1", "DOCKER_HOST": "unix:///nonexistent"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A short validation, and where its record is."""
    results = tmp_path_factory.mktemp("results")
    done = _golab(
        results,
        "--engine=host",
        "--cells=hogs-p?",
        "--cells=hogs-p1-quota_*",
        "--cells=watchdog-p1",
        "--runs=4",
        "--costs=packaged",
        "--no-calibrate",
        "--seed=7",
    )
    return results, done


@pytest.mark.go
@pytest.mark.slow
def test_every_cell_is_measured_predicted_and_compared(
    measured: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    """A row a metric; the cells that an engine without cgroups cannot limit are left out, and that is said."""
    _, done = measured

    assert done.returncode == 0, done.stderr
    for row in ("hogs-p1", "hogs-p2", "watchdog-p1"):
        assert any(line.startswith(f"{row} ") and " wall_ns " in line for line in done.stdout.splitlines())
    assert "left out, the engine host cannot limit a program (quota" in done.stdout
    assert "development: " in done.stdout
    assert "held-out: " in done.stdout
    assert "both: " in done.stdout
    assert "costs: packaged, uncalibrated" in done.stdout


@pytest.mark.go
@pytest.mark.slow
def test_a_record_says_the_same_again_and_makes_the_page(
    measured: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """Nothing is measured; twice the same bytes; JSON as its schema has it."""
    results, first = measured
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
        again = _golab(results, "--record=newest", f"--docs={folder}")
        assert again.returncode == 0, again.stderr
        assert again.stdout == first.stdout
    told: dict[str, Any] = json.loads(_golab(results, "--record=newest", "--json").stdout)

    for name in ("accuracy.md", "accuracy.svg"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
    jsonschema.validate(told, SCHEMAS["accuracy"].model_json_schema())
    assert {row["set"] for row in told["rows"]} == {"development", "held-out"}
    assert told["calibrated"] is False


@pytest.mark.go
@pytest.mark.slow
def test_ring_1_and_the_oracle_print_their_tables(tmp_path: Path) -> None:
    """A rule with a time; a program that ends by chance, one that deadlocks, one that the runtime cannot see through."""
    common = ("--engine=host", "--no-calibrate", "--costs=packaged", "--quick")
    ruled = _golab(tmp_path, "--ring=1", "--cells=go_order-*", "--cells=short_sleep-*", *common)
    cells = [f"--cells={name}-p1" for name in ("select_of_two_ready", "full_buffer", "signals_are_awaited")]
    ended = _golab(tmp_path, "--ring=oracle", *cells, "--json", *common)

    assert ruled.returncode == 0, ruled.stdout + ruled.stderr
    assert "2 of 2 rules hold, in the real runtime and in the simulator" in ruled.stdout
    assert "runs of real programs right: " in ruled.stdout
    assert "short_sleep-p1" in ruled.stdout.partition("times, which are not judged here:")[2]
    assert ended.returncode == 0, ended.stdout + ended.stderr
    told: dict[str, Any] = json.loads(ended.stdout)
    jsonschema.validate(told, SCHEMAS["oracle"].model_json_schema())
    expected = {each["name"]: each["expected"] for each in told["programs"]}
    assert expected == {"full_buffer": "deadlock", "signals_are_awaited": "hang", "select_of_two_ready": ""}


def test_what_would_be_measured_is_said(tmp_path: Path) -> None:
    """Both programs' sets, one of them, and each of the oracle's plans; nothing is written."""
    both, one = (_golab(tmp_path, "--dry-run", *more).stdout for more in ((), ("--held-out",)))
    ends = _golab(tmp_path, "--dry-run", "--ring=oracle").stdout

    assert "194 cells, 20 replicates of each" in both
    assert "96 cells, 20 replicates of each" in one
    assert "pingpong" not in one
    assert "16 cells, 40 replicates of each" in ends
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--cells=nothing-*",), "--only and --skip leave none of the 194 cells of programs"),
        (("--ring=1", "--held-out"), "go with --ring 2, not 1"),
        (("--max-time=soon",), "--max-time: "),
        (("--held-out", "--cells=pool-*"), "no cell of ring 2 is left"),
    ],
)
def test_what_cannot_be_is_refused(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    """As usage, in a sentence."""
    done = _golab(tmp_path, *arguments)

    assert done.returncode == 2
    assert said in done.stderr


def test_there_may_be_no_record_yet(tmp_path: Path) -> None:
    """Then how to get one is said."""
    done = _golab(tmp_path, "--record=newest")

    assert done.returncode == 6
    assert "holds no validation yet" in done.stderr
    assert "golab validate --ring 2" in done.stderr


def test_reasons_are_patterns_with_a_mechanism(tmp_path: Path) -> None:
    """Every mistake is named; the file that ships is right."""
    path = tmp_path / "reasons.toml"
    path.write_text('format = 1\n[[reasons]]\ncells = "pool-*"\nwhy = "no such queue"\n')

    (found,) = failure.load(path)

    assert (found.cells, found.metrics, found.why) == ("pool-*", "*", "no such queue")
    assert isinstance(failure.load(_ROOT / "scenarios/validate/reasons.toml"), tuple)
    path.write_text('format = 1\n[[reasons]]\ncell = "pool-*"\n')
    with pytest.raises(ManifestError, match=r"reasons\[0\].cell: there is no such key"):
        failure.load(path)


def test_a_noisy_machine_is_waited_for_as_long_as_one_has_patience() -> None:
    """What is still noisy then is said; a machine that becomes quiet is not waited for any longer."""
    heard: list[str] = []
    looks = iter(["others use 90% of its CPUs", ""])

    became_quiet = validating.wait_until_quiet(60, heard.append, look=lambda: next(looks), pause_seconds=0)
    stayed_noisy = validating.wait_until_quiet(0, heard.append, look=lambda: "steal")

    assert became_quiet == ""
    assert heard == ["this machine is noisy: others use 90% of its CPUs; waiting"]
    assert stayed_noisy == "steal"
