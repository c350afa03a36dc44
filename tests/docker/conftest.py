"""A real engine and a program to try it with; an engine that cannot be reached is a failure, not a skip."""

import contextlib
import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from lab.engine import daemon, debian
from lab.engine.base import Job, Tree
from lab.engine.choose import choose
from lab.engine.docker import DockerEngine
from lab.golang.toolchain import Toolchain
from lab.model.units import Nanos

_ENVIRONMENT = {
    "CGO_ENABLED": "0",
    "GOCACHE": "{cache}",
    "GOFLAGS": "-mod=mod",
    "GOPROXY": "off",
    "GOTELEMETRY": "off",
    "GOTOOLCHAIN": "local",
    "HOME": "{tmp}",
    "TMPDIR": "{tmp}",
}


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerEngine]:
    """The engine that DOCKER_HOST names, else the default socket's."""
    with choose("docker", tmp_path_factory.mktemp("cache"), environ=os.environ, run="docker-tests") as chosen:
        assert isinstance(chosen.engine, DockerEngine)
        yield chosen.engine


@pytest.fixture(scope="session")
def client(engine: DockerEngine) -> docker.DockerClient:
    """The SDK itself, to see what the engine left."""
    return engine._client


@contextlib.contextmanager
def _cache(client: docker.DockerClient) -> Iterator[str]:
    name = f"test-{uuid.uuid4().hex[:8]}"
    yield name
    with contextlib.suppress(docker.errors.NotFound):
        client.volumes.get(f"golab-{name}").remove(force=True)


@pytest.fixture
def fresh_cache(client: docker.DockerClient) -> Iterator[str]:
    """The name of a cache that no job has used; its volume is removed at the end."""
    with _cache(client) as name:
        yield name


@pytest.fixture(scope="session")
def probe_cache(client: docker.DockerClient) -> Iterator[str]:
    """The cache that the probe's jobs share."""
    with _cache(client) as name:
        yield name


@pytest.fixture(scope="session")
def probe_build(go_toolchain: Toolchain) -> Job:
    """The job that builds the probe, with the cache that the lab's own builds use."""
    source = Path(__file__).parent / "probe/main.go"
    return Job(
        tree=go_toolchain.tree,
        files={"go.mod": b"module probe\n\ngo 1.22\n", "main.go": source.read_bytes()},
        argv=("{tree}/bin/go", "build", "-trimpath", "-buildvcs=false", "-o", "{work}/out/probe", "."),
        environment=_ENVIRONMENT,
        cache=f"go-build-{go_toolchain.release}",
        outputs=("out/probe",),
        timeout=Nanos(300 * 10**9),
    )


@pytest.fixture(scope="session")
def probe(engine: DockerEngine, probe_build: Job) -> bytes:
    """The probe, a static program."""
    done = engine.run_job(probe_build)
    assert done.exit_code == 0, done.stderr.decode()
    return done.outputs["out/probe"]


@pytest.fixture(scope="session")
def probe_tree(probe: bytes, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A tree that holds nothing but the probe."""
    folder = tmp_path_factory.mktemp("probe")
    (folder / "probe").write_bytes(probe)
    (folder / "probe").chmod(0o755)
    return Tree(key="probe", path=folder, at="/opt/probe")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for an engine, which is down in the end whatever happens; a socket's path has to be short."""
    with tempfile.TemporaryDirectory(prefix="golab-") as above:
        made = Path(above) / "e"
        yield made
        daemon.down(daemon.Places(made), lambda _words: None)


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A folder as $XDG_CACHE_HOME is, with a base and the Go releases that there are."""
    above = tmp_path_factory.mktemp("caches")
    debian.make(above / "golab", lambda _said: None)
    (above / "golab/go").symlink_to(cache / "go")
    return above


@pytest.fixture(scope="session")
def own(caches: Path) -> debian.Base:
    """The base of golab's own."""
    made = debian.kept(caches / "golab")
    assert made is not None
    return made
