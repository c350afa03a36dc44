"""The scenario fs-open as a user runs it: on every kind of folder, beside a neighbour; and nothing stays mounted, however a run ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import docker
import docker.errors
import pytest

from lab.host.journal import FOLDER
from lab.host.owner import PID
from lab.store import RunFolder

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]

_ROOT = Path(__file__).parents[2]
_OVERLAY = 0x794C7630
"""linux/magic.h."""
_WAIT_SECONDS = 240


def _command(results: Path, *words: str) -> list[str]:
    run = ("run", "scenario", "fs-open", "--engine", "docker", "--results", str(results), *words)
    return [sys.executable, "-m", "lab", *run, "--costs", "packaged", "--no-calibrate", "--json"]


def test_a_quick_run_measures_on_every_kind_of_folder(tmp_path: Path, client: docker.DockerClient) -> None:
    """Each cell's folder lies on what it says, its processes find names that are new, and the neighbour has worked: else there would be no replicate."""
    done = subprocess.run(
        _command(tmp_path, "--quick"), cwd=_ROOT, capture_output=True, text=True, timeout=300, check=False
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    outcomes = {cell["id"]: cell["outcomes"] for cell in told["cells"]}
    assert set(outcomes) >= {
        "lowest-fs_host",
        "lowest-fs_overlay:8",
        "lowest-fs_bind",
        "lowest-beside_disk-fs_overlay:8",
        "absent-fs_overlay-mount:100",
        "written-4KiB-fs_overlay-mount:2",
        "absent-g16-fs_overlay-mount:32",
    }
    assert all(each == {"exit": 5} for each in outcomes.values())
    folder = RunFolder(Path(told["record"]))
    plan = folder.plan()
    assert set(plan.provenance["neighbours"]) == {"disk-writer"}
    (image,) = {cell.image for cell in plan.cells if cell.levels["fs"] == "overlay:8"}
    with pytest.raises(
        docker.errors.ImageNotFound
    ):  # the next run's processes find names that are new there, too
        client.images.get(image)
    tags = [tag for each in client.api.images() for tag in each["RepoTags"] or []]
    assert not [tag for tag in tags if tag.endswith(image.removeprefix("sha256:")[:32])]
    records = folder.records()
    lies_on = {record.turn.cell: record.observations["fs_type"] for record in records}
    assert {name: seen == (_OVERLAY,) for name, seen in lies_on.items()} == {
        name: "overlay" in name for name in outcomes
    }
    assert lies_on["lowest-fs_bind"] == lies_on["lowest-fs_host"]
    whys = {claim["id"]: claim["why"] for claim in told["claims"]}
    assert set(whys) == {"4.1a", "4.1b", "4.1c", "4.1d"}
    assert "supported" in whys["4.1d"] or "refuted" in whys["4.1d"], "the others' tails want 72 processes"


def _mounted_below(place: Path) -> list[str]:
    return [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(place) in line]


def _measured(results: Path) -> bool:
    return any(path.stat().st_size for path in results.glob("*/runs.jsonl"))


def _is_there(what: Callable[[], object], child: "subprocess.Popen[bytes]") -> bool:
    """Whether it came to that before the child ended by itself."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        if what():
            return True
        if child.poll() is not None:
            return False
        time.sleep(0.002)
    return False


@pytest.mark.usefixtures("engine")
def test_a_killed_run_leaves_no_mount_no_folder_and_no_neighbour_to_the_next(
    tmp_path: Path, cache: Path, client: docker.DockerClient
) -> None:
    """Killed as soon as something is mounted, and while it measures beside its neighbour: the next start finds and removes it all."""
    place, results = tmp_path / "golab", tmp_path / "results"
    place.mkdir()
    for name in ("go", "binaries"):
        (cache / name).mkdir(exist_ok=True)
        (place / name).symlink_to(cache / name)
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    words = (
        "--set",
        "file=absent",
        "--set",
        "neighbour=none,disk",
        "--fs",
        "overlay-mount:8",
        "--runs",
        "100",
    )
    pids = []
    for phase in (lambda: _mounted_below(place), lambda: _measured(results)):
        child = subprocess.Popen(
            _command(results, *words), cwd=_ROOT, env=environment, stdout=subprocess.DEVNULL
        )
        pids.append(str(child.pid))
        try:
            assert _is_there(phase, child)
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
        assert _mounted_below(place)

    done = subprocess.run(
        _command(results, "--fs", "bind", "--runs", "1"),
        cwd=_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_WAIT_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert _mounted_below(place) == []
    assert list(place.glob("golab-folder-*")) == []
    left = client.api.containers(all=True, filters={"label": PID})
    assert [each for each in left if each["Labels"][PID] in pids] == []
    assert not [entry for entry in FOLDER.glob("*.json") if any(pid in entry.read_text() for pid in pids)]
