"""The engine without containers: the same protocol, and it ends nothing but what it started."""

import dataclasses
import subprocess
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from lab.engine import images
from lab.engine.base import Engine, File, Job, Spec, Tree
from lab.engine.host import HostEngine
from lab.errors import EnvironmentRefusedError, MeasurementError
from lab.host.scratch import MARK
from lab.model.units import Nanos

_ECHO = b'#!/bin/sh\nwhile read -r line; do echo "got $line"; done\n'


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Where the engine makes its temporary folders."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def engine(tmp_path: Path, scratch: Path) -> Engine:
    """A host engine."""
    return HostEngine(cache=tmp_path / "cache", scratch=scratch)


def _job(
    script: str,
    *,
    files: Mapping[str, bytes] | None = None,
    outputs: tuple[str, ...] = (),
    seconds: float = 10,
    environment: Mapping[str, str] | None = None,
) -> Job:
    return Job(
        tree=Tree(key="tree", path=Path("/bin"), at="/tree"),
        files=files or {},
        argv=("{tree}/sh", "-c", script),
        environment=environment or {},
        cache="kept",
        outputs=outputs,
        timeout=Nanos(round(seconds * 1e9)),
    )


def test_a_job_may_read_what_it_is_shown(engine: Engine, tmp_path: Path) -> None:
    """Where it really is, by the name in braces."""
    (tmp_path / "word").write_text("shown")
    job = dataclasses.replace(
        _job('cat "$PLACE/word"', environment={"PLACE": "{words}"}), shown={"words": tmp_path}
    )

    assert engine.run_job(job).stdout == b"shown"


def _spec(
    agent: bytes = _ECHO, *, cpuset: str = "", quota: float | None = None, executable: bool = True
) -> Spec:
    return Spec(
        files=(
            File(path="/agent", content=agent, executable=executable),
            File(path="/bin/words", content=b"words"),
        ),
        agent=("/agent",),
        memory_bytes=1 << 20,
        pids=8,
        cpuset=cpuset,
        quota=quota,
    )


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _dies(pid: int) -> bool:
    """Whether *pid* is gone within two seconds: a kill takes a moment to arrive."""
    deadline = time.monotonic() + 2
    while _lives(pid) and time.monotonic() < deadline:
        time.sleep(0.001)
    return not _lives(pid)


def test_a_job_reads_its_files_and_gives_its_outputs(engine: Engine) -> None:
    """Files are laid in with their folders; of the outputs those come back that were made; words and code too."""
    done = engine.run_job(
        _job(
            "cat a/b > out; echo said; echo cried >&2; exit 3",
            files={"a/b": b"content"},
            outputs=("out", "no"),
        )
    )

    assert (done.exit_code, done.stdout, done.stderr) == (3, b"said\n", b"cried\n")
    assert done.outputs == {"out": b"content"}


def test_a_job_sees_its_own_environment_only(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of ours leaks in but the mark by which a job is told; PWD and the like are the shell's own."""
    monkeypatch.setenv("GOFLAGS", "-mod=vendor")
    done = engine.run_job(_job("/usr/bin/env", environment={"KEPT": "{tmp}"}))

    names = {line.partition(b"=")[0] for line in done.stdout.splitlines()}
    assert names - {b"PWD", b"SHLVL", b"_", b"OLDPWD"} == {b"KEPT", MARK.encode()}


def test_a_cache_outlives_its_job_and_nothing_else_does(engine: Engine, scratch: Path) -> None:
    """What is written to the cache is there for the next job; the temporary folder is gone, read-only parts too."""
    engine.run_job(_job("echo 1 > {cache}/x; mkdir -m 500 ro; mkdir {tmp}/d; chmod 500 {tmp}/d"))
    done = engine.run_job(_job('read -r x < "$CACHE/x"; echo "$x"', environment={"CACHE": "{cache}"}))

    assert done.stdout == b"1\n"
    assert list(scratch.iterdir()) == []


def test_a_job_beyond_its_time_ends_with_what_it_started(engine: Engine) -> None:
    """At the time limit the whole group is killed; there is no exit code and there are no outputs."""
    done = engine.run_job(_job("sleep 60 & echo $!; echo half > out; wait", outputs=("out",), seconds=0.2))

    assert (done.exit_code, done.outputs) == (None, {})
    assert _dies(int(done.stdout))


def test_a_job_leaves_no_process_behind(engine: Engine) -> None:
    """What a command left in its group is ended when the command has ended."""
    done = engine.run_job(_job("sleep 60 >/dev/null 2>&1 & echo $!"))

    assert done.exit_code == 0
    assert _dies(int(done.stdout))


def test_a_command_that_is_not_there_is_refused(engine: Engine) -> None:
    """It is named, with the reason."""
    job = _job("")
    missing = Job(
        tree=job.tree,
        files={},
        argv=("{tree}/no-such-go",),
        environment={},
        cache="c",
        outputs=(),
        timeout=job.timeout,
    )

    with pytest.raises(EnvironmentRefusedError, match="/bin/no-such-go cannot be started: No such file"):
        engine.run_job(missing)


def test_lines_go_to_the_agent_and_come_back(engine: Engine, scratch: Path) -> None:
    """A round trip; path() says where the files really are; nothing is left afterwards."""
    with engine.opened(_spec()) as container:
        container.send(b"one")
        container.send(b"two")

        assert [container.receive(5), container.receive(5)] == [b"got one", b"got two"]
        assert Path(container.path("/bin/words")).read_bytes() == b"words"
        assert Path(container.path("/tmp")).is_dir()  # noqa: S108 - a path inside
        assert container.image == engine.image_of(_spec())
    assert list(scratch.iterdir()) == []


def test_an_agent_is_told_its_folder_and_nothing_of_ours(engine: Engine, scratch: Path) -> None:
    """By that mark the next golab ends one that outlives its own; what a shell sets is the shell's."""
    with engine.opened(_spec(b"#!/bin/sh\n/usr/bin/env\necho end\nread -r line\n")) as container:
        lines = list(iter(lambda: container.receive(5), b"end"))

    told = dict(line.decode().split("=", 1) for line in lines if line is not None)
    assert set(told) - {"PWD", "SHLVL", "_", "OLDPWD"} == {MARK}
    assert Path(told[MARK]).parent == scratch


def test_the_digest_is_the_images(engine: Engine) -> None:
    """The same files have the same digest under both engines, so their records can be compared."""
    assert engine.image_of(_spec()) == images.of_spec(_spec(), Path("/nowhere")).id


def test_a_tree_is_where_it_is(engine: Engine, tmp_path: Path) -> None:
    """No copy of it is made; what lies at the root is the machine's own."""
    tree, base = tmp_path / "go", tmp_path / "base"
    for folder in (tree, base):
        folder.mkdir()
    (tree / "VERSION").write_text("go1.27.3")
    trees = (Tree(key="base", path=base, at="/"), Tree(key="go", path=tree, at="/usr/local/go"))
    with engine.opened(replace(_spec(), trees=trees)) as container:
        found = container.path("/usr/local/go/VERSION")
        words = container.path("/bin/words")

    assert found == str(tree / "VERSION")
    assert not words.startswith(str(base))


def test_silence_is_none(engine: Engine) -> None:
    """No line in time is no error."""
    with engine.opened(_spec()) as container:
        assert container.receive(0.01) is None


def test_an_agent_that_ends_says_why(engine: Engine) -> None:
    """Its exit code and its last words stand in the error, and writing to it is an error too."""
    with engine.opened(_spec(b"#!/bin/sh\necho wire 2 >&2\nexit 3\n")) as container:
        with pytest.raises(MeasurementError, match=r"ended with exit code 3; it said: wire 2"):
            container.receive(5)
        with pytest.raises(MeasurementError, match="cannot be written to"):
            container.send(b"{}")


def test_an_agent_ends_at_the_end_of_its_input(engine: Engine) -> None:
    """It is asked, not killed: here it writes a file outside when its input ends."""
    with engine.opened(_spec()) as container:
        mark = Path(container.path("/")).parent / "ended"
    script = f"#!/bin/sh\nwhile read -r line; do :; done\necho bye > {mark}\n".encode()
    with engine.opened(_spec(script)):
        pass

    assert mark.read_text() == "bye\n"


@pytest.mark.slow
def test_an_agent_that_does_not_end_is_killed_with_its_group(engine: Engine) -> None:
    """After two seconds of grace; a bystander in another session lives on."""
    deaf = b"#!/bin/sh\ntrap '' TERM INT HUP\nsleep 60 & echo $!\nwhile :; do sleep 60; done\n"
    with subprocess.Popen(["/bin/sleep", "60"], start_new_session=True) as bystander:
        started = time.monotonic()
        with engine.opened(_spec(deaf)) as container:
            child = container.receive(5)
        took = time.monotonic() - started

        assert child is not None
        assert _dies(int(child))
        assert _lives(bystander.pid)
        assert 2 <= took < 4
        bystander.kill()


def test_an_exception_in_the_block_ends_the_agent(engine: Engine) -> None:
    """However the block ends, the agent is gone and the error is the block's own."""
    pids = []

    def block() -> None:
        with engine.opened(_spec(b"#!/bin/sh\necho $$\nread -r line\n")) as container:
            pids.append(int(container.receive(5) or b""))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        block()
    assert _dies(pids[0])


@pytest.mark.parametrize(("cpuset", "quota", "named"), [("0-1", None, "cpuset 0-1"), ("", 1.5, "quota 1.5")])
def test_what_only_a_container_can_is_refused(
    engine: Engine, cpuset: str, quota: float | None, named: str
) -> None:
    """With the reason, and with what to do instead."""
    spec = _spec(cpuset=cpuset, quota=quota)

    with pytest.raises(EnvironmentRefusedError, match=named) as caught, engine.opened(spec):
        pass
    assert "--engine docker" in str(caught.value.hint)


def test_an_agent_that_may_not_be_executed_is_refused(engine: Engine, scratch: Path) -> None:
    """As on a temporary folder that is mounted noexec; the hint says where else."""
    refused = pytest.raises(EnvironmentRefusedError, match="may not be executed")
    with refused as caught, engine.opened(_spec(executable=False)):
        pass
    assert "TMPDIR" in str(caught.value.hint)
    assert list(scratch.iterdir()) == []


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """No traceback for a folder that is not there."""
    engine = HostEngine(cache=tmp_path, scratch=tmp_path / "absent")

    with pytest.raises(EnvironmentRefusedError, match="cannot write its files"):
        engine.run_job(_job("true"))


def test_it_says_what_it_cannot_limit(engine: Engine) -> None:
    """The record must show that no memory limit held."""
    assert engine.describe()["limits"]["MemoryLimit"] is False
