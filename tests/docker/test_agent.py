"""An agent in a container: lines there and back, and no container afterwards, however the block ends."""

import dataclasses
import os
import subprocess
import time
from pathlib import Path

import docker
import pytest

from lab.engine.base import File, Spec
from lab.engine.choose import choose
from lab.engine.docker import CACHE_LABEL, DockerEngine, sweep
from lab.errors import EnvironmentRefusedError, MeasurementError
from lab.host.owner import PID, RUN, Owner

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]


@pytest.fixture
def spec(probe: bytes) -> Spec:
    """A container whose agent echoes lines."""
    return Spec(
        files=(
            File(path="/agent", content=probe),
            File(path="/words/here", content=b"words", executable=False),
        ),
        agent=("/agent", "echo"),
        memory_bytes=64 << 20,
        pids=32,
    )


def _containers(client: docker.DockerClient) -> list[str]:
    return sorted(each.name or "" for each in client.containers.list(all=True, filters={"label": RUN}))


def test_lines_go_there_and_back(engine: DockerEngine, spec: Spec) -> None:
    """In order, also many at once and long ones; silence is None."""
    long = b"x" * 60_000
    with engine.opened(spec) as container:
        for number in range(100):
            container.send(b"%d" % number)
        container.send(long)

        assert [container.receive(10) for _ in range(100)] == [b"got %d" % number for number in range(100)]
        assert container.receive(10) == b"got " + long
        assert container.receive(0.05) is None


def test_a_container_is_what_it_was_announced_to_be(
    engine: DockerEngine, spec: Spec, client: docker.DockerClient
) -> None:
    """The image by the digest computed beforehand, paths as they are, and every limit in the engine's own record."""
    asked = dataclasses.replace(spec, cpuset="0", quota=0.5)
    with engine.opened(asked) as container:
        assert container.image == engine.image_of(asked)
        assert container.path("/words/here") == "/words/here"
        (found,) = client.containers.list(filters={"label": f"{PID}={os.getpid()}"})
        host = found.attrs["HostConfig"]
        image = found.attrs["Image"]

    assert image == engine.image_of(asked)
    assert (host["NetworkMode"], host["IpcMode"], host["ReadonlyRootfs"]) == ("none", "none", True)
    assert (host["CapDrop"], host["SecurityOpt"]) == (["ALL"], ["no-new-privileges:true"])
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (64 << 20, 64 << 20, 32)
    assert (host["CpusetCpus"], host["NanoCpus"]) == ("0", 500_000_000)
    assert (host["LogConfig"]["Type"], host["Dns"], list(host["Tmpfs"])) == ("none", ["127.0.0.1"], ["/tmp"])  # noqa: S108 - a path inside


def test_the_agent_ends_at_the_end_of_its_input(engine: DockerEngine, spec: Spec) -> None:
    """It is asked, not killed: closing takes far less than the two seconds of grace."""
    with engine.opened(spec) as container:
        container.send(b"hello")
        container.receive(10)
        started = time.monotonic()

    assert time.monotonic() - started < 1


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, MeasurementError])
def test_the_container_is_gone_after_an_exception(
    engine: DockerEngine, spec: Spec, client: docker.DockerClient, error: type[BaseException]
) -> None:
    """And the exception is the block's own."""

    def block() -> None:
        with engine.opened(spec):
            raise error("in the block")

    with pytest.raises(error, match="in the block"):
        block()
    assert _ours(client) == []


def test_a_deaf_agent_is_removed(engine: DockerEngine, spec: Spec, client: docker.DockerClient) -> None:
    """After the moment that it is given."""
    with engine.opened(dataclasses.replace(spec, agent=("/agent", "deaf"))) as container:
        assert container.receive(10) == b"ready"

    assert _ours(client) == []


def test_an_agent_that_ends_says_why(engine: DockerEngine, spec: Spec) -> None:
    """Its exit code and its last words."""
    with (
        engine.opened(dataclasses.replace(spec, agent=("/agent", "end"))) as container,
        pytest.raises(MeasurementError, match="exit code 3; it said: last words"),
    ):
        container.receive(10)


def test_a_container_removed_from_outside_is_an_agent_gone(
    engine: DockerEngine, spec: Spec, client: docker.DockerClient
) -> None:
    """Somebody prunes in the middle of a run: an error that says so, no traceback, nothing left."""
    with engine.opened(spec) as container:
        for each in client.containers.list(filters={"label": f"{PID}={os.getpid()}"}):
            each.remove(force=True)
        with pytest.raises(MeasurementError, match="the agent is gone"):
            container.receive(10)


def test_processes_are_limited(engine: DockerEngine, spec: Spec) -> None:
    """A program that starts more than its share is refused, and the machine does not notice."""
    asked = dataclasses.replace(spec, agent=("/agent", "start", "100"), memory_bytes=512 << 20)
    with engine.opened(asked) as container:
        said = container.receive(30)

    assert said is not None
    assert said.startswith(b"refused after")


def test_a_quota_beyond_the_machine_is_refused(engine: DockerEngine, spec: Spec) -> None:
    """With what the engine has, before anything starts."""
    beyond = pytest.raises(EnvironmentRefusedError, match="a quota of 4096 CPUs is more than the engine's")
    with beyond, engine.opened(dataclasses.replace(spec, quota=4096.0)):
        pass


def _ours(client: docker.DockerClient) -> list[str]:
    """The names of this process's containers."""
    ours = client.containers.list(all=True, filters={"label": f"{PID}={os.getpid()}"})
    return sorted(each.name or "" for each in ours)


def test_a_dead_golabs_volume_without_a_container_is_swept(client: docker.DockerClient) -> None:
    """Its engine may have been killed between the two. A cache's and a living one's stay."""
    us = Owner.of_this_process("sweep")
    dead, living, cache = (
        client.volumes.create(labels=labels)
        for labels in (dataclasses.replace(us, boot="another").labels(), us.labels(), {CACHE_LABEL: "test"})
    )
    try:
        assert f"volume {dead.name}" in sweep(client, us).removed
        left = {each["Name"] for each in client.api.volumes()["Volumes"]}
        assert (dead.name in left, {living.name, cache.name} <= left) == (False, True)
    finally:
        living.remove()
        cache.remove()


def _lying(client: docker.DockerClient, image: str, owner: Owner) -> str:
    """The name of a container that *owner* is said to have made."""
    container = client.containers.create(
        image, command=["/agent", "echo"], labels=owner.labels(), network_mode="none"
    )
    assert container.name is not None
    return container.name


def test_a_stranger_is_seen_and_the_run_s_own_containers_are_none(
    engine: DockerEngine, spec: Spec, client: docker.DockerClient
) -> None:
    """Which may have come from anybody, another golab among them; one that is not running disturbs nobody."""
    with engine.opened(spec) as container:
        image = container.image
        alone = engine.strangers()
        other = client.containers.create(
            image,
            command=["/agent", "echo"],
            name="golab-test-stranger",
            stdin_open=True,
            network_mode="none",
        )
        try:
            created = engine.strangers()
            other.start()
            running = engine.strangers()
        finally:
            other.remove(force=True)

    assert (alone, created, running) == ((), (), ("golab-test-stranger",))


def test_sweeping_takes_the_dead_and_leaves_the_living(
    engine: DockerEngine, spec: Spec, client: docker.DockerClient
) -> None:
    """Removed: of an ended process, of another boot. Left: ours, of another living process, of another host."""
    us = Owner.of_this_process("sweep")
    with engine.opened(spec) as container, subprocess.Popen(["/bin/sleep", "60"]) as other:
        image = container.image
        living = Owner.of_this_process("sweep")
        started = int(Path(f"/proc/{other.pid}/stat").read_text().rpartition(")")[2].split()[19])
        stays = [
            _lying(client, image, dataclasses.replace(living, pid=other.pid, pid_started=started)),
            _lying(client, image, dataclasses.replace(us, host="another", boot="another")),
        ]
        goes = [
            _lying(client, image, dataclasses.replace(us, boot="another")),
            _lying(client, image, dataclasses.replace(us, pid_started=us.pid_started - 1)),
            _lying(client, image, dataclasses.replace(us, pid=2**22 + 1)),
        ]
        ours = [each.name for each in client.containers.list(filters={"label": f"{PID}={us.pid}"})]
        try:
            named = sorted(f"container {name}" for name in goes)
            foretold = sweep(client, us, dry=True)
            assert sorted(foretold.removed) == named
            assert f"container {stays[1]}" in foretold.foreign
            assert {*stays, *goes} <= set(_containers(client))
            assert sorted(sweep(client, us).removed) == named
            assert {*stays, *ours} <= set(_containers(client))
            container.send(b"still here")
            assert container.receive(10) == b"got still here"
        finally:
            other.kill()
            for name in {*stays, *goes} & set(_containers(client)):
                client.containers.get(name).remove(force=True)


def test_auto_takes_an_engine_that_answers(tmp_path: Path, client: docker.DockerClient) -> None:
    """And the line names its version and where the address comes from."""
    version = str(client.version()["Version"])
    with choose("auto", tmp_path, environ=os.environ) as chosen:
        assert chosen.engine.name == "docker"
        assert chosen.why.startswith(f"engine docker {version} at ")
        assert chosen.engine.describe()["cgroup_version"] in ("1", "2")
