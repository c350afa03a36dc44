"""A command in a container of its own: nothing comes in but its files, nothing goes out but its words and outputs."""

import dataclasses
import os
import time
from collections.abc import Callable, Mapping

import docker
import pytest

from lab.engine import images
from lab.engine.base import Exited, Job, Tree
from lab.engine.docker import DockerEngine
from lab.errors import EnvironmentRefusedError
from lab.host.owner import PID
from lab.model.units import Nanos

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]

Run = Callable[..., Exited]


@pytest.fixture
def run(engine: DockerEngine, probe_tree: Tree, probe_cache: str) -> Run:
    """Runs the probe as a job."""

    def run_probe(
        *argv: str,
        files: Mapping[str, bytes] | None = None,
        outputs: tuple[str, ...] = (),
        seconds: float = 60,
        memory_bytes: int = 256 << 20,
    ) -> Exited:
        return engine.run_job(
            Job(
                tree=probe_tree,
                files=files or {},
                argv=("{tree}/probe", *argv),
                environment={"PLACE": "{work}"},
                cache=probe_cache,
                outputs=outputs,
                timeout=Nanos(round(seconds * 1e9)),
                memory_bytes=memory_bytes,
            )
        )

    return run_probe


def _left(client: docker.DockerClient) -> list[str]:
    """The containers and the volumes of this process that there are."""
    ours: dict[str, str | list[str] | bool] = {"label": f"{PID}={os.getpid()}"}
    containers = [each.name or "" for each in client.containers.list(all=True, filters=ours)]
    return containers + [each.id or "" for each in client.volumes.list(filters=ours)]


def test_a_build_is_the_same_bytes_twice(
    engine: DockerEngine, probe_build: Job, probe: bytes, fresh_cache: str
) -> None:
    """With nothing cached, and again from the cache: the digest does not depend on either."""
    fresh = dataclasses.replace(probe_build, cache=fresh_cache)
    started = time.monotonic()
    cold = engine.run_job(fresh)
    between = time.monotonic()
    cached = engine.run_job(fresh)
    ended = time.monotonic()

    assert cold.outputs["out/probe"] == cached.outputs["out/probe"] == probe
    assert ended - between < (between - started) / 2, "the cache's volume was not kept"


def test_a_source_of_the_same_length_is_built_anew(engine: DockerEngine, probe_build: Job) -> None:
    """Go's index of a package's imports takes a file of the same name, length and time for the same."""
    for package, used in (("os", "os.Args"), ("io", "io.EOF ")):
        source = f'package main\n\nimport "{package}"\n\nvar _ = {used}\n\nfunc main() {{}}\n'.encode()
        files = {**probe_build.files, "main.go": source.ljust(100)}
        done = engine.run_job(dataclasses.replace(probe_build, files=files))

        assert done.exit_code == 0, done.stderr.decode()


def test_a_compilers_words_come_back(engine: DockerEngine, probe_build: Job) -> None:
    """What does not compile has an exit code, the compiler's words and no output."""
    done = engine.run_job(
        dataclasses.replace(probe_build, files={**probe_build.files, "main.go": b"package main\nx"})
    )

    assert done.exit_code == 1
    assert b"main.go:2:1" in done.stderr
    assert done.outputs == {}


def test_files_go_in_and_outputs_come_out(run: Run) -> None:
    """Through folders, through the engine's API; an output that was not made is absent."""
    done = run("copy", "a/b/in", "a/out", files={"a/b/in": b"\0content\n"}, outputs=("a/out", "a/no", "a/b"))

    assert (done.exit_code, done.stderr) == (0, b"")
    assert done.outputs == {"a/out": b"\0content\n"}


def test_words_and_exit_code_come_back(run: Run) -> None:
    """Both streams apart, whatever the code."""
    done = run("say", "7")

    assert (done.exit_code, done.stdout, done.stderr) == (7, b"said\n", b"cried\n")


def test_only_work_cache_and_tmp_can_be_written(run: Run) -> None:
    """The root is read-only, the tree too."""
    paths = (
        "/golab/work/x",
        "/golab/cache/x",
        "/tmp/x",  # noqa: S108 - a path inside
        "/x",
        "/opt/probe/x",
        "/etc/hosts",
        "/proc/sys/vm/swappiness",
    )
    done = run("write", *paths)

    allowed = dict(line.split() for line in done.stdout.decode().splitlines())
    assert allowed == dict.fromkeys(paths[:3], "true") | dict.fromkeys(paths[3:], "false")


def test_there_is_no_network(run: Run) -> None:
    """Only the container's own loopback."""
    assert run("interfaces").stdout == b"lo\n"


def test_there_are_no_rights(run: Run) -> None:
    """No capability in any set, no way to new ones, system calls filtered."""
    done = run("status")

    status = dict(line.split(":\t", 1) for line in done.stdout.decode().splitlines() if ":\t" in line)
    assert {name: int(status[name], 16) for name in status if name.startswith("Cap")} == {
        "CapInh": 0,
        "CapPrm": 0,
        "CapEff": 0,
        "CapBnd": 0,
        "CapAmb": 0,
    }
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


def test_the_environment_is_the_jobs(run: Run) -> None:
    """Beside what the engine itself sets, which is the same everywhere."""
    found = set(run("environment").stdout.decode().splitlines())

    assert "PLACE=/golab/work" in found
    assert {entry.partition("=")[0] for entry in found} == {"PLACE", "PATH", "HOSTNAME", "HOME"}
    assert "HOSTNAME=golab" in found


def test_memory_is_limited(run: Run) -> None:
    """A job beyond its memory is killed, also where the machine has more; within it, it is not."""
    assert run("touch", "32", memory_bytes=128 << 20).stdout == b"touched 33554432\n"
    assert run("touch", "256", memory_bytes=128 << 20).exit_code == 137


def test_a_job_beyond_its_time_is_ended(run: Run, client: docker.DockerClient) -> None:
    """No exit code, the words up to then, and no container and no volume left."""
    done = run("deaf", seconds=1, outputs=("x",))

    assert (done.exit_code, done.stdout, done.outputs) == (None, b"ready\n", {})
    assert _left(client) == []


def test_nothing_is_left_of_a_job(run: Run, client: docker.DockerClient) -> None:
    """The container and its anonymous volume go with it."""
    run("write", "/golab/work/x")

    assert _left(client) == []


def test_a_command_that_is_not_there_is_refused(
    engine: DockerEngine, probe_tree: Tree, probe_cache: str, client: docker.DockerClient
) -> None:
    """In the engine's words, and nothing is left."""
    job = Job(
        tree=probe_tree,
        files={},
        argv=("{tree}/no-such",),
        environment={},
        cache=probe_cache,
        outputs=(),
        timeout=Nanos(10**9),
    )

    with pytest.raises(EnvironmentRefusedError, match="would not start a container"):
        engine.run_job(job)
    assert _left(client) == []


def test_the_engine_has_the_image_by_the_id_computed(
    engine: DockerEngine, probe_tree: Tree, client: docker.DockerClient, run: Run
) -> None:
    """What was computed before anything was loaded is what the engine says it has."""
    run("say", "0")
    image = images.of_trees([probe_tree], engine._cache)

    assert client.images.get(image.tag).id == image.id
