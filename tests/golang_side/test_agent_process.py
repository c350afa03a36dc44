"""What the agent promises whatever a program does, and however the agent itself comes to its end."""

import base64
import itertools
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.bench.agent import Agent, Command
from lab.bench.berth import berth
from lab.dump import parsed
from lab.engine.base import File, Spec
from lab.engine.host import HostEngine
from lab.errors import MeasurementError
from lab.host import scratch
from lab.model.units import Nanos
from tests.golang_side.conftest import Spoken, count, living, soon_gone, soon_there

pytestmark = [pytest.mark.go, pytest.mark.slow]

_counter = iter(range(86_000 + os.getpid() % 1000 * 10, 10**7))


@pytest.fixture(scope="module")
def blocking(
    go_binary: Path, go_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A program whose goroutines block in every way."""
    binary = tmp_path_factory.mktemp("blocks") / "blocks"
    folder = Path(__file__).parents[1] / "dump/blocks"
    subprocess.run(
        [go_binary, "build", "-buildvcs=false", "-o", binary, "."], cwd=folder, env=go_environment, check=True
    )
    return binary


@pytest.fixture
def nap() -> str:
    """A length of sleep that no other process on this machine was given."""
    return str(next(_counter))


def test_nothing_runs_before_the_greeting(agent_binary: Path) -> None:
    """Both sides agree on the wire first."""
    said = subprocess.run(
        [agent_binary],
        input=b'{"op":"run","id":"1","argv":["/bin/true"],"timeout_ns":1000000000}\n',
        capture_output=True,
        check=True,
        timeout=10,
    )

    assert said.stdout == b'{"ev":"error","message":"nothing runs before hello"}\n'


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"argv": []}, "argv is empty"),
        ({"timeout_ns": 0}, "timeout_ns is not positive"),
        ({"line_limit": -1}, "a limit is negative"),
        ({"stop_after_ns": -1}, "stop_after_ns is negative"),
        ({"dump_after_ns": -1}, "dump_after_ns is negative"),
        ({"argv": ["/nonexistent"]}, "no such file or directory"),
        ({"dir": "/nonexistent"}, "no such file or directory"),
    ],
)
def test_an_order_that_cannot_be_carried_out_is_answered(
    agent: Spoken, changes: dict[str, object], error: str
) -> None:
    """It is no crash: the next replicate runs."""
    assert agent.run("", **changes)["error"] == error
    assert agent.run("exit 3")["exit_code"] == 3


def test_one_replicate_at_a_time(agent: Spoken, nap: str) -> None:
    """A second order is refused, and the first is not disturbed."""
    agent.order(f"sleep {nap}")
    agent.order("exit 0")

    assert agent.hear() == {"ev": "error", "message": "a replicate is running; one at a time"}
    agent.say(op="stop")
    assert agent.hear()["stopped"]


def test_a_stop_that_comes_before_the_start_counts(agent: Spoken, nap: str) -> None:
    """The lab says stop once; however the two orders meet, the replicate ends."""
    for _ in range(20):
        agent.order(f"sleep {nap}")
        agent.say(op="stop")
        done = agent.hear()

        assert done["stopped"]
        assert not done["error"]


def _kept(folder: Path) -> list[str]:
    """The ids of the answers that are in the file."""
    return [str(answer["id"]) for answer in _answers(folder)]


def _answers(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "kept").read_text().splitlines() if line]


def test_a_sheaf_is_run_in_order_and_answered_when_it_is_whole(keeping_agent: Spoken, tmp_path: Path) -> None:
    """Nobody is woken between its replicates: each answer is in the file long before it is told."""
    agent, flag = keeping_agent, tmp_path / "flag"
    agent.order("echo one", id="1", hold=True)
    agent.order("echo two", id="2", hold=True)
    agent.order(f"while [ ! -e {flag} ]; do sleep 0.01; done", id="3")
    deadline = time.monotonic() + 10
    while _kept(tmp_path) != ["1", "2"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert agent.process.stdout is not None
    told_early, _, _ = select.select([agent.process.stdout], [], [], 0.2)
    flag.touch()
    answers = [agent.hear() for _ in range(3)]

    assert agent.hello["captures"]
    assert told_early == []
    assert [answer["id"] for answer in answers] == ["1", "2", "3"]
    assert all(before["end_ns"] < after["start_ns"] for before, after in itertools.pairwise(answers))
    assert _kept(tmp_path) == ["1", "2", "3"]
    assert _answers(tmp_path) == answers


def test_an_answer_is_a_line_of_its_own_whatever_another_agent_left(
    keeping_agent: Spoken, tmp_path: Path
) -> None:
    """One that is killed while it writes leaves a piece of a line, also beside an agent that has opened the file before."""
    for number in ("1", "2"):
        with (tmp_path / "kept").open("a") as file:
            file.write('{"ev":"done","id":"')
        keeping_agent.run("exit 0", id=number)

    lines = (tmp_path / "kept").read_text().splitlines()
    assert [line for line in lines if line.endswith('"')] == ['{"ev":"done","id":"'] * 2
    assert [json.loads(line)["id"] for line in lines if line.endswith("}")] == ["1", "2"]


def test_nothing_of_a_sheaf_starts_before_it_is_whole(keeping_agent: Spoken, tmp_path: Path) -> None:
    """Reading orders beside a replicate would be measured with it."""
    agent, made = keeping_agent, tmp_path / "made"
    agent.order(f"touch {made}", id="1", hold=True)
    time.sleep(0.2)
    before = made.exists()
    agent.order("exit 0", id="2")

    assert [agent.hear()["id"], agent.hear()["id"]] == ["1", "2"]
    assert (before, made.exists()) == (False, True)


def test_a_stop_ends_the_sheaf(keeping_agent: Spoken, nap: str) -> None:
    """What runs is ended, what would follow does not start; each is answered, and the next order is obeyed."""
    agent = keeping_agent
    for number in range(3):
        agent.order(f"sleep {nap}", id=str(number), hold=number < 2)
    time.sleep(0.1)
    agent.say(op="stop")
    answers = [agent.hear() for _ in range(3)]

    assert [answer["stopped"] for answer in answers] == [True] * 3
    assert [answer["signal"] for answer in answers] == [signal.SIGTERM, 0, 0]
    assert not living(nap)
    assert agent.run("exit 3")["exit_code"] == 3


def test_what_was_measured_outlives_its_agent(keeping_agent: Spoken, nap: str, tmp_path: Path) -> None:
    """Kill -9 in the middle of a sheaf: the replicates that had ended are in the file, whole, and nothing else."""
    agent = keeping_agent
    agent.order("exit 0", id="1", hold=True)
    agent.order("exit 4", id="2", hold=True)
    agent.order(f"exec sleep {nap}", id="3")
    deadline = time.monotonic() + 10
    while not living(nap):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(agent.pid, signal.SIGKILL)
    agent.ends()

    assert [(answer["id"], answer["exit_code"]) for answer in _answers(tmp_path)] == [("1", 0), ("2", 4)]
    assert soon_gone(nap)


def test_without_a_file_each_is_answered_at_once(agent: Spoken, nap: str) -> None:
    """The first answer of a sheaf comes while the second replicate runs: what is told nobody can lose."""
    agent.order("exit 5", id="1", hold=True)
    agent.order(f"sleep {nap}", id="2")

    assert not agent.hello["captures"]
    assert agent.hear()["exit_code"] == 5
    assert soon_there(nap)
    agent.say(op="stop")
    assert agent.hear()["stopped"]


def test_replicates_have_no_descriptor_of_the_file(keeping_agent: Spoken) -> None:
    """Nor the variables that name it, or whose the agent is: what a program flees with must not tell."""
    done = keeping_agent.run("ls -l /proc/self/fd; env")

    assert "kept" not in done["text"]
    assert "GOLAB" not in done["text"]


def test_ended_counts_those_that_had_to_be_killed(agent: Spoken, nap: str) -> None:
    """An orphan that ended by itself is none of them."""
    assert agent.run("(true &); sleep 0.05")["ended"] == 0
    assert agent.run(f"setsid sleep {nap} & (setsid sleep {nap} &) ; exit 0")["ended"] == 2
    assert not living(nap)


def test_a_process_outlives_its_first_thread_and_is_ended_all_the_same(agent: Spoken, nap: str) -> None:
    """It looks like a zombie, and is none."""
    exit_thread = 60
    program = (
        "import ctypes, threading, time;"
        f"threading.Thread(target=time.sleep, args=({nap},)).start();"
        f"ctypes.CDLL(None).syscall({exit_thread}, 0)"
    )
    done = agent.run(f'setsid python3 -c "{program}" {nap} & sleep 0.5')

    assert done["ended"] == 1
    assert soon_gone(nap)


def test_orphans_are_reaped_while_the_replicate_runs(agent: Spoken) -> None:
    """As zombies they would count against the limit of processes."""
    zombies = (
        "grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | xargs -r grep -l \"^PPid:.$PPID$\" | wc -l"
    )
    done = agent.run(f"for i in 1 2 3 4 5 6 7 8; do (true &); done; sleep 0.1; {zombies}")

    assert done["text"].strip() == "0"


def test_the_kernel_is_told_to_choose_the_replicate(agent: Spoken) -> None:
    """When memory runs out, the agent stays to say so."""
    before = _oom_score(agent.pid)
    done = agent.run("cat /proc/self/oom_score_adj")

    assert done["text"] == "1000\n"
    assert _oom_score(agent.pid) == before


def test_descriptors_are_the_wires_and_no_more(agent: Spoken) -> None:
    """Nothing of the agent's own is inherited: 0, 1, 2, the lines on 3, and the listing's own."""
    done = agent.run('ls /proc/self/fd | tr "\\n" " "; echo $LAB_FD; grep -c . <&0')

    assert done["text"] == "0 1 2 3 4 3\n0\n"


def test_each_replicate_is_told_how_many_there_were_before(agent: Spoken) -> None:
    """So it can choose names that nobody has touched."""
    assert [agent.run("echo $LAB_TURN")["text"] for _ in range(3)] == ["0\n", "1\n", "2\n"]


def test_signals_are_a_programs_defaults(agent: Spoken) -> None:
    """What the agent itself blocks, ignores or handles is not passed on."""
    done = agent.run("grep -E '^Sig(Blk|Ign):' /proc/self/status")

    assert [line.split()[1] for line in done["text"].splitlines()] == ["0" * 16] * 2


def test_lines_beyond_the_limit_are_dropped_whole(agent: Spoken) -> None:
    """No line is cut in two."""
    done = agent.run("printf 'one\\ntwo\\nthree\\n' >&3", line_limit=9)

    assert (done["lines"], done["lines_dropped"]) == (["one", "two"], 1)


def test_at_its_limit_a_program_is_asked_for_its_goroutines(agent: Spoken, blocking: Path) -> None:
    """SIGQUIT comes before TERM; what it writes then is kept beyond the limit of a stream, with that much before it."""
    done = agent.run(
        f"printf '%01000d\\n' 1 >&2; exec {blocking} every",
        timeout_ns=2 * 10**9,
        output_limit=100,
        dump_limit=8 << 20,
    )
    said = base64.b64decode(done["stderr"]["base64"]).decode()

    assert (done["timed_out"], done["exit_code"], done["signal"]) == (True, 2, 0)
    assert said.startswith("0" * 100 + "SIGQUIT: quit\n")
    assert parsed(said).unread == ()
    assert len(parsed(said).goroutines) > 1000
    assert done["stderr"]["bytes"] == len(said) + 901


def test_a_deadlocks_dump_is_kept_beyond_the_limit_of_a_stream(agent: Spoken, blocking: Path) -> None:
    """Nobody asked for it, so it is known by its first line; of one that exceeds its own limit the beginning is kept."""
    whole = agent.run(f"exec {blocking} crossed", output_limit=10, dump_limit=8 << 20)
    part = agent.run(f"exec {blocking} crossed", output_limit=10, dump_limit=50)
    none = agent.run(f"exec {blocking} crossed", output_limit=10)

    text = base64.b64decode(whole["stderr"]["base64"]).decode()
    assert len(parsed(text).goroutines) == 3
    assert whole["stderr"]["bytes"] == len(text)
    assert base64.b64decode(part["stderr"]["base64"]).decode() == text[:50]
    assert base64.b64decode(none["stderr"]["base64"]).decode() == text[:10]


@pytest.mark.parametrize(
    ("script", "signalled"),
    [("exec sleep 60", signal.SIGQUIT), ("trap '' QUIT; sleep 60 & wait", signal.SIGTERM)],
)
def test_who_has_no_dump_to_give_is_ended_all_the_same(agent: Spoken, script: str, signalled: int) -> None:
    """One that is no Go program by the signal itself; one that ignores it by the next, a second later."""
    done = agent.run(script, timeout_ns=10**8, dump_limit=8 << 20)

    assert (done["timed_out"], done["signal"]) == (True, signalled)
    assert (done["end_ns"] - done["start_ns"] > 10**9) == (signalled == signal.SIGTERM)


@pytest.mark.parametrize(
    ("script", "end"),
    [("exec sleep 60", (-1, signal.SIGTERM)), ("trap 'exit 7' TERM; sleep 60 & wait", (7, 0))],
)
def test_who_serves_is_asked_to_end(agent: Spoken, script: str, end: tuple[int, int]) -> None:
    """By SIGTERM, and alone: what it makes of that is told, and that it was asked. Who ends before is not."""
    done = agent.run(script, stop_after_ns=10**8)
    before = agent.run("exit 0", stop_after_ns=5 * 10**9)

    assert (done["exit_code"], done["signal"]) == end
    assert (done["asked_to_end"], done["timed_out"]) == (True, False)
    assert 10**8 < done["end_ns"] - done["start_ns"] < 5 * 10**9
    assert (before["asked_to_end"], before["exit_code"]) == (False, 0)


def test_a_dump_is_asked_for_in_the_middle_of_a_life(agent: Spoken, blocking: Path) -> None:
    """By SIGQUIT, and alone; when is told. Who ends before is not asked, and who catches it goes on."""
    done = agent.run(f"exec {blocking} every", dump_after_ns=10**8, dump_limit=1 << 20)
    before = agent.run("exit 0", dump_after_ns=5 * 10**9)
    caught = agent.run("trap 'true' QUIT; sleep 0.3; exit 4", dump_after_ns=10**8)

    assert (done["exit_code"], done["timed_out"]) == (2, False)
    assert 10**8 < done["dump_asked_ns"] < done["end_ns"] - done["start_ns"]
    assert b"SIGQUIT: quit" in base64.b64decode(done["stderr"]["base64"])
    assert (before["dump_asked_ns"], before["exit_code"]) == (0, 0)
    assert (caught["exit_code"], caught["dump_asked_ns"] > 10**8) == (4, True)


_FLED = "(setsid sleep {nap} &) ; setsid sh -c 'sleep {nap} & wait' & exec sleep {nap}"
"""A replicate that has an orphan, a child and a grandchild in sessions of their own."""


@pytest.mark.parametrize(
    "how",
    [
        "its input ends",
        "nobody reads it",
        "SIGTERM",
        "SIGKILL",
        "the warden's SIGTERM",
        "the warden's SIGKILL",
    ],
)
def test_the_agents_end_is_that_of_all_it_started(agent: Spoken, nap: str, how: str) -> None:
    """Also where it gets no chance to see to it; a bystander in a session of its own lives on."""
    with subprocess.Popen(["sleep", f"{nap}9"], start_new_session=True) as bystander:
        agent.order(_FLED.format(nap=nap))
        while count(nap) < 4:
            time.sleep(0.001)
        assert agent.process.stdin is not None
        assert agent.process.stdout is not None
        match how:
            case "its input ends":
                agent.process.stdin.close()
            case "nobody reads it":
                agent.process.stdout.close()
                agent.say(op="dance")
            case _:
                killed = agent.process.pid if "warden" in how else agent.pid
                os.kill(killed, getattr(signal, how.rsplit(maxsplit=1)[-1]))

        assert agent.ends() == {"nobody reads it": 5}.get(how, -signal.SIGKILL if "SIGKILL" in how else 0)
        if how != "the warden's SIGKILL":
            assert not living(nap)
        assert soon_gone(nap)
        assert bystander.poll() is None
        bystander.kill()


def test_without_a_beat_the_agent_ends_with_all_that_it_started(agent: Spoken, nap: str) -> None:
    """After as long as it was told: who speaks to it has died, or stands still. It says so by its exit code."""
    agent.say(op="hello", wire=2, silence_ns=10**8)
    agent.order(_FLED.format(nap=nap))

    assert agent.ends() == 4
    assert not living(nap)


def _agents(agent_binary: Path, nap: str, tmp_path: Path) -> tuple[HostEngine, Spec, Command]:
    """The engine host, the agent as it is put there, and an order for a replicate whose descendants flee."""
    spec = Spec(
        files=(File(path="/agent", content=agent_binary.read_bytes(), executable=True),),
        agent=("/agent",),
        memory_bytes=1 << 26,
        pids=64,
    )
    command = Command(
        argv=("/bin/sh", "-c", _FLED.format(nap=nap)),
        environment=("PATH=/usr/bin:/bin",),
        directory="/",
        timeout=Nanos(10**10),
    )
    return HostEngine(cache=tmp_path / "cache", scratch=tmp_path), spec, command


_ABANDONING = """
import json, os, sys, time
from pathlib import Path
from lab.engine.base import File, Spec
from lab.engine.host import HostEngine

agent, place = sys.argv[1:]
spec = Spec(files=(File(path="/agent", content=Path(agent).read_bytes()),), agent=("/agent",), memory_bytes=1 << 26, pids=64)
with HostEngine(cache=Path(place) / "cache", scratch=Path(place)).opened(spec) as container:
    order = {"op": "run", "id": "1", "argv": ["/bin/sh", "-c", os.environ["SCRIPT"]], "env": ["PATH=/usr/bin:/bin"], "dir": "/"}
    for line in ({"op": "hello", "wire": 2}, order | {"timeout_ns": 10**11}):
        container.send(json.dumps(line).encode())
    print(json.loads(container.receive(10))["pid"], flush=True)
    time.sleep(60)
"""
"""A golab that has a replicate run, and can be killed meanwhile."""


def test_an_agent_that_stands_still_does_not_outlive_the_next_start(
    agent_binary: Path, nap: str, tmp_path: Path, lab_root: Path
) -> None:
    """Its golab is killed, and it hears nothing of that: who removes its folder ends it, its warden, and all that it started."""
    words = [sys.executable, "-c", _ABANDONING, str(agent_binary), str(tmp_path)]
    told = {**os.environ, "SCRIPT": _FLED.format(nap=nap)}
    with subprocess.Popen(words, cwd=lab_root, env=told, stdout=subprocess.PIPE, text=True) as golab:
        assert golab.stdout is not None
        agent = int(golab.stdout.readline())
        while count(nap) < 4:
            time.sleep(0.001)
        warden = int(Path(f"/proc/{agent}/stat").read_text().rpartition(")")[2].split()[1])
        for each in (warden, agent):
            os.kill(each, signal.SIGSTOP)
        golab.kill()
    assert count(nap) == 4
    (left,) = scratch.left([tmp_path])

    assert scratch.remove(left).startswith(f"removed {left} and ended ")
    assert soon_gone(nap)
    assert not {f"/proc/{each}/exe" for each in (warden, agent) if Path(f"/proc/{each}/exe").exists()}
    assert not left.exists()


def test_an_agent_that_is_killed_costs_its_replicate_and_leaves_nobody(
    agent_binary: Path, nap: str, tmp_path: Path
) -> None:
    """As the lab sees it: it says why, all that was started is gone by then, and the next one runs."""
    engine, spec, command = _agents(agent_binary, nap, tmp_path)
    with berth(engine, spec, None) as here:
        ends: list[str] = []
        run = threading.Thread(target=lambda: ends.append(_lost(here.agent, command)))
        run.start()
        while count(nap) < 4:
            time.sleep(0.001)
        os.kill(here.agent.hello["pid"], signal.SIGKILL)
        run.join()

        assert not living(nap)
        assert ends == ["the agent is gone: it ended by signal 9"]
        here.lose("a cell", ends[0])
        quick = replace(command, argv=("/bin/sh", "-c", "exit 3"))
        assert json.loads(here.agent.run(quick, stop=lambda: False))["exit_code"] == 3


def test_an_agent_that_stands_still_leaves_nobody(agent_binary: Path, nap: str, tmp_path: Path) -> None:
    """It does not see that its input ends, nor a signal: its warden is told."""
    engine, spec, command = _agents(agent_binary, nap, tmp_path)
    with berth(engine, spec, None) as here:
        run = threading.Thread(target=lambda: _lost(here.agent, command))
        run.start()
        while count(nap) < 4:
            time.sleep(0.001)
        os.kill(here.agent.hello["pid"], signal.SIGSTOP)

    assert not living(nap)
    run.join()


def _lost(agent: Agent, command: Command) -> str:
    with pytest.raises(MeasurementError) as lost:
        agent.run(command, stop=lambda: False)
    return str(lost.value)


def test_the_first_process_clears_its_namespace(first_agent: Spoken, nap: str) -> None:
    """Processes and files of one replicate are gone before the next, also a folder that forbids it."""
    made = first_agent.run(
        f"mkdir -p /tmp/a/b; touch /tmp/a/b/c; chmod 0 /tmp/a/b; setsid sleep {nap} & exit 0"
    )
    seen = first_agent.run("ls /tmp | wc -l; ls -d /proc/[0-9]* | wc -l")

    assert made["ended"] == 1
    assert seen["text"].split()[0] == "0"
    assert soon_gone(nap)


def test_a_tmp_that_holds_something_is_left_alone(crowded_agent: Spoken) -> None:
    """The first process of a namespace may still see the machine's own files."""
    crowded_agent.run("exit 0")

    assert crowded_agent.run("ls /tmp")["text"] == "kept\n"


def _oom_score(pid: int) -> str:
    return Path(f"/proc/{pid}/oom_score_adj").read_text()
