"""Users' own programs, whole: measured as they are, and asked whose init their start is stuck in."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lab.published import SCHEMAS
from lab.store import RunFolder
from tests.modules import PLAIN, USES_WORDS, written

pytestmark = [pytest.mark.go, pytest.mark.slow]

_ENDLESS = {
    "go.mod": "module example.com/endless\n\ngo 1.22\n",
    "main.go": 'package main\n\nimport (\n\t"os"\n\t"strings"\n\t"time"\n)\n\nfunc main() {\n\tline := []byte(strings.Repeat("word ", 1<<15) + "\\n")\n\tfor range 32 {\n\t\tos.Stdout.Write(line)\n\t}\n\tserve()\n}\n\nfunc serve() { time.Sleep(time.Hour) }\n',
}
"""Prints five megabytes, and never ends."""

_STUCK = {
    "go.mod": "module example.com/stuck\n\ngo 1.22\n",
    "main.go": 'package main\n\nimport _ "example.com/stuck/store"\n\nfunc main() {}\n',
    "store/store.go": """package store

import (
	"os"
	"sync"
	"time"
)

var (
	mutex sync.Mutex
	once  sync.Once
)

func init() {
	switch os.Getenv("HOW") {
	case "sleep":
		time.Sleep(time.Hour)
	case "mutex":
		mutex.Lock()
		go func() { time.Sleep(time.Hour); mutex.Unlock() }()
		mutex.Lock()
	case "once":
		once.Do(load)
	case "spin":
		spin(time.Now())
	case "exit":
		os.Exit(3)
	}
}

func load() { once.Do(func() {}) }

//go:noinline
func spin(begun time.Time) {
	for time.Since(begun) < time.Hour {
	}
}
""",
}
"""Whose init waits in a way that the environment says."""

_DIALS = _STUCK | {
    "store/store.go": """package store

import "net"

func init() {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	client, err := net.Dial("tcp", server.Addr().String())
	if err != nil {
		panic(err)
	}
	client.Read(make([]byte, 1))
}
""",
}
"""Whose init waits for somebody who never answers."""


def _golab(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", *arguments],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _run(folder: Path, results: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return _golab("run", "program", str(folder), "--engine", "host", "--results", str(results), *arguments)


def _starts(done: subprocess.CompletedProcess[str]) -> Mapping[str, Any]:
    result = json.loads(done.stdout)
    jsonschema.validate(result, SCHEMAS["start"].model_json_schema())
    return {start["cell"]: start for start in result["starts"]}


def _values(cell: Mapping[str, Any], metric: str) -> list[float]:
    values: list[float] = cell["metrics"][metric]["measured"]["values"]
    return values


def test_a_program_is_measured_as_it_is(tmp_path: Path) -> None:
    """Plain, by what its runtime tells, and by schedtrace, each in cells of its own; with its arguments and variables; and compared."""
    folder, results = written(tmp_path / "plain", PLAIN), tmp_path / "results"

    done = _run(folder, results, "--runs=2", "--env=WORD=w", "--gomaxprocs=auto,1", "--json", "--", "-a", "b")

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    jsonschema.validate(result, SCHEMAS["run"].model_json_schema())
    cells = {cell["id"]: cell for cell in result["cells"]}
    assert {name: cell["outcomes"] for name, cell in cells.items()} == {
        name: {"exit": 2}
        for name in ("plain", "plain-p1", "runtime", "runtime-p1", "schedtrace", "schedtrace-p1")
    }
    assert "startup_ns" not in cells["plain"]["metrics"]
    starts, walls = _values(cells["runtime"], "startup_ns"), _values(cells["runtime"], "wall_ns")
    assert all(0 < start < wall for start, wall in zip(starts, walls, strict=True))
    assert all(value > 1 << 20 for value in _values(cells["plain"], "max_rss_bytes"))
    assert min(_values(cells["runtime-p1"], "threads")) >= 2
    assert min(_values(cells["schedtrace-p1"], "threads_traced")) >= 2
    assert _values(cells["schedtrace"], "schedtrace_unread") == [0, 0]
    assert _values(cells["schedtrace"], "runqueue") == [0, 0]
    records = list(RunFolder(Path(result["record"])).records())
    assert {record.stdout.text for record in records} == {"-a,b,w"}
    assert RunFolder(Path(result["record"])).plan().asked[-3:] == ("--", "-a", "b")

    compared = _golab("compare", result["run"], result["run"], "--results", str(results), "--json")
    assert compared.returncode == 0, compared.stderr


def test_a_program_that_never_ends_is_an_outcome(tmp_path: Path) -> None:
    """Its limit ends it, what it printed is counted and not kept, and where it was is told."""
    folder = written(tmp_path / "endless", _ENDLESS)

    done = _run(folder, tmp_path / "results", "--runs=1", "--time-limit=500ms", "--set=instrument=plain")

    assert done.returncode == 6
    assert "plain: 1 of 1 replicates ended in timeout: ended at its time limit" in done.stdout
    assert "1 goroutine [sleep] in main.serve (main.go:" in done.stdout
    (folder_of_run,) = RunFolder(tmp_path / "results").path.iterdir()
    (record,) = RunFolder(folder_of_run).records()
    assert (len(record.stdout.text), record.stdout.total_bytes) == (65536, 32 * (5 * 32768 + 1))


def test_what_serves_is_told_to_end(tmp_path: Path) -> None:
    """To end by the SIGTERM that it was sent is an exit, and what its runtime counted is told from there."""
    folder = written(tmp_path / "endless", _ENDLESS)

    done = _run(
        folder,
        tmp_path / "results",
        "--runs=1",
        "--stop-after=300ms",
        "--set=instrument=plain,runtime",
        "--json",
    )
    late = _run(folder, tmp_path / "results", "--stop-after=30s")

    assert done.returncode == 0, done.stderr
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert {name: cell["outcomes"] for name, cell in cells.items()} == {
        "plain": {"exit": 1},
        "runtime": {"exit": 1},
    }
    assert _values(cells["plain"], "wall_ns")[0] > 300e6
    assert _values(cells["runtime"], "goroutines") == [1]
    assert (late.returncode, "is not below the time limit" in late.stderr) == (2, True)


def test_what_cannot_be_run_says_what_to_do(tmp_path: Path) -> None:
    """A folder without a program is a wrong argument, a module that is not there a build that fails."""
    library = written(tmp_path / "library", PLAIN | {"main.go": "package plain\n"})
    lacking = written(
        tmp_path / "lacking",
        USES_WORDS | {"go.sum": "example.com/words v1.2.3 h1:a=\nexample.com/words v1.2.3/go.mod h1:a=\n"},
    )

    refused = _run(library, tmp_path / "results")
    failed = _run(lacking, tmp_path / "results", f"--modcache={tmp_path}")

    assert (refused.returncode, failed.returncode) == (2, 5)
    assert "is package plain, not main: there is nothing to run" in refused.stderr
    assert "module example.com/words@v1.2.3 is neither in vendor/ nor in the module cache" in failed.stderr
    assert not (tmp_path / "results").exists()


def test_a_stuck_start_names_the_package_in_every_release(tmp_path: Path) -> None:
    """The same words for a lock that never comes, whatever the release calls its state."""
    folder = written(tmp_path / "stuck", _STUCK)
    releases = ("1.27.3", "1.24.11", "1.22.10")

    done = _run(
        folder,
        tmp_path / "results",
        "--stuck-after=500ms",
        f"--go={','.join(releases)}",
        "--env=HOW=mutex",
        "--json",
    )

    assert done.returncode == 1, done.stderr
    starts = _starts(done)
    assert list(starts) == ["inits", "inits-go1.24.11", "inits-go1.22.10"]
    for start in starts.values():
        assert (start["started"], start["package"]) == ("stuck", "example.com/stuck/store")
        assert start["goroutine"]["state"] in {"sync.Mutex.Lock", "semacquire"}
        assert [frame["function"] for frame in start["goroutine"]["frames"]][
            -1
        ] == "example.com/stuck/store.init.0"
        ended = {init["package"]: init["took_ns"] for init in start["inits"]}
        assert ended.pop("example.com/stuck/store") is None
        assert "sync" in ended or "runtime" in ended
        assert all(took is not None for took in ended.values())


@pytest.mark.parametrize(
    ("files", "how", "said"),
    [
        (_STUCK, "sleep", "goroutine 1 runs it [sleep]:"),
        (_STUCK, "spin", "    example.com/stuck/store.spin  example.com/stuck/store/store.go:"),
        (_STUCK, "once", "goroutine 1 can never go on: it waits for itself"),
        (_DIALS, "dial", "goroutine 1 runs it [IO wait]:"),
    ],
    ids=["sleep", "spin", "once", "dial"],
)
def test_a_stuck_start_says_what_it_waits_for(
    tmp_path: Path, files: Mapping[str, str], how: str, said: str
) -> None:
    """The package, its goroutine's state and stack, and who waits for whom."""
    done = _run(
        written(tmp_path / "stuck", files), tmp_path / "results", "--stuck-after=500ms", f"--env=HOW={how}"
    )

    assert done.returncode == 1, done.stderr
    assert "inits: the start is stuck in an init of package example.com/stuck/store: it began " in done.stdout
    assert said in done.stdout
    assert "store/store.go:" in done.stdout


def test_a_start_that_is_not_stuck_says_when_main_began(tmp_path: Path) -> None:
    """And one that ended in an init is neither."""
    began = _run(written(tmp_path / "began", _STUCK), tmp_path / "results", "--stuck-after=5s")
    ended = _run(tmp_path / "began", tmp_path / "results", "--stuck-after=5s", "--env=HOW=exit", "--json")

    assert (began.returncode, ended.returncode) == (0, 6)
    assert "inits: the start was not stuck: main.main began after " in began.stdout
    assert _starts(ended)["inits"]["started"] == "ended"
    assert _starts(ended)["inits"]["package"] == "example.com/stuck/store"
