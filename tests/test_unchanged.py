"""What a run is not gone on with under: another engine, other CPUs, another neighbour. Each difference is named."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from lab import planning
from lab.errors import EnvironmentRefusedError, UsageError
from lab.golang.build import Binary
from lab.golang.render import GoProgram
from lab.host import environment
from lab.material import Material
from lab.model.run import FORMAT, Plan
from lab.store import RunFolder
from lab.unchanged import refuse_another_engine, refuse_another_machine, refuse_other_programs
from lab.workshop import BuiltNeighbour
from tests.fakes import FakeEngine
from tests.recorded import Recipe, record
from tests.resumed import material
from tests.small import small_experiment

_GIB: Final = 1 << 30
_ENGINE: Final[Mapping[str, Any]] = {
    "engine": "docker",
    "url": "unix:///var/run/docker.sock",
    "version": "20.10.24",
    "kernel": "6.1.0",
    "cpus": 2,
    "memory_bytes": 8 * _GIB,
    "storage_driver": "overlay2",
    "cgroup_version": "2",
    "runtime": "runc",
    "containers_running": 0,
}


def _plan(root: Path, provenance: Mapping[str, Any]) -> Plan:
    return record(root, Recipe(replicates=1, provenance=provenance)).plan()


def test_an_engine_elsewhere_or_set_up_otherwise_is_refused_with_each_difference(tmp_path: Path) -> None:
    """A line each. That it is another version, or that others run there now, is none."""
    plan = _plan(tmp_path, {"engine": _ENGINE})
    big = {
        **_ENGINE,
        "url": "ssh://192.0.2.1",
        "kernel": "6.9.0",
        "cpus": 64,
        "memory_bytes": 512 * _GIB,
        "storage_driver": "vfs",
        "cgroup_version": "1",
        "runtime": "runsc",
    }
    with pytest.raises(EnvironmentRefusedError) as refused:
        refuse_another_engine(plan, {"docker": big})

    first, *lines = str(refused.value).split("\n")
    assert first.endswith("was measured in another engine, or in one that was set up otherwise:")
    assert lines == [
        "engine docker: kernel was 6.1.0, is 6.9.0",
        "engine docker: cpus was 2, is 64",
        f"engine docker: memory_bytes was {8 * _GIB}, is {512 * _GIB}",
        "engine docker: storage_driver was overlay2, is vfs",
        "engine docker: cgroup_version was 2, is 1",
        "engine docker: runtime was runc, is runsc",
        "engine docker: machine was this machine, is 192.0.2.1",
    ]
    refuse_another_engine(plan, {"docker": {**_ENGINE, "version": "29.0.0", "containers_running": 3}})


def test_a_twin_of_this_machine_is_another(tmp_path: Path) -> None:
    """All that it says of itself is the same; a port of this machine is this machine."""
    plan = _plan(tmp_path, {"engine": _ENGINE})
    with pytest.raises(EnvironmentRefusedError, match=r"machine was this machine, is 192\.0\.2\.1"):
        refuse_another_engine(plan, {"docker": {**_ENGINE, "url": "tcp://192.0.2.1:2375"}})
    refuse_another_engine(plan, {"docker": {**_ENGINE, "url": "tcp://127.0.0.1:2375"}})


def test_what_a_record_does_not_say_is_not_held_against_anybody(tmp_path: Path) -> None:
    """An earlier golab did not write it down. Memory is not to the byte the same after each boot."""
    plan = _plan(tmp_path, {"engine": {"engine": "docker", "kernel": "6.1.0"}, "machine": {"cpu": None}})
    refuse_another_engine(plan, {"docker": {**_ENGINE, "storage_driver": "vfs"}})
    refuse_another_machine(plan, environment.describe())
    whole = _plan(tmp_path / "whole", {"engine": _ENGINE})
    refuse_another_engine(whole, {"docker": {**_ENGINE, "memory_bytes": 8 * _GIB - 300_000}})


def test_the_other_engines_of_a_matrix_are_compared_by_name(tmp_path: Path) -> None:
    """One that cannot be had any more refuses its cells elsewhere."""
    others = {"host": {"engine": "host", "kernel": "6.1.0"}}
    plan = _plan(tmp_path, {"engine": _ENGINE, "other_engines": others})
    refuse_another_engine(plan, {"docker": _ENGINE})
    with pytest.raises(EnvironmentRefusedError, match=r"\nengine host: kernel was 6\.1\.0, is 6\.9\.0$"):
        refuse_another_engine(plan, {"docker": _ENGINE, "host": {"engine": "host", "kernel": "6.9.0"}})


def test_what_a_golab_switches_for_a_while_counts_once_nobody_can_be_at_it(tmp_path: Path) -> None:
    """One that was killed meanwhile left it so, and is found as the next one begins; another may be at it until its lock is had."""
    here = environment.describe()
    plan = _plan(tmp_path, {"machine": {**here, "thp": {**here["thp"], "enabled": "sometimes"}}})
    refuse_another_machine(plan, here, is_settled=False)
    with pytest.raises(EnvironmentRefusedError, match="thp was sometimes, is "):
        refuse_another_machine(plan, here)


def test_other_cpus_than_it_was_begun_on_are_refused(tmp_path: Path) -> None:
    """By taskset, a cpuset or a cgroup: the machine is the same."""
    here = environment.describe()
    plan = _plan(tmp_path, {"machine": {**here, "cpu": {**here["cpu"], "allowed": "0-511"}}})
    refuse_another_machine(_plan(tmp_path / "same", {"machine": here}), here)
    with pytest.raises(EnvironmentRefusedError) as refused:
        refuse_another_machine(plan, here)
    assert str(refused.value).split("\n")[1:] == [f"cpus_allowed was 0-511, is {here['cpu']['allowed']}"]


def _neighbour(text: str) -> BuiltNeighbour:
    program = GoProgram("writer", {"go.mod": b"module writer\n", "main.go": f"// {text}\n".encode()})
    return BuiltNeighbour("writer", program, Binary(content=text.encode()))


def _beside(text: str) -> Material:
    """The cells of the made-up scenario; somebody works beside the first."""
    made = material(FakeEngine())
    first, *rest = made.prepared
    return replace(made, prepared=(replace(first, neighbour=_neighbour(text)), *rest))


def _planned_beside(root: Path, text: str) -> tuple[RunFolder, Plan]:
    """A run as it is written down with that neighbour."""
    folder = record(root, Recipe(replicates=1, measured=False))
    then = _neighbour(text)
    plan = replace(
        folder.plan(),
        cells=planning.planned_cells(_beside(text), FakeEngine()),
        provenance={
            "neighbours": {"writer": then.binary.sha256},
            "neighbour_programs": {"writer": then.program.source_sha256},
        },
    )
    files = {path: content.decode() for path, content in then.program.files.items()}
    programs = {then.program.source_sha256: {path: path for path in files}}
    kept = {"format": FORMAT, "programs": programs, "files": files}
    (folder.path / "programs.json").write_bytes(msgspec.json.encode(kept))
    return folder, plan


def _refuse(folder: RunFolder, plan: Plan, now: Material) -> None:
    refuse_other_programs(folder, plan, planning.planned_cells(now, FakeEngine()), now)


def test_another_neighbour_is_refused_with_the_difference(tmp_path: Path) -> None:
    """Of the cells beside which it works."""
    folder, plan = _planned_beside(tmp_path, "writes much")
    _refuse(folder, plan, _beside("writes much"))
    with pytest.raises(UsageError, match="s1: its neighbour writer was changed:") as refused:
        _refuse(folder, plan, _beside("writes little"))

    assert "\n-// writes much\n+// writes little" in str(refused.value)


def test_a_neighbour_of_which_only_the_binary_was_written_down_is_compared_by_that(tmp_path: Path) -> None:
    """An earlier golab kept no more; a still earlier one nothing at all."""
    folder, plan = _planned_beside(tmp_path, "writes much")
    earlier = replace(plan, provenance={"neighbours": plan.provenance["neighbours"]})
    with pytest.raises(UsageError, match=r"s1: its neighbour writer is another \(.{12}, now .{12}\)"):
        _refuse(folder, earlier, _beside("writes little"))
    _refuse(folder, replace(plan, provenance={}), _beside("writes little"))


def test_the_sources_of_a_neighbour_are_kept() -> None:
    """Else nobody could say what was changed."""
    kept = planning.sources(small_experiment(), _beside("writes much"))
    source = _neighbour("writes much").program.source_sha256

    assert [kept.files[digest] for digest in kept.programs[source].values()] == [
        "module writer\n",
        "// writes much\n",
    ]
