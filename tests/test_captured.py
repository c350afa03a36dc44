"""What is measured and not written down yet: it outlives whoever is killed, and nobody takes it from a run that goes on."""

import os
import stat
from pathlib import Path

import pytest

from lab import captured
from lab.errors import StoreError


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_while_it_is_opened_an_agent_may_open_it(tmp_path: Path) -> None:
    """Whoever it runs as; a replicate, which comes later, may not, and is not the owner who could allow himself to."""
    path = tmp_path / "kept"
    with captured.made(path) as captures:
        before = _mode(path)
        with captures.opening():
            within = _mode(path)
        after = _mode(path)
        owner = path.stat().st_uid

    assert (before, within, after) == (0o600, 0o666, 0o600)
    assert owner == (65534 if os.geteuid() == 0 else os.geteuid())
    assert not path.exists()


def test_whole_lines_are_read_and_a_full_file_is_emptied(tmp_path: Path) -> None:
    """Half a line is an answer that never was, and an empty one none; a small file is left, because emptying it takes time."""
    path = tmp_path / "kept"
    with captured.made(path) as captures, path.open("ab", buffering=0) as agent:
        agent.write(b"\none\n\ntwo\n\nhal")
        early = captures.lines()
        captures.written_down()
        small = captures.lines()
        agent.write(b"\n" + b"x" * (2 << 20) + b"\n")
        captures.written_down()
        emptied = captures.lines()
        agent.write(b"\nthree\n")

        assert (early, small, emptied) == ([b"one", b"two"], [b"one", b"two"], [])
        assert captures.lines() == [b"three"], "an agent appends, wherever the end is"


def test_what_is_forgotten_is_gone_at_once(tmp_path: Path) -> None:
    """However little it is: what comes next is kept again."""
    path = tmp_path / "kept"
    with captured.made(path) as captures, path.open("ab", buffering=0) as agent:
        agent.write(b"one\ntwo\n")
        captures.forget()
        forgotten = captures.lines()
        agent.write(b"three\n")

        assert (forgotten, captures.lines()) == ([], [b"three"])


def test_a_run_that_goes_on_keeps_its_own(tmp_path: Path) -> None:
    """And one that an error ended leaves it to whoever reads the record next."""
    path = tmp_path / "kept"

    def fail() -> None:
        with captured.made(path):
            path.write_bytes(b"one\n")
            with captured.left(path) as meanwhile:
                assert meanwhile is None
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with captured.left(path) as afterwards:
        assert afterwards == [b"one"]
        with captured.left(path) as twice:
            assert twice is None, "two readers do not bring over the same"


def test_nothing_is_left_where_there_is_no_file_and_no_file_where_nobody_may_write(tmp_path: Path) -> None:
    """The one is no error, the other is a sentence."""
    with captured.left(tmp_path / "none") as lines:
        assert lines is None
    with pytest.raises(StoreError, match="cannot be written"), captured.made(tmp_path / "none" / "kept"):
        pass
