"""What a dead golab has left in an engine is gone at the next start, images of its own, too; and what cannot be removed bars nobody."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import docker
import docker.errors
import pytest
from docker.types import Mount

from lab.engine import daemon
from lab.engine.base import File, Spec
from lab.engine.choose import choose
from lab.engine.docker import DockerEngine, sweep
from lab.host.owner import Owner
from lab.model.folder import Laid
from tests.docker.private import golab_engine

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]

_ROOT = Path(__file__).parents[2]
_US = Owner.of_this_process("sweep")
_DEAD = replace(_US, run="a dead run", boot="another")


@pytest.fixture
def spec(probe: bytes) -> Spec:
    """A container whose agent echoes lines."""
    return Spec(
        files=(File(path="/agent", content=probe),), agent=("/agent", "echo"), memory_bytes=64 << 20, pids=32
    )


def _golab(place: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    where = {"XDG_CACHE_HOME": str(place / "cache"), "TMPDIR": str(place), **environment}
    return subprocess.run(
        [sys.executable, "-m", "lab", *words],
        cwd=_ROOT,
        env={**os.environ, **where},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_an_image_of_a_killed_run_is_swept_and_a_living_ones_is_not(
    engine: DockerEngine, spec: Spec, client: docker.DockerClient, tmp_path: Path
) -> None:
    """Its name tells whose it is. A kill leaves container and image; here both are there because its block has not ended."""
    own = replace(spec, folder="overlay:4", laid=(Laid(path="new-{}", size=0, count=3),))
    killed = DockerEngine(client, url=engine._url, cache=tmp_path, owner=_DEAD)
    with engine.opened(own) as living, killed.opened(own) as dead:
        hexadecimal = dead.image.removeprefix("sha256:")[:32]
        foretold, said = sweep(client, _US, dry=True).removed, _golab(tmp_path, "clean", "--dry-run").stdout
        client.images.get(dead.image)  # is there
        removed = sweep(client, _US).removed

        (name,) = (each for each in removed if each.endswith(f":{hexadecimal}"))
        assert name.startswith("image golab-image-")
        assert name in foretold
        assert name in said
        with pytest.raises(docker.errors.ImageNotFound):
            client.images.get(dead.image)
        client.images.get(living.image)
        living.send(b"still here")
        assert living.receive(10) == b"got still here"
    with pytest.raises(docker.errors.ImageNotFound):
        client.images.get(living.image)


@pytest.fixture
def in_use(engine: DockerEngine, spec: Spec, client: docker.DockerClient) -> Iterator[str]:
    """The name of a dead golab's volume that another's container has."""
    volume = client.volumes.create(labels=_DEAD.labels())
    with engine.opened(spec) as container:
        user = client.containers.create(
            container.image,
            command=["/agent", "echo"],
            network_mode="none",
            mounts=[Mount("/used", volume.name, type="volume")],
        )
    yield str(volume.name)
    user.remove()
    volume.remove()


def test_what_cannot_be_removed_bars_neither_a_start_nor_a_clean(in_use: str, tmp_path: Path) -> None:
    """It is told, and the engine is used."""
    with choose("docker", tmp_path, environ=os.environ) as chosen:
        words = chosen.words
    cleaned = _golab(tmp_path, "clean")

    told = f"volume {in_use} of a dead run stays: the engine would not remove it (409: "
    assert told in words
    assert cleaned.returncode == 0
    assert told in cleaned.stdout


def test_what_cannot_be_judged_is_named(client: docker.DockerClient, tmp_path: Path) -> None:
    """Its golab may live on another machine that has the same engine."""
    volume = client.volumes.create(labels=replace(_US, host="another", boot="another").labels())
    try:
        cleaned = _golab(tmp_path, "clean")
        client.volumes.get(str(volume.name))  # is there
    finally:
        volume.remove()

    assert f"volume {volume.name} stays: its golab is of another machine or pid namespace" in cleaned.stdout


def test_what_was_left_in_an_engine_that_is_no_more_the_first_choice_is_found(
    client: docker.DockerClient, engine: DockerEngine, folder: Path, tmp_path: Path
) -> None:
    """DOCKER_HOST is one day this, one day that: clean visits golab's own engine, too, and each but once."""
    golab_engine(folder, "up")
    with choose("docker", tmp_path, environ={daemon.FOLDER: str(folder)}) as chosen:
        assert isinstance(chosen.engine, DockerEngine)
        own, url = chosen.engine._client, chosen.engine._url
        left = [str(each.volumes.create(labels=_DEAD.labels()).name) for each in (client, own)]
        where = {daemon.FOLDER: str(folder), "DOCKER_HOST": engine._url}
        foretold = _golab(tmp_path, "clean", "--dry-run", **where).stdout
        said = _golab(tmp_path, "clean", **where).stdout
        again = _golab(tmp_path, "clean", **where | {"DOCKER_HOST": url}).stdout
        there = [each.name for each in own.volumes.list()]

    for name, each in zip(left, (engine._url, url), strict=True):
        assert any(name in line and f"the engine at {each}: " in line for line in foretold.splitlines())
        assert f"removed from the engine at {each}: " in said
    assert "removed from the engine at " + url + ": 1 volumes of dead runs" in said
    assert again.count(url) == 1
    assert there == []


def test_an_engine_with_two_addresses_is_visited_once(engine: DockerEngine, tmp_path: Path) -> None:
    """Its second one here is that of a file that is the same socket under another name."""
    socket = Path(engine._url.removeprefix("unix://"))
    with tempfile.TemporaryDirectory(prefix="golab-") as above:
        other = Path(above) / "docker.sock"
        other.touch()
        subprocess.run(["mount", "--bind", str(socket), str(other)], check=True)
        try:
            where = {daemon.FOLDER: above, "DOCKER_HOST": engine._url}
            said = _golab(tmp_path, "clean", "--dry-run", **where).stdout
        finally:
            subprocess.run(["umount", str(other)], check=True)

    assert said.count("from the engine at ") == 1
