"""A build as what is measured: a container that holds a Go release beside its program, and an engine that takes that once."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import docker
import pytest

from lab.engine import debian, images
from lab.engine.base import File, Spec, Tree
from lab.engine.docker import DockerEngine
from lab.golang.toolchain import Toolchain

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]


def test_a_build_in_a_container_is_measured(
    lab_root: Path, engine: DockerEngine, go_toolchain: Toolchain, tmp_path: Path
) -> None:
    """Quickly: its program runs where nothing but the release is; the image is the release's, and the program above it."""
    run = ("run", "scenario", "hello-static", "--engine", "docker", "--results", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-m", "lab", *run, "--quick", "--json"],
        cwd=lab_root,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    (cell,) = result["cells"]
    assert (cell["id"], cell["outcomes"]) == ("build-imports_none", {"exit": 2})
    values = {name: metric["measured"]["values"] for name, metric in cell["metrics"].items()}
    assert values["runs"] == values["files_made"] == [1, 1]
    assert values["asks_for_loader"] == values["needed_libraries"] == [0, 0]
    assert values["runtime_functions"] == values["stripped_runtime_functions"] == [4, 4]
    (planned,) = json.loads((Path(result["record"]) / "plan.json").read_text())["cells"]
    assert "LAB_GOROOT=/usr/local/go" in planned["environment"]
    below = engine.base(go_toolchain.tree).image
    assert _layers(engine, planned["image"])[:1] == _layers(engine, below)


def test_a_container_holds_a_base(own: debian.Base, lab_root: Path, tmp_path: Path) -> None:
    """Beside its C compiler an import makes a program dynamic, and its ldd says so; the record has the base with its packages."""
    done = _run(own.tree.path.parents[3], lab_root, tmp_path)

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    (cell,) = result["cells"]
    values = {name: metric["measured"]["values"][0] for name, metric in cell["metrics"].items()}
    assert (values["hello_ldd_not_dynamic"], values["hello_asks_for_loader"]) == (1, 0)
    assert (values["import_ldd_not_dynamic"], values["import_asks_for_loader"]) == (0, 1)
    assert values["import_without_cgo_ldd_not_dynamic"] == 1
    held = result["provenance"]["held_base"]
    assert (held["name"], held["packages"]) == ("golab", dict(own.packages))


def test_without_a_base_it_says_what_to_do(caches: Path, lab_root: Path, tmp_path: Path) -> None:
    """Where no other cell is left, nothing is recorded."""
    (tmp_path / "empty/golab").mkdir(parents=True)
    (tmp_path / "empty/golab/go").symlink_to(caches / "golab/go")
    done = _run(tmp_path / "empty", lab_root, tmp_path / "results")

    assert (done.returncode, done.stdout) == (4, "")
    assert "is not made yet, and the cell's container has to hold it" in done.stderr
    assert "hint: as root: golab engine base (40 s)" in done.stderr
    assert not (tmp_path / "results").exists()


def _run(caches: Path, root: Path, results: Path) -> subprocess.CompletedProcess[str]:
    levels = ("--set", "mode=linking", "--set", "imports=user", "--runs", "1")
    run = ("run", "scenario", "hello-static", *levels, "--engine", "docker", "--results", str(results))
    return subprocess.run(
        [sys.executable, "-m", "lab", *run, "--json"],
        cwd=root,
        env={**os.environ, "XDG_CACHE_HOME": str(caches)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_what_lies_on_an_image_is_enough(
    client: docker.DockerClient, probe_tree: Tree, tmp_path: Path
) -> None:
    """An engine that has the tree's image needs nothing but the layers above it, and has then the image of that very id."""
    tree = images.of_trees([probe_tree], tmp_path)
    client.images.load(b"".join(tree.archive()))
    program = File(path="/golab/program", content=os.urandom(16))
    spec = Spec(files=(program,), agent=("/a",), memory_bytes=1, pids=2, trees=(probe_tree,))
    image = images.of_spec(spec, tmp_path)

    client.images.load(b"".join(image.archive(above=1)))

    assert client.images.get(image.id).attrs["RootFS"]["Layers"] == [layer.diff_id for layer in image.layers]
    client.images.remove(image.id, force=True)


def _layers(engine: DockerEngine, image: str) -> list[str]:
    attributes: Any = engine._client.images.get(image).attrs
    return list(attributes["RootFS"]["Layers"])
