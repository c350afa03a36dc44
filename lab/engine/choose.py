"""Which engine: the one that was asked for, else a container engine that can be used, else this machine as it is."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from lab.engine import address, daemon, users
from lab.engine.base import Engine
from lab.engine.host import HostEngine
from lab.errors import EngineUnavailableError, EnvironmentRefusedError
from lab.host import scratch
from lab.host.owner import Owner

EngineName = Literal["auto", "docker", "host"]

DEFAULT_URL: Final = "unix:///var/run/docker.sock"

_ROOT: Final = 0
_AMD64: Final = ("x86_64", "amd64")
_LIMITS: Final = {"MemoryLimit": "MEMORY", "PidsLimit": "PROCESSES"}
"""What every container asks for, and an engine that cannot limit it drops with a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """An engine, and one line that says which and why. A context manager: leaving it lets go of the engine."""

    engine: Engine
    why: str
    removed: tuple[str, ...] = ()
    """What dead golabs had left on the machine, in words."""
    close: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)

    @property
    def words(self) -> str:
        """All that is told of it."""
        return "; ".join([self.why, *self.removed])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def choose(name: EngineName, cache: Path, *, environ: Mapping[str, str], run: str = "") -> Chosen:
    """The engine *name*; what it starts is labelled with *run*, and what dead runs left in it and in *cache* is removed.

    ``auto`` is a container engine if a usable one answers where *environ* says, else ``host``. *cache* is the lab's
    cache folder. EngineUnavailableError if ``docker`` was asked for and there is none; EnvironmentRefusedError on
    a machine that can run nothing.
    """
    gone = [scratch.remove(path) for path in scratch.left(scratch.places(cache))]
    found = _chosen(name, cache, environ, run)
    return replace(found, removed=tuple(gone))


def _chosen(name: EngineName, cache: Path, environ: Mapping[str, str], run: str) -> Chosen:
    if name == "host":
        return _host(cache, "as asked")
    try:
        return _docker(cache, run, environ, asked=name == "docker")
    except EngineUnavailableError as error:
        remedy = error.hint or _how_to_get_one(environ)
        why = "; ".join([str(error), *_passed_over(environ)])
        if name == "docker":
            raise EngineUnavailableError(why, hint=remedy) from error
        return _host(cache, f"{why}; to get one: {remedy}")


def _host(cache: Path, why: str) -> Chosen:
    system = os.uname()
    if system.sysname != "Linux" or system.machine not in _AMD64:
        raise EnvironmentRefusedError(
            f"the lab measures on Linux on amd64; this is {system.sysname} on {system.machine}",
            hint="predict, sim, report and compare work here",
        )
    return Chosen(engine=HostEngine(cache=cache), why=f"engine host, no container ({why})")


def _docker(cache: Path, run: str, environ: Mapping[str, str], *, asked: bool) -> Chosen:
    # imported here: it costs 0.2 s that the host engine need not pay
    from lab.engine import docker  # noqa: PLC0415

    url, named = where(environ)
    owner = Owner.of_this_process(run)
    with contextlib.ExitStack() as stack:
        stack.enter_context(users.using(url))
        client = docker.connect(environ, url)
        engine = docker.DockerEngine(client, url=url, cache=cache, owner=owner)
        stack.callback(engine.close)
        said = engine.describe()
        _check(said, url, elsewhere="" if asked else address.elsewhere(said))
        swept = docker.sweep(client, owner)
        held = stack.pop_all()
    parts = [f"engine docker {said['version']} at {url} ({named})", *_passed_over(environ)]
    parts += reservations(said)
    parts += [f"removed {counted(swept.removed)} that dead runs had left"] if swept.removed else []
    parts += swept.stuck
    return Chosen(engine=engine, why="; ".join(parts), close=held.close)


def where(environ: Mapping[str, str]) -> tuple[str, str]:
    """The engine's address and what it comes from; DOCKER_HOST is obeyed even where another engine would answer."""
    if asked := environ.get("DOCKER_HOST"):
        return asked, "DOCKER_HOST"
    own = daemon.places(environ)
    if daemon.status(own) is not None:
        return own.url, "golab's own"
    return DEFAULT_URL, "the default socket"


def everywhere(environ: Mapping[str, str]) -> list[str]:
    """Every address at which golabs may have left something, whichever of them :func:`where` chooses now: each once, DOCKER_HOST's first."""
    found: dict[str, str] = {}
    for url in (environ.get("DOCKER_HOST") or "", daemon.places(environ).url, DEFAULT_URL):
        if url:
            found.setdefault(os.path.realpath(url.removeprefix("unix://")), url)
    return list(found.values())


def counted(left: Sequence[str]) -> str:
    """What was swept, by kind: ``2 containers, 1 volumes``."""
    kinds = Counter(each.partition(" ")[0] for each in left)
    return ", ".join(f"{number} {kind}s" for kind, number in kinds.items())


def reservations(said: Mapping[str, Any]) -> list[str]:
    """What makes an engine that *said* so another than one would think, in words that nobody overlooks."""
    found = [f"ON ANOTHER MACHINE ({elsewhere})"] if (elsewhere := address.elsewhere(said)) else []
    unlimited = [words for name, words in _LIMITS.items() if not said["limits"][name]]
    found += [f"WITHOUT LIMITS ON {' AND '.join(unlimited)} (golab doctor says why)"] if unlimited else []
    return found


def _passed_over(environ: Mapping[str, str]) -> list[str]:
    """Why golab's own engine was not taken, where it would have been its turn."""
    why = "" if environ.get("DOCKER_HOST") else daemon.why_not(daemon.places(environ))
    return [why] if why else []


def _check(said: Mapping[str, Any], url: str, *, elsewhere: str) -> None:
    system, _, machine = said["platform"].partition("/")
    if system != "linux" or machine not in _AMD64:
        raise EngineUnavailableError(
            f"the engine at {url} runs {said['platform']}, the lab needs linux/amd64"
        )
    if elsewhere:
        raise EngineUnavailableError(
            f"the engine at {url} is on another machine ({elsewhere})",
            hint="--engine docker uses it all the same; then what is recorded of the machine is not where it ran",
        )


def _how_to_get_one(environ: Mapping[str, str]) -> str:
    named = "correct or unset DOCKER_HOST, or, " if environ.get("DOCKER_HOST") else ""
    own = daemon.places(environ)
    if daemon.is_barred(own):
        return f"{named}run golab as root, whose engine is up"
    steps = [] if daemon.program(environ) else [daemon.INSTALL]
    steps += ["golab engine up"] if os.geteuid() == _ROOT else ["golab engine up", "golab itself"]
    return f"{named}as root: {', then '.join(steps)}"
