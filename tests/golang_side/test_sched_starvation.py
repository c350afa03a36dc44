"""What one replicate of sched-starvation says, under every release, plain and with counters in the scheduler."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from statistics import median

import pytest

from lab.engine.host import HostEngine
from lab.golang import schedtrace, toolchain
from lab.golang.build import Setting, build
from lab.golang.overlay import overlaid
from lab.golang.render import render_program
from lab.manifest import load
from lab.manifest.building import load_overlay
from lab.model.building import Building
from lab.model.scenario import Scenario

pytestmark = [pytest.mark.go, pytest.mark.slow]

_RELEASES = ("1.22.10", "1.24.11", "1.27.3")
_COUNTS = {"looks_per_s", "steals_per_s", "handoffs_per_s", "sysmon_us_per_s"}
_MS = 1_000_000

Said = Mapping[str, list[int]]
Replicate = Callable[..., tuple[Said, str]]


@pytest.fixture(scope="module")
def scenario(lab_root: Path) -> Scenario:
    """The manifest."""
    return load(lab_root / "scenarios/sched-starvation.toml")


@pytest.fixture(scope="module")
def replicate(
    scenario: Scenario, lab_root: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Replicate:
    """A function that runs one replicate and gives its observations by name, and its standard error."""
    templates, folder = lab_root / "go_templates", tmp_path_factory.mktemp("sched-starvation")
    values = {factor.name: factor.default.value for factor in scenario.factors}
    made: dict[tuple[str, bool, bool], Path] = {}

    def binary(release: str, *, counted: bool, cgo: bool) -> Path:
        if (release, counted, cgo) not in made:
            go = toolchain.fetch(release, cache, print)
            line = ".".join(release.split(".")[:2])
            program = render_program(
                templates, "sched-starvation", tools=templates, go_line=line, values=values
            )
            overlay = load_overlay([templates / "overlays"], "counters")
            setting = Setting(sources=overlaid([overlay], go) if counted else {}, building=Building(cgo=cgo))
            path = folder / f"{release}-{counted}-{cgo}"
            path.write_bytes(build(HostEngine(cache=cache), go, program, cache, setting).content)
            path.chmod(0o755)
            made[release, counted, cgo] = path
        return made[release, counted, cgo]

    def run(
        release: str,
        *flags: str,
        procs: int,
        counted: bool = False,
        cgo: bool = False,
        godebug: str = "",
    ) -> tuple[Said, str]:
        reading, writing = os.pipe()
        environment = {"LAB_FD": str(writing), "GOMAXPROCS": str(procs), "GODEBUG": godebug}
        argv = [str(binary(release, counted=counted, cgo=cgo)), *flags]
        with os.fdopen(reading) as lines:
            process = subprocess.Popen(
                argv, pass_fds=(writing,), env=environment, stderr=subprocess.PIPE, text=True
            )
            os.close(writing)
            _, stderr = process.communicate(timeout=60)
            said: dict[str, list[int]] = {}
            for line in map(json.loads, lines):
                if "o" in line:
                    said.setdefault(line["o"], []).append(line["v"])
        assert process.returncode == 0, stderr
        return said, stderr

    return run


@pytest.mark.parametrize("release", _RELEASES)
def test_every_population_runs_under_every_release(
    scenario: Scenario, replicate: Replicate, release: str
) -> None:
    """Each that needs no C says how late the probe was, what CPU time it took, and how many threads there are; nothing is counted."""
    for level in scenario.factor("population").levels:
        if level.text == "cgo":
            continue
        short = (f"-window={150 * _MS}", "-goroutines=8", f"-every={3 * _MS}", f"-service={_MS}")
        said, stderr = replicate(release, f"-population={level.text}", *short, procs=2)

        serving = level.text == "serving"
        wanted = {"request_ns", "served_per_s"} if serving else {"probe_late_ns", "probe_turns"}
        assert set(said) == wanted | {"cpu_us_per_s", "threads"}, level.text
        assert stderr == ""
        assert said["threads"][0] >= (8 if level.text in ("locked", "calling") else 2)


@pytest.mark.parametrize("release", _RELEASES)
def test_counters_fit_every_release(replicate: Replicate, release: str) -> None:
    """Goroutines that call the kernel have their Ps handed off; those of one P's queue are stolen by another."""
    window = f"-window={100 * _MS}"
    calling, _ = replicate(release, "-population=calling", "-goroutines=8", window, procs=2, counted=True)
    requests = ("-population=serving", window, f"-every={_MS}", f"-service={_MS}")
    serving, _ = replicate(release, *requests, procs=2, counted=True)

    assert set(calling) >= _COUNTS
    assert calling["handoffs_per_s"][0] > 0
    assert 0 < calling["sysmon_us_per_s"][0] < calling["cpu_us_per_s"][0]
    assert serving["looks_per_s"][0] >= serving["steals_per_s"][0] > 0


def test_parked_goroutines_leave_the_only_p_to_others(replicate: Replicate) -> None:
    """The probe runs beside a hundred of them, and beside four that never stop hardly ever."""
    parked, _ = replicate("1.27.3", "-population=selecting", f"-window={100 * _MS}", procs=1)
    hogs = ("-population=spinning", "-goroutines=4", f"-window={200 * _MS}")
    starved, _ = replicate("1.27.3", *hogs, procs=1)

    assert parked["probe_turns"][0] >= 10
    assert starved["probe_turns"][0] <= 20
    assert median(starved["probe_late_ns"]) > 5 * _MS


@pytest.mark.compiler
@pytest.mark.parametrize("release", _RELEASES)
def test_a_goroutine_in_c_has_a_thread(replicate: Replicate, release: str) -> None:
    """Eight of them have eight, and are counted, too."""
    flags = ("-population=cgo", f"-window={150 * _MS}", "-goroutines=8")
    said, stderr = replicate(release, *flags, procs=2, cgo=True)
    counted, _ = replicate(release, *flags, procs=2, cgo=True, counted=True)

    assert stderr == ""
    assert said["threads"][0] >= 8
    assert counted["handoffs_per_s"][0] > 0


def test_c_is_built_in_where_it_is_wanted(replicate: Replicate) -> None:
    """Without a compiler's part the population that calls C is refused with what to do."""
    with pytest.raises(AssertionError, match="build with CGO_ENABLED=1 for -population=cgo"):
        replicate("1.27.3", "-population=cgo", procs=1)


def test_a_call_gives_the_p_up_and_a_fault_does_not(replicate: Replicate) -> None:
    """The probe runs beside memory that a call fills, and waits for time slices where the same pages are faulted in."""
    filled, _ = replicate(
        "1.27.3", "-population=populating", "-goroutines=1", f"-window={300 * _MS}", procs=1
    )
    faulted, _ = replicate("1.27.3", "-population=faulting", "-goroutines=1", f"-window={300 * _MS}", procs=1)

    assert filled["probe_turns"][0] > 2 * faulted["probe_turns"][0] > 0


@pytest.mark.parametrize("release", _RELEASES)
def test_a_starving_program_has_full_queues_in_its_trace(replicate: Replicate, release: str) -> None:
    """Lines of schedtrace are read whole; of forty hogs on two Ps most stand in queues."""
    hogs = ("-population=spinning", "-goroutines=40", f"-window={100 * _MS}", "-probe=off")
    _, stderr = replicate(release, *hogs, procs=2, godebug="schedtrace=10")
    found = schedtrace.observations(schedtrace.read(stderr))

    queued = [sum(each) for each in zip(found["runqueue"], found["localqueues"], strict=True)]
    assert max(queued) >= 30
    assert found["schedtrace_unread"] == (0,)


def test_arrivals_are_the_twin_s(replicate: Replicate, lab_root: Path) -> None:
    """As many requests within the window as the twin's generator has gaps for."""
    from lab.sim.simulate import load as load_twin  # noqa: PLC0415 - only this test needs it

    gaps = load_twin(lab_root / "scenarios/sched-starvation.py")["gaps"](2 * _MS)
    due, expected = 0, 0
    for gap in islice(gaps, 1000):
        due += gap
        if due >= 60 * _MS:
            break
        expected += 1
    serving = ("-population=serving", f"-window={60 * _MS}", f"-every={2 * _MS}", "-service=100000")
    said, _ = replicate("1.27.3", *serving, procs=2)

    assert len(said["request_ns"]) == expected > 10


@pytest.mark.parametrize("flag", ["-population=idle", "-window=0", "-goroutines=-1", "-probe=perhaps"])
def test_bad_flags_are_usage(replicate: Replicate, flag: str) -> None:
    """With a sentence, and exit code 2."""
    with pytest.raises(AssertionError, match="sched-starvation: cannot do"):
        replicate("1.27.3", flag, procs=1)
