"""Hostile input to every command: a sentence and a known exit code, never a traceback, never a raw escape sequence."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest

from lab.cli.app import main

pytestmark = pytest.mark.slow

_ROOT = Path(__file__).parents[2]
_KNOWN: Final = frozenset({0, 2, 4, 5, 6})
_NAMES: Final = {
    "newline": "no\nsuch",
    "escape": "\x1b[31mred\x1b[2J",
    "upwards": "../../etc/passwd",
    "long": "x" * 100_000,  # one argument has at most 128 KiB
    "empty": "",
    "blank": " ",
    "dash": "-",
    "not text": b"\xff\xfe".decode(errors="surrogateescape"),
    "null device": "/dev/null",
    "unicode": "ΔΣ\u202ename",
}
_COMMANDS: Final = [
    ("show", "{}"),
    ("render", "{}", "-o", "{tmp}/out"),
    ("render", "mmap-large", "-o", "{tmp}/out", "--set", "size={}"),
    ("render", "mmap-large", "-o", "{tmp}/out", "--set", "{}"),
    ("render", "mmap-large", "-o", "{tmp}/out", "--only", "{}"),
    ("predict", "{}"),
    ("predict", "mmap-large", "--costs", "{}"),
    ("run", "scenario", "{}", "--engine", "host"),
    ("run", "scenario", "mmap-large", "--dry-run", "--engine", "host", "--go", "{}"),
    ("run", "scenario", "mmap-large", "--dry-run", "--engine", "host", "--gomaxprocs", "{}"),
    ("run", "scenario", "mmap-large", "--dry-run", "--engine", "host", "--max-time", "{}"),
    ("run", "scenario", "mmap-large", "--dry-run", "--engine", "host", "--base", "{}"),
    ("run", "scenario", "mmap-large", "--dry-run", "--engine", "host", "--with", "{}"),
    ("validate", "--dry-run", "--cells", "{}"),
    ("validate", "--dry-run", "--max-time", "{}"),
    ("validate", "--record", "{}", "--results", "{tmp}"),
    ("validate", "--record", "newest", "--results", "{}"),
    ("sim", "{}"),
    ("sim", "examples/next_in_line.py", "--set", "{}=1"),
    ("sim", "examples/next_in_line.py", "--gomaxprocs", "{}"),
    ("sim", "examples/next_in_line.py", "--max-time", "{}"),
    ("schema", "{}"),
    ("dump", "{}"),
    ("--root", "{}", "list"),
]


def _golab(*words: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "DOCKER_HOST": "unix:///nonexistent", "TERM": "dumb"}
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", "lab", *(word.encode(errors="surrogateescape") for word in words)],
        **{"cwd": _ROOT, "env": environment, "capture_output": True, "timeout": 60} | options,
        check=False,
    )


def _assert_civil(done: subprocess.CompletedProcess[bytes], *codes: int) -> None:
    assert done.returncode in (codes or _KNOWN), done
    assert b"Traceback" not in done.stderr + done.stdout, done.stderr
    assert b"\x1b" not in done.stderr + done.stdout, done.stderr
    assert done.returncode == 0 or done.stderr.strip(), done


@pytest.mark.parametrize("kind", _NAMES)
@pytest.mark.parametrize("command", _COMMANDS, ids=" ".join)
def test_a_strange_word_is_told_what_would_be_right(
    command: tuple[str, ...],
    kind: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever stands where a name or a value is wanted; in this process, because there are so many."""
    words = [word.replace("{tmp}", str(tmp_path)).replace("{}", _NAMES[kind]) for word in command]
    monkeypatch.setattr("sys.argv", ["golab", *words])
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    monkeypatch.chdir(_ROOT)

    with pytest.raises(SystemExit) as ended:
        main()

    said = "".join(capsys.readouterr())
    code = ended.value.code or 0
    assert code in _KNOWN
    assert "Traceback" not in said
    assert "\x1b" not in said
    assert code == 0 or said.strip()


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00", b"", b"x = [", b"[" * 100_000, b"title = 1\n"],
    ids=lambda content: repr(content[:8]),
)
def test_a_strange_manifest_is_named(content: bytes, tmp_path: Path) -> None:
    """A user's own scenario that is no scenario."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "go_templates").mkdir()
    (tmp_path / "scenarios/odd.toml").write_bytes(content)

    for command in (("show", "odd"), ("list",), ("predict", "odd")):
        done = _golab("--root", str(tmp_path), *command)
        _assert_civil(done, 2)
        assert b"odd.toml" in done.stderr


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00", b"", b"def main(g:\n", b"import nothing_like_it\n", b"raise SystemExit(3)\n", b"main = 3\n",
     b"def main(): yield\n", b"def main(g):\n    yield from main(g)\n"],
    ids=lambda content: repr(content[:16]),
)  # fmt: skip
def test_a_strange_program_is_named(content: bytes, tmp_path: Path) -> None:
    """A file that is no simulated program."""
    program = tmp_path / "program.py"
    program.write_bytes(content)

    _assert_civil(_golab("sim", str(program)), 2, 6)


@pytest.mark.parametrize("content", [b"\xff", b"{}", b"[]", b"null", b'{"format": 99}'], ids=repr)
def test_strange_costs_are_named(content: bytes, tmp_path: Path) -> None:
    """A calibration that is none."""
    costs = tmp_path / "costs.json"
    costs.write_bytes(content)

    done = _golab("sim", "examples/next_in_line.py", "--costs", str(costs))

    _assert_civil(done, 2)
    assert b"costs.json" in done.stderr


@pytest.mark.parametrize("where", ["/proc/golab", "/dev/null/golab", "/sys/golab"])
def test_a_folder_that_cannot_be_is_named(where: str) -> None:
    """Where nothing can be written."""
    done = _golab("render", "mmap-large", "-o", where)

    _assert_civil(done, 2, 4, 6)
    assert where.encode() in done.stderr


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """Nor is a folder that holds something a place to render to."""
    (tmp_path / "file").write_text("x")

    for where in (tmp_path / "file", tmp_path):
        _assert_civil(_golab("render", "mmap-large", "-o", str(where)), 2)


def test_a_full_disk_is_said() -> None:
    """What is printed must not be lost silently."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = _golab("show", "mmap-large", stdout=full, stderr=subprocess.PIPE, capture_output=False)

    assert done.returncode == 4
    assert done.stderr.startswith(b"golab: what golab prints: No space left on device\n  hint: make room")


@pytest.mark.parametrize(
    "words",
    [
        ("show", "x" * 100_000),
        ("run", "scenario", "mmap-large", "--dry-run", "--only", "[" * 100_000),
        ("run", "scenario", "mmap-large", "--dry-run", "--go", "1" * 100_000),
        ("claims", "--only", "[" * 100_000),
    ],
    ids=lambda words: " ".join(words)[:40],
)
def test_what_is_too_long_to_be_meant_is_not_repeated_at_length(words: tuple[str, ...]) -> None:
    """Neither on the terminal nor in time: a pattern of brackets costs their square."""
    done = _golab(*words, timeout=20)

    _assert_civil(done, 2)
    assert len(done.stderr) < 10_000


def test_a_manifest_of_a_megabyte_on_one_line_is_named(tmp_path: Path) -> None:
    """A key of a million characters."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "go_templates").mkdir()
    (tmp_path / "scenarios/odd.toml").write_text(f"{'k' * 10**6} = 1\n")

    done = _golab("--root", str(tmp_path), "show", "odd")

    _assert_civil(done, 2)
    assert b"odd.toml" in done.stderr
    assert len(done.stderr) < 10_000


def test_a_reader_that_goes_is_no_fault() -> None:
    """``golab show mmap-large | head -1``."""
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m lab show mmap-large | head -1"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("mmap-large")


def test_an_interrupted_simulation_says_so(tmp_path: Path) -> None:
    """Ctrl-C: 130."""
    program = tmp_path / "long.py"
    program.write_text("def main(g):\n    while True:\n        yield g.work(10)\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "lab", "sim", str(program), "--max-time", "3600s"],
        cwd=_ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)

    _, said = process.communicate(timeout=20)

    assert process.returncode == 130
    assert "Traceback" not in said
