"""The words around a run: show, the plan of a run that is not made, clean, completion, version, several cells rendered."""

import http.server
import json
import os
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import jsonschema
import pytest

from lab.host import scratch
from lab.host.lock import measuring
from lab.published import SCHEMAS
from tests.modules import PLAIN, written
from tests.recorded import Recipe, record

pytestmark = pytest.mark.slow

_ROOT = Path(__file__).parents[2]


def _golab(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return _started("-m", "lab", *words, **environment)


def _started(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=_ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


_APART = (
    "from lab.engine import choose; from lab.cli.app import main; choose.DEFAULT_URL = 'unix:///none'; main()"
)
"""Golab on a machine whose default socket nobody listens at: what an engine keeps there is not a test's to remove."""


def _clean(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return _started("-c", _APART, "clean", *words, GOLAB_ENGINE_DIR="/none", **environment)


def test_show_says_what_the_manifest_says() -> None:
    """In words, and as JSON by its published schema."""
    page, as_json = _golab("show", "mmap-large"), _golab("show", "mmap-large", "--json")

    shown = json.loads(as_json.stdout)
    jsonschema.validate(shown, SCHEMAS["show"].model_json_schema())
    assert page.returncode == as_json.returncode == 0
    assert shown["factors"]["size"]["default"] == "64MiB"
    assert set(shown["quick_cells"]) < set(shown["cells"])
    for word in (*shown["factors"], *shown["cells"], *shown["metrics"], *shown["claims"]):
        assert word in page.stdout


def test_a_dry_run_does_nothing(tmp_path: Path) -> None:
    """It names engine, cells, order and record; no folder is made, and nothing is fetched."""
    results, cache = tmp_path / "results", tmp_path / "cache"
    done = _golab(
        "run", "scenario", "mmap-large", "--dry-run", "--engine", "host", "--set", "size=64MiB,96MiB", "--runs", "3",
        "--seed", "7", "--results", str(results), XDG_CACHE_HOME=str(cache),
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert "Go releases to fetch: 1.27.3" in done.stdout
    assert "2 cells, 3 replicates of each" in done.stdout
    assert "shuffled with seed 7" in done.stdout
    assert not results.exists()
    assert not cache.exists()


def test_a_dry_run_says_where_an_instrument_does_not_look() -> None:
    """It looks at the chosen cells; where it can look at none of them, that is a mistake in the arguments."""
    found = _golab(
        "run",
        "scenario",
        "once-deadlock",
        "--dry-run",
        "--engine",
        "host",
        "--with",
        "dump",
        "--only",
        "*nested",
    )
    none = _golab("run", "scenario", "hello-static", "--dry-run", "--engine", "host", "--with", "dump")

    assert (found.returncode, found.stderr) == (0, "")
    assert "3 cells" in found.stdout
    assert (
        "\n  nested\n  nested-with_dump\n  cpp_nested\nnot with dump: cpp_nested: a program in C++"
        in found.stdout
    )
    assert (none.returncode, none.stdout) == (2, "")
    assert "hello-static has no cell that dump could look at: its replicates are builds" in none.stderr


def test_a_dry_run_has_no_json(tmp_path: Path) -> None:
    """Who asks for JSON gets it or is refused, never words instead."""
    program = str(written(tmp_path / "plain", PLAIN))
    for what in (("scenario", "mmap-large"), ("program", program)):
        done = _golab("run", *what, "--dry-run", "--json", "--engine", "host")

        assert (done.returncode, done.stdout) == (2, "")
        assert "--dry-run says in words what would be done" in done.stderr


def test_a_dry_run_of_a_program_does_nothing(tmp_path: Path) -> None:
    """Its cells and their order, by its module alone."""
    folder, results = written(tmp_path / "plain", PLAIN), tmp_path / "results"

    done = _golab(
        "run", "program", str(folder), "--dry-run", "--engine", "host", "--results", str(results), "--", "-x"
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "3 cells, 10 replicates of each" in done.stdout
    assert not results.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--time-limit", "soon"], "--time-limit: 'soon'"),
        (["--stuck-after", "0s"], "--stuck-after: 0s is no time at all"),
        (["--env", "PORT"], "--env 'PORT' is not NAME=VALUE"),
        (["--env", "LAB_FD=7"], "--env LAB_FD=… is the lab's own"),
        (["--stuck-after", "1s", "--stop-after", "1s"], "--stop-after has no place beside it"),
        (["--go", "1.21"], "--go 1.21: example.com/plain asks for Go 1.22, and golab for 1.22 or newer"),
        (["--set", "instrument=all"], "no level of instrument is called 'all'"),
    ],
)
def test_what_a_program_cannot_be_given_is_refused(tmp_path: Path, arguments: list[str], said: str) -> None:
    """Before anything is built, with what would be right."""
    done = _golab("run", "program", str(written(tmp_path / "plain", PLAIN)), *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_clean_keeps_what_it_is_not_told_to_remove(tmp_path: Path) -> None:
    """Caches and calibrations only if asked; records never; no engine is no hindrance."""
    cache, state = tmp_path / "cache/golab", tmp_path / "state/golab/costs"
    for folder in (cache, state):
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"x" * 2048)
    where = {
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "DOCKER_HOST": f"unix://{tmp_path}/none.sock",
    }

    plain = _clean(**where)
    assert plain.returncode == 0
    said = [line for line in plain.stdout.splitlines() if "engine" in line]
    assert said == [
        f"no engine to look for leftovers in (no engine is at {where['DOCKER_HOST']}: No such file or directory)"
    ]
    nowhere = _clean(**where | {"DOCKER_HOST": ""}).stdout
    assert nowhere.count("no engine to look for leftovers in (no engine is at unix:///none: ") == 1
    assert f"kept {cache}: 2.00 KiB; golab clean --cache removes it" in plain.stdout
    assert cache.exists()
    assert "removed" in _cleaned_of_its_cache(where)
    assert (cache.exists(), state.exists()) == (False, True)
    _clean("--calibrations", **where)
    assert not state.exists()


class _Failing(http.server.BaseHTTPRequestHandler):
    """An engine that answers, and will do nothing."""

    def do_GET(self) -> None:
        is_asked_who_it_is = self.path.endswith("/version")
        self.send_response(200 if is_asked_who_it_is else 500)
        self.end_headers()
        self.wfile.write(b'{"ApiVersion": "1.41"}' if is_asked_who_it_is else b'{"message": "out of order"}')

    def address_string(self) -> str:
        return ""  # a Unix socket's peer has none

    def log_message(self, *_words: object) -> None:
        """Nobody reads it."""


def test_an_engine_that_is_out_of_order_hinders_no_cleaning(tmp_path: Path) -> None:
    """It is told, and the rest is done."""
    with (
        tempfile.TemporaryDirectory(prefix="golab-") as folder,
        socketserver.ThreadingUnixStreamServer(f"{folder}/s", _Failing) as server,
    ):
        threading.Thread(target=server.serve_forever).start()
        done = _clean(XDG_CACHE_HOME=str(tmp_path), TMPDIR=str(tmp_path), DOCKER_HOST=f"unix://{folder}/s")
        server.shutdown()

    assert done.returncode == 0, done.stderr
    told = f"leftovers in the engine at unix://{folder}/s stay: the engine would not describe itself (500): out of order"
    assert [line for line in done.stdout.splitlines() if "engine" in line] == [told]


def _cleaned_of_its_cache(where: dict[str, str]) -> str:
    """What ``golab clean --cache`` says, once nobody measures on this machine: other tests may."""
    deadline = time.monotonic() + 300
    while (done := _clean("--cache", **where)).returncode == 4 and time.monotonic() < deadline:
        assert "measures on this machine" in done.stderr
        time.sleep(0.2)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_cache_is_not_removed_while_a_golab_measures(tmp_path: Path) -> None:
    """Its folders are in there, and it knows which images its engine has: who measures is named, and nothing else is done either."""
    cache = tmp_path / "cache/golab"
    cache.mkdir(parents=True)
    where = {
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "TMPDIR": str(tmp_path),
        "DOCKER_HOST": "unix:///none",
    }
    with measuring(print, wait=True):
        refused = _clean("--cache", **where)
        foretold = _clean("--cache", "--dry-run", **where)
        plain = _clean(**where)

    assert (refused.returncode, refused.stdout) == (4, "")
    assert f"another golab (pid {os.getpid()}) measures on this machine" in refused.stderr
    assert "wait for it, or leave --cache out" in refused.stderr
    assert f"{cache} is to be removed" in foretold.stdout
    assert (foretold.returncode, plain.returncode, cache.exists()) == (0, 0, True)


def test_clean_says_beforehand_what_it_would_remove(tmp_path: Path) -> None:
    """With --dry-run all of it is still there; then what the living made stays, and what the dead left goes."""
    cache = tmp_path / "cache/golab"
    cache.mkdir(parents=True)
    (cache / "file").write_bytes(b"x" * 2048)
    where = {
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "TMPDIR": str(tmp_path),
        "DOCKER_HOST": "unix:///none",
    }
    run = record(tmp_path / "results", Recipe()).path
    results = ("--results", str(run.parent))
    with scratch.folder(tmp_path, "run") as living:
        dead = tmp_path / living.name.replace(f"-{os.getpid()}-", f"-{2**22 + 1}-")
        dead.mkdir()
        elsewhere = tmp_path / living.name.replace(living.name.split("-")[2], "0" * 16)
        elsewhere.mkdir()
        written_by_the_dead = run / dead.name.replace("-run-", "-file-")
        written_by_the_dead.touch()
        foretold = _clean("--dry-run", "--cache", *results, **where).stdout
        assert f"{dead} is to be removed\n" in foretold
        assert f"{written_by_the_dead} is to be removed\n" in foretold
        assert f"{elsewhere} stays: its golab is of another machine" in foretold
        assert f"{cache} is to be removed: 2.00 KiB" in foretold
        assert (dead.exists(), cache.exists()) == (True, True)
        assert f"removed {dead}\n" in _clean(*results, **where).stdout

        assert (living.exists(), dead.exists(), cache.exists()) == (True, False, True)
        assert elsewhere.exists()
        assert not written_by_the_dead.exists()
        assert "is to be removed" not in _clean("--dry-run", *results, **where).stdout


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("golab show mm", ["mmap-large"]),
        ("golab run scenario m", ["mmap-large", "mutex-contention"]),
        ("golab run scenario mmap-large --set mode=t", ["mode=touch", "mode=ticker"]),
        ("golab run scenario mmap-large --set mode=heap,r", ["mode=heap,reserve"]),
        ("golab run scenario mmap-large --set t", ["thp=never", "thp=madvise", "thp=always"]),
        ("golab run scenario mmap-large --set go", ["gomaxprocs=", "go=", "godebug="]),
        ("golab run scenario mmap-large --set mode = t", ["touch", "ticker"]),
        ("golab run scenario mmap-large --set mode = heap,r", ["heap,reserve"]),
        ("golab run scenario mmap-large --set mode =", ["reserve", "touch", "heap", "ticker"]),
        ("golab run scenario mmap-large --set = mode = to", ["touch"]),
        ("golab run scenario mmap-large --engine = d", ["docker"]),
        ("golab run scenario mmap-large --engine = docker --set mode = to", ["touch"]),
        ("golab run scenario mmap-large --thp n", ["never"]),
        ("golab predict mm", ["mmap-large"]),
        ("golab render mmap-large --only ticker-96MiB-p", [f"ticker-96MiB-p{procs}" for procs in (1, 2, 4)]),
        ("golab schema d", ["doctor", "dump"]),
        ("golab run scenario nothing --set t", []),
        ("golab run program . --go 1.22", ["1.22.10"]),
        ("golab run program . --set instrument=r", ["instrument=runtime"]),
        ("golab run program . --only s", ["schedtrace"]),
    ],
)
def test_a_shell_is_offered_what_there_is(line: str, offered: list[str]) -> None:
    """By bash's protocol, which makes ``=`` a word and wants what comes after it; or not, where a user has told it so."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv[0] = 'golab'; from lab.cli.app import main; main()"],
        cwd=_ROOT,
        env={
            **os.environ,
            "_GOLAB_COMPLETE": "complete_bash",
            "COMP_WORDS": line.replace(" ", "\n"),
            "COMP_CWORD": str(len(line.split()) - 1),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout.split(), done.stderr) == (offered, "")


def test_the_version_names_what_is_below() -> None:
    """What a report of a fault has to say."""
    said = _golab("--version").stdout

    assert said.startswith("golab 0.1.0 (Python 3.")
    assert all(name in said for name in ("simpy 4", "scipy 1", "docker 7", "Go 1.27.3 by default"))


def test_several_cells_are_rendered_into_a_folder_each(tmp_path: Path) -> None:
    """And each is a whole program."""
    done = _golab("render", "mmap-large", "-o", str(tmp_path / "out"), "--only", "ticker-96MiB-p[12]")

    assert done.returncode == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "ticker-96MiB-p1",
        "ticker-96MiB-p2",
    ]
    for folder in (tmp_path / "out").iterdir():
        assert {"go.mod", "main.go"} <= {path.name for path in folder.iterdir()}
        assert str(folder) in done.stdout
