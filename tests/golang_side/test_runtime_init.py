"""The stamps of runtime-init: they fit every release that the manifest names, they stand in their order, and inittrace agrees."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.engine.host import HostEngine
from lab.golang import toolchain
from lab.golang.build import SCRATCH, Setting, build
from lab.golang.inittrace import Init, inits
from lab.golang.overlay import overlaid
from lab.golang.render import render_program
from lab.manifest import load
from lab.manifest.building import load_overlay
from lab.model.scenario import Scenario

pytestmark = [pytest.mark.go, pytest.mark.slow]

_STAGES = (
    "rt0_ns",
    "osinit_ns",
    "schedinit_ns",
    "newproc_ns",
    "to_runtime_main_ns",
    "sysmon_ns",
    "runtime_inits_ns",
    "gcenable_ns",
    "before_inits_ns",
    "package_inits_ns",
)
"""One after the other, without a gap."""
_OF_SCHEDINIT = (
    "mallocinit_ns",
    "cpuinit_ns",
    "gcinit_ns",
    "gomaxprocs_ns",
    "procresize_ns",
    "schedinit_rest_ns",
)
_MAY_BE_ZERO = ("before_inits_ns", "own_inits_ns", "tls_and_poller_ns", "inittrace_clock_ns")


@dataclass(frozen=True)
class Said:
    """What one process wrote."""

    observations: Mapping[str, list[int]]
    marks: Mapping[str, int]
    stderr: str

    def one(self, name: str) -> int:
        """The only value of an observation."""
        (value,) = self.observations[name]
        return value


@pytest.fixture(scope="module")
def scenario(lab_root: Path) -> Scenario:
    """The manifest."""
    return load(lab_root / "scenarios/runtime-init.toml")


def _built(root: Path, cache: Path, release: str, imports: str, *, over: bool = True) -> bytes:
    templates = root / "go_templates"
    go = toolchain.fetch(release, cache, print)
    values = {"imports": imports}
    program = render_program(templates, "runtime-init", tools=templates, go_line=go.go_line, values=values)
    overlay = load_overlay([templates / "overlays"], "stamps")
    setting = Setting(sources=overlaid([overlay], go)) if over else SCRATCH
    return build(HostEngine(cache=cache), go, program, cache, setting).content


def _run(binary: bytes, place: Path, **environment: str) -> Said:
    program = place / "program"
    program.write_bytes(binary)
    program.chmod(0o755)
    reading, writing = os.pipe()
    with os.fdopen(reading) as lines:
        process = subprocess.Popen(
            [program],
            pass_fds=(writing,),
            env={"LAB_FD": str(writing), **environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(writing)
        said = [json.loads(line) for line in lines]
    _, stderr = process.communicate()
    assert process.returncode == 0
    observations: dict[str, list[int]] = {}
    for line in said:
        if "o" in line:
            observations.setdefault(line["o"], []).append(line["v"])
    return Said(observations, {line["m"]: line["t"] for line in said if "m" in line}, stderr)


def test_the_overlay_fits_every_release_that_it_names(
    scenario: Scenario, lab_root: Path, cache: Path
) -> None:
    """Each anchor stands in that release's own source once; the manifest names none that the overlay does not."""
    overlay = load_overlay([lab_root / "go_templates/overlays"], "stamps")

    assert set(scenario.releases) <= set(overlay.releases)
    for release in scenario.releases:
        sources = overlaid([overlay], toolchain.fetch(release, cache, print))
        assert sorted(sources) == [
            "runtime/asm_amd64.s",
            "runtime/golab_stamps.go",
            "runtime/netpoll.go",
            "runtime/proc.go",
        ]


@pytest.mark.parametrize("place", [0, -1])
def test_stages_follow_each_other(
    scenario: Scenario, lab_root: Path, cache: Path, tmp_path: Path, place: int
) -> None:
    """Under the newest and the oldest release: every stage is there, they are together main_ns, and the marks say the same."""
    said = _run(_built(lab_root, cache, scenario.releases[place], "none"), tmp_path)
    levels = {factor.name: factor.default for factor in scenario.factors}
    wanted = {metric.observation for metric in scenario.metrics_of(levels)}
    ours = {name for name in wanted if not name.startswith("start_to_")}

    assert ours <= set(said.observations)
    assert sum(said.one(name) for name in _STAGES) == said.one("main_ns")
    assert sum(said.one(name) for name in _OF_SCHEDINIT) == said.one("schedinit_ns")
    assert said.one("start_ns") + said.one("package_inits_ns") == said.one("main_ns")
    assert 0 < said.one("stamp_syscall_ns") < said.one("rt0_ns")
    assert all(said.one(name) > 0 for name in ours if name.endswith("_ns") and name not in _MAY_BE_ZERO)
    assert said.marks["main"] - said.marks["entry"] >= said.one("main_ns")
    assert said.one("packages_lost") == 0


def test_inittrace_and_the_stamps_name_the_same_packages(
    lab_root: Path, cache: Path, go_toolchain: toolchain.Toolchain, tmp_path: Path
) -> None:
    """In the same order; a stamp lies within what inittrace times, so it is below the end of what its digits leave open."""
    said = _run(_built(lab_root, cache, go_toolchain.release, "fmt"), tmp_path, GODEBUG="inittrace=1")
    stamped = {
        name.removeprefix("init:").removesuffix("_ns"): took
        for name, (took,) in said.observations.items()
        if name.startswith("init:")
    }
    traced = tuple(inits(said.stderr))

    assert list(stamped) == [init.package for init in traced]
    assert {"runtime", "os", "golab/runtime-init/internal/lab"} <= set(stamped)
    assert [init.package for init in traced if not _could_be(init, stamped[init.package])] == []
    assert said.one("packages") == sum(1 for name in stamped if name not in _before(stamped))


def _could_be(init: Init, stamped: int) -> bool:
    """Whether what inittrace prints leaves room for what was stamped inside of it."""
    return stamped < init.clock_ns + init.step_ns


def _before(stamped: Mapping[str, int]) -> list[str]:
    """The runtime's own, which end with the package runtime itself."""
    names = list(stamped)
    return names[: names.index("runtime") + 1]


def test_without_the_stamps_nothing_is_said_of_stages(
    lab_root: Path, cache: Path, go_toolchain: toolchain.Toolchain, tmp_path: Path
) -> None:
    """The same source without the overlay: it has an array of zeroes, and says when main began."""
    said = _run(_built(lab_root, cache, go_toolchain.release, "none", over=False), tmp_path)

    assert list(said.marks) == ["main"]
    assert said.observations == {}
