"""The instrument sched in a real program: what it writes is what runtime/metrics says, and a deadlock is still found."""

import os
import subprocess
from pathlib import Path

import pytest

from lab.engine.host import HostEngine
from lab.golang import sampled, schedtrace, toolchain
from lab.golang.build import Setting, build
from lab.golang.overlay import overlaid
from lab.golang.render import GoProgram
from lab.manifest.building import load_overlay
from lab.model.instrument import ATTACHMENTS, SCHED

pytestmark = [pytest.mark.go, pytest.mark.slow]

_PROGRAM = b"""package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		time.Sleep(30 * time.Millisecond)
		var locked sync.Mutex
		locked.Lock()
		locked.Lock()
	}
	var all sync.WaitGroup
	for range 7 {
		all.Add(1)
		go func() {
			defer all.Done()
			for range 50 {
				time.Sleep(time.Millisecond)
			}
		}()
	}
	all.Wait()
	for range 3 {
		go func() { select {} }()
	}
	time.Sleep(10 * time.Millisecond)
	found := []metrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/sync/mutex/wait/total:seconds"}, {Name: "/sched/latencies:seconds"},
	}
	runtime.GC()
	metrics.Read(found)
	fmt.Println(runtime.NumGoroutine(), found[0].Value.Uint64(), int64(found[1].Value.Float64()*1e9))
	h := found[2].Value.Float64Histogram()
	for i, count := range h.Counts {
		if count > 0 {
			fmt.Println(int64(h.Buckets[i+1]*1e9+0.5), count)
		}
	}
	os.Exit(0)
}
"""


@pytest.fixture(scope="module", params=["1.22.10", "1.27.3"])
def binary(
    request: pytest.FixtureRequest, lab_root: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The program, built over the instrument's overlay by the oldest release that scenarios name, and by the newest."""
    go = toolchain.fetch(request.param, cache, print)
    program = GoProgram("sampled", {"go.mod": b"module sampled\n\ngo 1.22\n", "main.go": _PROGRAM})
    overlay = load_overlay([lab_root / "go_templates/overlays"], ATTACHMENTS[SCHED].overlay)
    setting = Setting(sources=overlaid([overlay], go))
    path = tmp_path_factory.mktemp("sampled") / "program"
    path.write_bytes(build(HostEngine(cache=cache), go, program, cache, setting).content)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("release", ["1.23.9", "1.24.11", "1.25.5", "1.26.6"])
def test_it_compiles_with_the_releases_between(lab_root: Path, cache: Path, release: str) -> None:
    """Those that are here: an anchor that fits says nothing of the names around it."""
    if release != "1.24.11" and release not in toolchain.fetched(cache):
        pytest.skip(f"Go {release} is not fetched, and other tests do not need it")
    go = toolchain.fetch(release, cache, print)
    program = GoProgram(
        "nothing", {"go.mod": b"module nothing\n\ngo 1.22\n", "main.go": b"package main\n\nfunc main() {}\n"}
    )
    overlay = load_overlay([lab_root / "go_templates/overlays"], ATTACHMENTS[SCHED].overlay)

    assert build(
        HostEngine(cache=cache), go, program, cache, Setting(sources=overlaid([overlay], go))
    ).content


def _ran(binary: Path, *arguments: str, traced: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "GOMAXPROCS": "2",
        "GODEBUG": ATTACHMENTS[SCHED].variables["GODEBUG"] if traced else "",
    }
    return subprocess.run(
        [binary, *arguments], env=environment, capture_output=True, text=True, timeout=30, check=False
    )


def test_it_says_what_runtime_metrics_says(binary: Path) -> None:
    """The last sample, at os.Exit, is later than what the program read: by the few times to run that lie between the two."""
    done = _ran(binary)

    said, last = (
        [tuple(map(int, line.split())) for line in done.stdout.splitlines()],
        sampled.read(done.stderr),
    )
    assert last.unread == ()
    final = last.samples[-1]
    assert (final.goroutines, final.collections, final.mutex_wait_ns) == said[0]
    theirs = {pair[0]: pair[1] for pair in said[1:]}
    ours = final.latencies
    assert set(theirs) <= set(ours)
    assert all(count <= ours[end] for end, count in theirs.items())
    assert sum(ours.values()) - sum(theirs.values()) <= max(10, sum(theirs.values()) // 100)
    assert sum(theirs.values()) > 20


def test_each_line_of_schedtrace_has_one_beside_it(binary: Path) -> None:
    """And there is one more at the end; without schedtrace there is none."""
    done = _ran(binary)

    lines = schedtrace.read(done.stderr)
    assert lines.unread == ()
    assert len(sampled.read(done.stderr).samples) == len(lines.samples) + 1 > 3
    assert _ran(binary, traced=False).stderr == ""


def test_a_deadlock_is_still_found(binary: Path) -> None:
    """The instrument has no goroutine, timer or thread that would hide it."""
    done = _ran(binary, "deadlock")

    assert done.returncode == 2
    assert "fatal error: all goroutines are asleep - deadlock!" in done.stderr
    assert schedtrace.read(done.stderr).unread == ()
