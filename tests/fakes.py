"""An engine without containers, Go or processes: it says what a test has written down."""

import contextlib
import hashlib
import json
import queue
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lab.engine.base import BaseImage, Container, Exited, Job, Spec, Tree
from lab.errors import MeasurementError

NOTHING: Final = {"base64": "", "bytes": 0}
DONE: Final[Mapping[str, Any]] = {
    "ev": "done",
    "error": "",
    "exit_code": 0,
    "signal": 0,
    "timed_out": False,
    "stopped": False,
    "oom_kills": 0,
    "start_ns": 1_000_000,
    "end_ns": 2_000_000,
    "started_at_ns": 1_700_000_000_000_000_000,
    "usage": {
        "user_ns": 500_000,
        "system_ns": 100_000,
        "max_rss_bytes": 3 << 20,
        "minor_faults": 25,
        "major_faults": 0,
        "voluntary_switches": 1,
        "involuntary_switches": 0,
    },
    "stdout": NOTHING,
    "stderr": NOTHING,
    "lines": ['{"wire":2}'],
    "lines_dropped": 0,
    "before": {"psi_cpu_some_us": 0},
    "after": {"psi_cpu_some_us": 0},
    "ended": 0,
}
"""A replicate that went well and said nothing."""

Reply = Mapping[str, Any]
"""What of :data:`DONE` differs."""


class AgentEndsError(Exception):
    """Raised by a script: the agent is gone instead of answering."""


def observing(**values: int) -> Reply:
    """A replicate whose program observed *values*."""
    return {"lines": ['{"wire":2}', *(json.dumps({"o": name, "v": value}) for name, value in values.items())]}


def built(job: Job) -> Exited:
    """A job that went well: each output holds the digest of what the job was made of, so other sources give others."""
    text = repr(
        (
            sorted(job.files.items()),
            sorted(job.texts.items()),
            job.argv,
            sorted(job.environment.items()),
            job.tree.key,
        )
    )
    content = hashlib.sha256(text.encode()).hexdigest().encode()
    return Exited(exit_code=0, stdout=b"", stderr=b"", outputs=dict.fromkeys(job.outputs, content))


def well(_run: Mapping[str, Any]) -> Reply | None:
    """The script of an agent whose every replicate is :data:`DONE`."""
    return {}


@dataclass
class FakeContainer:
    """A scripted agent: *script* gets each ``run`` and says how it went; None means that it hangs until ``stop``, and then says *farewell*."""

    image: str
    script: Callable[[Mapping[str, Any]], Reply | None]
    sent: list[dict[str, Any]] = field(default_factory=list)
    keeps: bool = False
    closed: bool = False
    hanging: str = ""
    farewell: Reply = field(default_factory=dict)
    _lines: "queue.SimpleQueue[bytes]" = field(default_factory=queue.SimpleQueue)

    def path(self, inside: str, /) -> str:
        """A place that cannot be mistaken for *inside*."""
        return f"/fake{inside}"

    def send(self, line: bytes, /) -> None:
        """Take a line as an agent does (docs/wire.md)."""
        if self.closed:
            raise MeasurementError("the agent cannot be written to: it is a fake and gone")
        for each in line.split(b"\n"):
            self._obey(json.loads(each))

    def _obey(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        match message["op"]:
            case "hello":
                self._say(
                    {
                        "ev": "hello",
                        "wire": 2,
                        "pid": 1,
                        "init": True,
                        "cgroup": 1,
                        "captures": self.keeps,
                        "go": "go1.27.3",
                    }
                )
            case "run":
                self._run(message)
            case "stop" if self.hanging:
                self._done(self.hanging, {"stopped": True, "exit_code": -1, "signal": 9, **self.farewell})

    def receive(self, timeout: float, /) -> bytes | None:
        """The next answer."""
        if self.closed and self._lines.empty():
            raise MeasurementError("the agent is gone: it is a fake")
        with contextlib.suppress(queue.Empty):
            return self._lines.get(timeout=timeout)
        return None

    def _run(self, message: Mapping[str, Any]) -> None:
        if self.closed:
            return
        try:
            reply = self.script(message)
        except AgentEndsError:
            self.closed = True
            return
        if reply is None:
            self.hanging = message["id"]
        else:
            self._done(message["id"], reply)

    def _done(self, number: str, reply: Reply) -> None:
        self.hanging = ""
        self._say({**DONE, "id": number, **reply})

    def _say(self, message: Mapping[str, Any]) -> None:
        self._lines.put(json.dumps(message).encode())


@dataclass
class FakeEngine:
    """An engine that remembers what it was asked for, and answers by *build* and by the agents' *script*."""

    script: Callable[[Mapping[str, Any]], Reply | None] = well
    build: Callable[[Job], Exited] = built
    name: str = "docker"
    jobs: list[Job] = field(default_factory=list)
    specs: list[Spec] = field(default_factory=list)
    containers: list[FakeContainer] = field(default_factory=list)
    farewell: Reply = field(default_factory=dict)

    def describe(self) -> Mapping[str, Any]:
        """What it is."""
        return {"engine": self.name, "version": "fake"}

    def image_of(self, spec: Spec, /) -> str:
        """A digest of the files."""
        content = repr([(file.path, file.content, file.executable) for file in spec.files])
        return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"

    def base(self, wanted: str | Tree, /) -> BaseImage:
        """Whatever is wanted is there, under a digest of its name."""
        tree = wanted if isinstance(wanted, Tree) else None
        name = wanted.key if isinstance(wanted, Tree) else wanted
        return BaseImage(image=f"sha256:{hashlib.sha256(name.encode()).hexdigest()}", tree=tree)

    def refuse(self, spec: Spec, /) -> None:
        """It can do anything."""

    def strangers(self) -> tuple[str, ...]:
        """Nobody else is there."""
        return ()

    def run_job(self, job: Job, /) -> Exited:
        """Remember the job, answer by *build*."""
        self.jobs.append(job)
        return self.build(job)

    @contextlib.contextmanager
    def opened(self, spec: Spec, captures: Path | None = None, /) -> Generator[Container]:
        """A scripted agent, gone on exit; it says that it keeps what it measures where there is a file for it, and does not."""
        self.specs.append(spec)
        container = FakeContainer(
            self.image_of(spec), self.script, keeps=captures is not None, farewell=self.farewell
        )
        self.containers.append(container)
        try:
            yield container
        finally:
            container.closed = True
