"""What one replicate of mutex-contention and rwmutex-contention says under each release, and what must hold on any machine, however busy."""

import json
import os
import signal
import statistics
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lab import manifest
from lab.bench import command
from lab.dump import parsed
from lab.engine.host import HostEngine
from lab.golang import toolchain
from lab.golang.build import build
from lab.golang.render import render_program
from lab.model.matrix import default_cells
from lab.model.scenario import GOMAXPROCS, Scenario

pytestmark = [pytest.mark.go, pytest.mark.slow]

_NAMES = ("mutex-contention", "rwmutex-contention")
_RELEASES = ("1.22.10", "1.24.11", "1.27.3")
_MS = 1_000_000

Binary = Callable[[str, str], Path]
Said = Mapping[str, list[int]]


@pytest.fixture(scope="module")
def scenarios(lab_root: Path) -> Mapping[str, Scenario]:
    """The manifests."""
    return {name: manifest.load(lab_root / f"scenarios/{name}.toml") for name in _NAMES}


@pytest.fixture(scope="module")
def binary(
    scenarios: Mapping[str, Scenario], lab_root: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Binary:
    """A function that builds a scenario's program with a release, once for all of this module's tests."""
    templates, folder = lab_root / "go_templates", tmp_path_factory.mktemp("locks")
    made: dict[tuple[str, str], Path] = {}

    def of(name: str, release: str) -> Path:
        if (name, release) not in made:
            values = {factor.name: factor.default.value for factor in scenarios[name].factors}
            line = release.rpartition(".")[0]
            program = render_program(templates, name, tools=templates, go_line=line, values=values)
            go = toolchain.fetch(release, cache, print)
            path = folder / f"{name}-{release}"
            path.write_bytes(build(HostEngine(cache=cache), go, program, cache).content)
            path.chmod(0o755)
            made[name, release] = path
        return made[name, release]

    return of


def _run(binary: Path, *flags: str, procs: str = "2") -> Said:
    reading, writing = os.pipe()
    environment = {"LAB_FD": str(writing)} | ({} if procs == "auto" else {"GOMAXPROCS": procs})
    with os.fdopen(reading) as lines:
        process = subprocess.Popen([binary, *flags], pass_fds=(writing,), env=environment)
        os.close(writing)
        said = [json.loads(line) for line in lines]
    assert process.wait() == 0
    found: dict[str, list[int]] = {}
    for line in said:
        if "o" in line:
            found.setdefault(line["o"], []).append(line["v"])
    return found


@pytest.mark.parametrize("release", _RELEASES)
@pytest.mark.parametrize("name", _NAMES)
def test_every_default_cell_gives_its_metrics(
    scenarios: Mapping[str, Scenario], binary: Binary, name: str, release: str
) -> None:
    """Under each release, in a shorter window; what is a time or a throughput is above 0. One write in a hundred may not come."""
    scenario = scenarios[name]
    assert set(_RELEASES) == set(scenario.releases)
    for cell in default_cells(scenario):
        shorter = (f"-held={_MS}",) if cell.text("section") == "sleep" else ()
        flags = (*command.flags(scenario, cell), *shorter, f"-window={40 * _MS}")
        found = _run(binary(name, release), *flags, procs=cell.text(GOMAXPROCS))
        wanted = {metric.observation for metric in scenario.metrics_of(cell.levels)}

        few = {"write_wait_ns"} if "writes" in cell.levels and cell.text("writes") == "1" else set()
        assert wanted - few <= set(found), cell.id
        times = {each for each in wanted & set(found) if each.endswith("_ns") or each == "ops_per_s"}
        assert all(value > 0 for each in times for value in found[each]), cell.id


@pytest.mark.parametrize(
    ("release", "in_sync", "group"),
    [("1.22.10", 50, "semacquire"), ("1.24.11", 0, "waitgroup"), ("1.27.3", 0, "waitgroup")],
)
def test_a_dump_calls_waiters_for_a_mutex_by_its_name(
    binary: Binary, release: str, in_sync: int, group: str
) -> None:
    """Never semacquire, in any of these releases; the function in which they wait moved to internal/sync with Go 1.24."""
    found = _run(binary("mutex-contention", release), "-mode=dump")

    assert found["waiters"] == found["waiters_said_mutex_lock"] == found["waiters_in_semacquiremutex"] == [50]
    assert found["waiters_said_semacquire"] == [0]
    assert found["waiters_in_package_sync"] == [in_sync]
    assert found["group_said_semacquire"] == [int(group == "semacquire")]
    assert found["group_said_waitgroup"] == [int(group == "waitgroup")]


@pytest.mark.parametrize("release", _RELEASES)
@pytest.mark.parametrize(
    ("name", "flags", "states"),
    [
        (
            "mutex-contention",
            ("-section=sleep", f"-held={10 * _MS}", f"-window={9000 * _MS}"),
            {"sync.Mutex.Lock"},
        ),
        (
            "rwmutex-contention",
            ("-mode=arrive", f"-held={500 * _MS}"),
            {"sync.RWMutex.RLock", "sync.RWMutex.Lock"},
        ),
    ],
)
def test_a_dump_by_sigquit_says_the_same(
    binary: Binary, release: str, name: str, flags: tuple[str, ...], states: set[str]
) -> None:
    """The article's set-up, and readers behind a writer: at half a second all of these wait, and main for the end of them or asleep."""
    process = subprocess.Popen([binary(name, release), *flags], stderr=subprocess.PIPE, text=True, env={})
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.75)
    process.send_signal(signal.SIGQUIT)
    _, stderr = process.communicate(timeout=10)
    dump = parsed(stderr)
    waiting = {each.reason for each in dump.goroutines if each.reason.startswith(("sync.", "semacquire"))}

    assert dump.head[0] == "SIGQUIT: quit"
    assert not dump.unread
    assert waiting - {"sync.WaitGroup.Wait", "semacquire"} == states
    assert "sync.WaitGroup.Wait" not in waiting or release != "1.22.10"
    assert "semacquire" not in waiting or release == "1.22.10"


def test_starvation_is_seen_where_it_is_reached(binary: Binary) -> None:
    """One goroutine never waits. Of a thousand on one P, one is preempted with the lock: the others queue for longer than 1 ms."""
    program = binary("mutex-contention", "1.27.3")
    alone = _run(program, "-goroutines=1")
    crowd = _run(program, "-goroutines=1000", f"-window={200 * _MS}", procs="1")

    assert alone["starving_permille"] == [0]
    assert statistics.median(alone["wait_ns"]) == 1000
    assert crowd["starving_permille"][0] > 500
    assert max(crowd["wait_ns"]) > 10 * _MS


def test_a_mutex_lets_one_in_and_its_queue_is_served_in_order(binary: Binary) -> None:
    """Sleeping sections: as many get through with twenty goroutines as with one, and the waits of a first round climb by one each."""
    program = binary("mutex-contention", "1.27.3")
    flags = ("-section=sleep", f"-held={2 * _MS}", f"-window={50 * _MS}")
    one, twenty = (_run(program, f"-goroutines={n}", *flags) for n in (1, 20))

    assert twenty["ops_per_s"][0] <= 500
    assert one["ops_per_s"][0] / 2 < twenty["ops_per_s"][0] < one["ops_per_s"][0] * 2
    assert twenty["starving_permille"] == [1000]
    second_round = twenty["wait_ns"][20:]
    assert all(wait >= 19 * 2 * _MS for wait in second_round)


def test_readers_do_not_exclude_each_other_and_a_writer_excludes_all(binary: Binary) -> None:
    """Of twenty readers that sleep, at least ten times as many get through as of one; behind a writer they wait for all of it."""
    program = binary("rwmutex-contention", "1.27.3")
    flags = ("-section=sleep", f"-held={5 * _MS}", f"-window={50 * _MS}", "-writes=0")
    one, twenty = (_run(program, f"-goroutines={n}", *flags) for n in (1, 20))
    arrived = _run(program, "-mode=arrive", "-goroutines=20", f"-held={10 * _MS}")

    assert twenty["ops_per_s"][0] > 10 * one["ops_per_s"][0]
    assert arrived["writer_wait_ns"][0] >= 20 * _MS
    assert min(arrived["behind_writer_wait_ns"]) >= 15 * _MS
    assert max(arrived["beside_reader_wait_ns"]) < min(arrived["behind_writer_wait_ns"])


def test_as_many_of_a_hundred_are_writes_as_were_asked_for(binary: Binary) -> None:
    """Counted where each operation is timed and none is left out: with one goroutine and short sleeps."""
    program = binary("rwmutex-contention", "1.27.3")
    found = _run(
        program,
        "-goroutines=1",
        "-writes=10",
        "-section=sleep",
        f"-held={_MS // 20}",
        f"-window={300 * _MS}",
    )
    reads, writes = len(found["read_wait_ns"]), len(found["write_wait_ns"])

    assert reads + writes >= 50
    assert abs(writes - (reads + writes) / 10) <= 2


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("mutex-contention", "-goroutines=0"),
        ("mutex-contention", "-mode=nothing"),
        ("rwmutex-contention", "-writes=101"),
        ("rwmutex-contention", "-lock=none"),
    ],
)
def test_bad_flags_are_usage(binary: Binary, name: str, flag: str) -> None:
    """With a sentence that has all of them, and exit code 2."""
    done = subprocess.run([binary(name, "1.27.3"), flag], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr.startswith(f"{name}: cannot do -mode=")
    assert flag in done.stderr
