"""What golab itself costs a user, and what its agent costs a replicate.

Run it on a quiet machine: ``nox -s benchmarks``. Times are whole processes'; the overhead of the agent and of
``docker run`` over a plain fork + exec + wait are measured in the same run and compared as a ratio.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lab.bench.agent import Command, greeted
from lab.engine.base import Engine, File, Spec
from lab.engine.choose import choose
from lab.golang import build, render, toolchain
from lab.golang.render import GoProgram
from lab.model.units import Nanos
from lab.pipeline import cache_folder

_ROOT = Path(__file__).parent.parent
_EMPTY = GoProgram(
    "empty", {"go.mod": b"module empty\n\ngo 1.22\n", "main.go": b"package main\n\nfunc main() {}\n"}
)
_TARGETS = {"cold_s": 120.0, "warm_s": 30.0, "help_s": 0.3, "agent_over_docker_run": 0.01}


def main() -> int:
    """Print each figure beside its target; 1 where one is missed."""
    with tempfile.TemporaryDirectory() as cache:
        cold = _seconds(_golab("run", "scenario", "mmap-large", "--results", cache), XDG_CACHE_HOME=cache)
        warm = _seconds(_golab("run", "scenario", "mmap-large", "--results", cache), XDG_CACHE_HOME=cache)
    helps = statistics.median(_seconds(_golab("--help")) for _ in range(11))
    figures = {"cold_s": cold, "warm_s": warm, "help_s": helps, **_overheads()}
    for name, value in figures.items():
        target = _TARGETS.get(name)
        print(f"{name:24} {value:10.6f}" + (f"   target {target:g}" if target else ""))
    return int(any(figures[name] > target for name, target in _TARGETS.items() if name in figures))


def _golab(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "lab", *arguments]


def _seconds(command: list[str], **environment: str) -> float:
    begun = time.perf_counter()
    subprocess.run(
        command, cwd=_ROOT, env={**os.environ, **environment}, check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - begun


def _overheads() -> dict[str, float]:
    """Seconds that an empty program costs plainly, through the agent, and by ``docker run``; and the ratio."""
    cache = cache_folder()
    with choose("auto", cache, environ=os.environ) as chosen, tempfile.TemporaryDirectory() as folder:
        go = toolchain.fetch(toolchain.DEFAULT_RELEASE, cache, print)
        agent = build.build(
            chosen.engine, go, render.read_program(_ROOT / "go_templates", "agent"), cache
        ).content
        empty = build.build(chosen.engine, go, _EMPTY, cache).content
        plain_path = Path(folder) / "empty"
        plain_path.write_bytes(empty)
        plain_path.chmod(0o755)
        plain = _median(lambda: _spawned(str(plain_path)), 300)
        through_agent, inside = _through_agent(chosen.engine, agent, empty)
        found = {"plain_s": plain, "agent_s": through_agent, "agent_start_to_end_s": inside}
        if chosen.engine.name == "docker" and shutil.which("docker"):
            image = chosen.engine.image_of(_spec(agent, empty))
            docker_run = _median(lambda: _docker_run(image), 10)
            found |= {
                "docker_run_s": docker_run,
                "agent_over_docker_run": (through_agent - plain) / (docker_run - plain),
            }
        return found


def _spec(agent: bytes, empty: bytes) -> Spec:
    files = (File(path="/agent", content=agent), File(path="/empty", content=empty))
    return Spec(files=files, agent=("/agent",), memory_bytes=1 << 28, pids=64)


def _through_agent(engine: Engine, agent: bytes, empty: bytes) -> tuple[float, float]:
    """Per replicate: from the order to its answer, and what the agent itself says from start to end."""
    with engine.opened(_spec(agent, empty)) as container, greeted(container) as greeted_agent:
        command = Command(
            argv=(container.path("/empty"),),
            environment=(),
            directory=container.path("/tmp"),  # noqa: S108 - the container's own tmpfs
            timeout=Nanos(10**10),
        )
        inside = []

        def replicate() -> None:
            done = json.loads(greeted_agent.run(command, stop=lambda: False))
            inside.append((done["end_ns"] - done["start_ns"]) / 1e9)

        return _median(replicate, 300), statistics.median(inside)


def _docker_run(image: str) -> None:
    isolation = ["--rm", "--network", "none", "--cap-drop", "ALL", "--read-only", "--entrypoint", "/empty"]
    subprocess.run(["docker", "run", *isolation, image], check=True)


def _spawned(path: str) -> None:
    os.waitpid(os.posix_spawn(path, [path], {}), 0)


def _median(action: Callable[[], object], times: int) -> float:
    spent = []
    for _ in range(times):
        begun = time.perf_counter()
        action()
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent)


if __name__ == "__main__":
    sys.exit(main())
