"""A terminal that is closed while golab prints on it."""

import os
import pty
import subprocess
import sys

import pytest

_PRINTS = """
import sys
from lab.cli.streams import outlive_terminals
{outlives}
print("ready", flush=True)
sys.stdin.readline()
print("more", flush=True)
print("more", file=sys.stderr, flush=True)
"""


@pytest.mark.parametrize(("outlives", "ends_well"), [("outlive_terminals()", True), ("", False)])
def test_who_prints_outlives_a_terminal(outlives: str, *, ends_well: bool) -> None:
    """What it says after that is read by nobody; without that it ends by an error, in the middle of whatever it does."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", _PRINTS.format(outlives=outlives)],
        stdin=subprocess.PIPE,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    ) as process:
        os.close(slave)
        assert os.read(master, 5) == b"ready"
        os.close(master)
        process.communicate(b"go on\n")

    assert (process.returncode == 0) is ends_well


def test_a_pipe_that_nobody_reads_any_more_is_an_error_as_ever() -> None:
    """There is somebody who wanted it."""
    command = [sys.executable, "-c", _PRINTS.format(outlives="outlive_terminals()")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(6) == b"ready\n"
        process.stdout.close()
        process.stdout = None
        _, said = process.communicate(b"go on\n")

    assert process.returncode == 1
    assert b"BrokenPipeError" in said


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_golab_may_be_started_with_nothing_to_print_on(closed: str) -> None:
    """As some that start others at set times do."""
    command = ["sh", "-c", f'exec "$0" -m lab --version {closed}', sys.executable]

    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
