"""What a plain user meets where root has an engine: nothing that root alone may look into makes a command fail."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.engine import daemon
from tests.docker.private import golab_engine

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_NOBODY = "65534"
_AS_A_USER = """
mount --bind "$1" "$3/checkout" && mount --bind "$2" "$3/venv" && cd "$4" && shift 4 &&
exec setpriv --reuid "$NOBODY" --regid "$NOBODY" --clear-groups "$@"
"""
"""The checkout may be where that user cannot go, so it is shown elsewhere."""


@pytest.fixture
def place(folder: Path) -> Path:
    """A folder that every user may enter, with one that none may."""
    above = folder.parent
    above.chmod(0o755)
    for name, mode in (("checkout", 0o755), ("venv", 0o755), ("home", 0o777), ("shut", 0o700)):
        (above / name).mkdir()
        (above / name).chmod(mode)
    return above


def _golab(place: Path, *words: str, within: str = "home", home: str = "home", **more: str) -> Any:
    environment = {"PATH": os.environ["PATH"], "HOME": str(place / home), "NOBODY": _NOBODY, **more}
    environment |= {"PYTHONPATH": str(place / "checkout"), "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
    command = ["unshare", "--mount", "sh", "-c", _AS_A_USER, "sh"]
    command += [str(Path(__file__).parents[2]), sys.prefix, str(place), str(place / within)]
    return subprocess.run(
        [*command, str(place / "venv/bin/python"), "-m", "lab", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_doctor_tells_a_plain_user_everything(folder: Path, place: Path) -> None:
    """Not an engine that is there, not tracefs below a folder that is root's; and root is what would help."""
    assert golab_engine(folder, "up")[0] == 0

    done = _golab(place, "doctor", "--json", **{daemon.FOLDER: str(folder)})

    assert done.returncode in {0, 1}, done.stderr
    found = {each["subject"]: each for each in json.loads(done.stdout)["findings"]}
    assert found["rights"]["found"] == "a plain user"
    assert found["engine"]["verdict"] == "spoils"
    assert "docker.sock is root's: this user may not use it" in found["engine"]["found"]
    assert found["engine"]["remedy"] == "run golab as root, whose engine is up"
    assert found["disk"]["verdict"] == "ok"


def test_a_home_that_is_anothers_is_told(place: Path) -> None:
    """``sudo`` and ``su`` may keep root's: nothing can be kept there, so nothing can be measured."""
    done = _golab(place, "doctor", "--json", home="shut", **{daemon.FOLDER: str(place / "shut/e")})

    assert done.returncode == 4, done.stderr
    found = {each["subject"]: each for each in json.loads(done.stdout)["findings"]}
    assert found["disk"]["found"] == f"this user may not write in {place}/shut/.cache/golab"
    assert "XDG_CACHE_HOME" in found["disk"]["remedy"]


def test_a_plain_user_is_told_by_every_command(folder: Path, place: Path) -> None:
    """One sentence and what helps, and code 4; what needs no root works, also where this user may not look around."""
    assert golab_engine(folder, "up")[0] == 0
    own = {daemon.FOLDER: str(folder)}

    assert "\nmmap-large" in _golab(place, "list", within="shut", **own).stdout
    plan = _golab(place, "run", "scenario", "mmap-large", "--dry-run", "--quick", **own)
    assert (plan.returncode, "to get one: run golab as root, whose engine is up" in plan.stdout) == (0, True)
    for words, said in {
        ("engine", "status"): "is root's: this user may not use it",
        ("engine", "up"): "only root may start an engine",
        ("engine", "down"): "only root may stop an engine",
        ("engine", "base"): "only root may make a base",
        ("run", "scenario", "mmap-large", "--engine", "docker"): "is root's: this user may not use it",
    }.items():
        done = _golab(place, *words, **own)
        assert (done.returncode, said in done.stdout + done.stderr) == (4, True), (words, done)
    named = _golab(
        place,
        "run",
        "scenario",
        "mmap-large",
        "--engine",
        "docker",
        DOCKER_HOST=f"unix://{folder}/docker.sock",
    )
    assert (
        named.returncode,
        "this user may not use it\n  hint: run golab as root" in named.stderr,
    ) == (4, True)
