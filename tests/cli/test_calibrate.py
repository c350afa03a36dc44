"""What golab calibrate is told wrongly is a sentence and an exit code, before anything is fetched or measured."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--groups", "wake"), "no group of primitives is called 'wake'"),
        (("--groups", ""), "no group of primitives is called ''"),
        (("--cpuset", "all"), "--cpuset 'all' is no list of CPUs"),
        (("--rounds", "1"), "than or equal to 2"),
        (("--settle", "soon"), "--settle"),
        (("--go", "1.2"), "no Go release is called '1.2'"),
        (("--go", "1.21.13"), "Go 1.21.13 cannot be calibrated"),
    ],
)
def test_a_mistake_is_named(arguments: tuple[str, ...], said: str) -> None:
    """2, and nothing on standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "lab", "calibrate", "--engine", "host", *arguments],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
