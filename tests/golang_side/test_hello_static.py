"""What one replicate of hello-static says, by real builds; its files are read a second time here, by their bytes."""

import json
import os
import shutil
import struct
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lab.engine.host import HostEngine
from lab.golang import toolchain
from lab.golang.build import build
from lab.golang.render import render_program
from lab.manifest import load
from lab.model.level import Level
from lab.model.scenario import Scenario

pytestmark = [pytest.mark.go, pytest.mark.slow]

_DYNAMIC, _INTERP = 2, 3
"""PT_DYNAMIC and PT_INTERP of the ELF specification."""

Started = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def scenario(lab_root: Path) -> Scenario:
    """The manifest."""
    return load(lab_root / "scenarios/hello-static.toml")


@pytest.fixture(scope="module")
def start(
    scenario: Scenario, lab_root: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Started:
    """A function that starts one replicate under a release, in a folder; its observations are lines of its standard output."""

    def started(
        *flags: str, release: str = toolchain.DEFAULT_RELEASE, below: tuple[str, ...] = (), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        go = toolchain.fetch(release, cache, print)
        templates = lab_root / "go_templates"
        values = {factor.name: factor.default.value for factor in scenario.factors}
        program = render_program(
            templates, "hello-static", tools=templates, go_line=go.go_line, values=values
        )
        folder = tmp_path_factory.mktemp("hello-static")
        binary = folder / "driver"
        binary.write_bytes(build(HostEngine(cache=cache), go, program, cache).content)
        binary.chmod(0o755)
        return subprocess.run(
            [*below, str(binary), *flags],
            cwd=folder,
            env={"LAB_FD": "1", "LAB_GOROOT": str(go.tree.path)} | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return started


def _observed(done: subprocess.CompletedProcess[str]) -> Mapping[str, list[int]]:
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert said[0] == {"wire": 2}
    found: dict[str, list[int]] = {}
    for line in said:
        if "o" in line:
            found.setdefault(line["o"], []).append(line["v"])
    return found


def _wanted(scenario: Scenario, **levels: str) -> set[str]:
    chosen = {factor.name: factor.default for factor in scenario.factors}
    chosen |= {name: Level(text, text) for name, text in levels.items()}
    return {metric.observation for metric in scenario.metrics_of(chosen)}


def test_a_build_is_one_static_file_with_the_runtime_in_it(scenario: Scenario, start: Started) -> None:
    """It runs alone; a cold build starts a program for each package, one with nothing to do none, one after an edit two."""
    found = _observed(start("-imports=none"))

    assert set(found) == _wanted(scenario, imports="none")
    assert found["files_made"] == found["runs"] == [1]
    assert found["asks_for_loader"] == found["needed_libraries"] == [0]
    assert found["runtime_functions"] == found["stripped_runtime_functions"] == [4]
    assert found["cold_commands"][0] > 30
    assert found["cached_commands"] == [0] * 5
    assert found["edited_commands"] == [2]
    assert (
        found["size_bytes"][0] > found["size_without_dwarf_bytes"][0] > found["size_stripped_bytes"][0] > 1e6
    )
    assert found["build_cold_ns"][0] > 5 * max(found["build_cached_ns"])


def test_a_build_for_another_system_is_told_by_its_header(scenario: Scenario, start: Started) -> None:
    """GOOS and GOARCH are all that is set."""
    found = _observed(start("-imports=none", "-target=windows_amd64"))

    assert set(found) == _wanted(scenario, imports="none", target="windows_amd64")
    assert found["is_of_target"] == [1]


@pytest.mark.parametrize("release", ["1.22.10", "1.24.11", "1.27.3"])
def test_the_stages_of_a_build_add_up(scenario: Scenario, start: Started, release: str) -> None:
    """Under every release: each stage is seen, little is in none, and samples cover what the compiler took."""
    found = {
        name: values[0]
        for name, values in _observed(start("-mode=stages", "-imports=none", release=release)).items()
    }
    stages = {name: took for name, took in found.items() if name.startswith("stage_")}
    compiled = sum(
        took
        for name, took in stages.items()
        if name not in ("stage_assemble_ns", "stage_link_ns", "stage_go_ns")
    )

    assert set(found) == _wanted(scenario, mode="stages", imports="none")
    assert all(took > 0 for took in stages.values())
    assert compiled == found["compile_sampled_ns"]
    assert 0.7 < found["compile_sampled_ns"] / found["compile_cpu_ns"] < 1.2
    assert stages["stage_rest_ns"] < 0.2 * compiled
    assert max(stages, key=stages.__getitem__) == "stage_optimise_ns"


def test_where_a_c_compiler_is_an_import_decides(scenario: Scenario, start: Started) -> None:
    """What imports os/user needs a loader there, unless cgo is switched off; where there is none, what lacks is said."""
    done = start("-mode=linking", "-imports=user")

    if shutil.which("gcc", path="/usr/local/bin:/usr/bin:/bin") is None:
        assert done.returncode == 1
        assert "there is no gcc here: apt-get install gcc libc6-dev" in done.stderr
        return
    found = _observed(done)
    assert set(found) == _wanted(scenario, mode="linking", imports="user")
    assert found["hello_ldd_not_dynamic"] == found["import_without_cgo_ldd_not_dynamic"] == [1]
    assert found["hello_asks_for_loader"] == found["import_without_cgo_needed_libraries"] == [0]
    assert found["import_ldd_not_dynamic"] == [0]
    assert found["import_asks_for_loader"] == [1]
    assert found["import_needed_libraries"][0] >= 1


def test_another_reader_sees_the_same(
    go_binary: Path, go_environment: dict[str, str], tmp_path: Path
) -> None:
    """Of the program headers' bytes: what Go builds without C has neither loader nor dynamic section, this machine's shell has both."""
    (tmp_path / "go.mod").write_text("module hello\n\ngo 1.27\n")
    (tmp_path / "main.go").write_text(
        'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("hello, world") }\n'
    )
    subprocess.run([go_binary, "build", "-o", "hello", "."], cwd=tmp_path, env=go_environment, check=True)

    assert not {_DYNAMIC, _INTERP} & _segments((tmp_path / "hello").read_bytes())
    assert {_DYNAMIC, _INTERP} <= _segments(Path("/bin/sh").read_bytes())


def _segments(content: bytes) -> set[int]:
    """The types of the segments of a 64-bit little-endian ELF file (System V ABI, chapters 4 and 5)."""
    assert content[:6] == b"\x7fELF\x02\x01"
    (start,) = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    return {struct.unpack_from("<I", content, start + number * size)[0] for number in range(count)}


def test_what_is_missing_is_said(start: Started) -> None:
    """No release, or none at the place that was named; a level that there is not is usage."""
    without = start(LAB_GOROOT="", PATH="/nowhere")
    elsewhere = start(LAB_GOROOT="/nowhere")
    usage = start("-mode=stages", "-target=windows_amd64")

    assert (without.returncode, elsewhere.returncode, usage.returncode) == (1, 1, 2)
    assert "no Go release to build with: LAB_GOROOT names none, and there is no go in PATH" in without.stderr
    assert "LAB_GOROOT is no Go release" in elsewhere.stderr
    assert usage.stderr.startswith("hello-static: cannot do -mode=stages -target=windows_amd64")


def test_a_folder_that_is_too_small_is_said_beforehand(start: Started, tmp_path: Path) -> None:
    """With how much there is and how much is needed."""
    if os.geteuid() != 0:
        pytest.skip("a file system of its own needs root")
    small = f"mount -t tmpfs -o size=16m none {tmp_path} && cd {tmp_path} && exec $0"
    done = start(below=("/usr/bin/unshare", "--mount", "/bin/sh", "-c", small), PATH="/usr/bin:/bin")

    assert done.returncode == 1
    assert done.stderr == "hello-static: its folder has 16 MiB left, a build needs 192: give it more room\n"


def test_a_build_that_fails_is_told_in_the_compilers_words(start: Started, tmp_path: Path) -> None:
    """And nothing of it is left behind."""
    release = tmp_path / "go"
    (release / "bin").mkdir(parents=True)
    (release / "bin/go").write_text("#!/bin/sh\necho 'write b001: no space left on device' >&2\nexit 1\n")
    (release / "bin/go").chmod(0o755)
    done = start(LAB_GOROOT=str(release), PATH="/usr/bin:/bin")

    assert done.returncode == 1
    assert done.stderr == "hello-static: go build: exit status 1\nwrite b001: no space left on device\n"
