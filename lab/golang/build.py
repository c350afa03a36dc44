"""A Go program as a binary, built in an engine: no network, no clock, no path of this machine in it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lab.engine.base import BaseImage, Engine, Exited, Job
from lab.errors import BuildError, EngineUnavailableError, EnvironmentRefusedError
from lab.golang import overlay
from lab.golang.missing import missing
from lab.golang.module import Module
from lab.golang.render import GoProgram
from lab.golang.toolchain import Toolchain
from lab.host import scratch
from lab.model.building import Building
from lab.model.units import Nanos

_OUTPUT: Final = ".golab-binary"
_TIMEOUT: Final = Nanos(300 * 10**9)
_SHOWN_BYTES: Final = 4000
_PLACE: Final = re.compile(r"^(?:\./)?([^\s:]+\.go):(\d+)(?::\d+)?: ", re.MULTILINE)

_ENVIRONMENT: Final = {
    "CGO_ENABLED": "0",
    "GO111MODULE": "on",
    "GOAMD64": "v1",
    "GOARCH": "amd64",
    "GOCACHE": "{cache}",
    "GOENV": "off",
    "GOFLAGS": "-mod=mod",
    "GOOS": "linux",
    "GOPATH": "{tmp}/gopath",
    "GOPROXY": "off",
    "GOROOT": "{tree}",
    "GOSUMDB": "off",
    "GOTELEMETRY": "off",
    "GOTMPDIR": "{tmp}",
    "GOTOOLCHAIN": "local",
    "HOME": "{tmp}",
    "PATH": "{tree}/bin",
}
_FLAGS: Final = ("-trimpath", "-buildvcs=false")
_CGO_ENVIRONMENT: Final = {"CGO_ENABLED": "1", "TMPDIR": "{tmp}"}
_STATIC: Final = "-linkmode=external -extldflags=-static"
"""A container holds the program and no library."""
_CXX: Final = ("g++", "-std=c++17", "-O2", "-static", "-pthread")
_CXX_SUFFIX: Final = ".cc"
_MACHINES_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_NO_COMPILER: Final = re.compile(r'C compiler "[^"]*" not found')


@dataclass(frozen=True, slots=True)
class Binary:
    """A static program for Linux on amd64."""

    content: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """Its digest: the same program and release give the same, on any engine."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How programs are built: on a base or on nothing but the Go release, as the manifest has it, over which sources.

    ``sources`` are those that the build sees instead of the release's, by their path below its ``src``. ``own`` is the module
    of a user, whose program it is then.
    """

    base: BaseImage | None = None
    building: Building = field(default_factory=Building)
    sources: Mapping[str, bytes] = field(default_factory=dict, hash=False)
    own: Module | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """The build's whole environment."""
        path = self.base.path if self.base else _MACHINES_PATH if self.building.needs_compiler else ""
        below = {"PATH": f"{_ENVIRONMENT['PATH']}:{path}"} if path else {}
        compiler = _CGO_ENVIRONMENT if self.building.needs_compiler else {}
        return {**_ENVIRONMENT, **below, **compiler, **(self.own.environment if self.own else {})}

    @property
    def flags(self) -> tuple[str, ...]:
        """What ``go build`` is told."""
        asked = (_STATIC if self.building.cgo else "", self.building.ldflags)
        linked = " ".join(text for text in asked if text)
        overlaid = (f"-overlay={overlay.LIST}",) if self.sources else ()
        return (*_FLAGS, *((f"-ldflags={linked}",) if linked else ()), *overlaid)

    def command(self, program: GoProgram) -> tuple[str, ...]:
        """The whole command that makes *program* a binary."""
        if self.building.language == "c++":
            sources = sorted(path for path in program.files if path.endswith(_CXX_SUFFIX))
            return (*_CXX, "-o", f"{{work}}/{_OUTPUT}", *sources)
        return (
            "{tree}/bin/go",
            "build",
            *self.flags,
            "-o",
            f"{{work}}/{_OUTPUT}",
            self.own.package if self.own else ".",
        )

    @property
    def cache_suffix(self) -> str:
        """Of the build cache's name: what an image that is not ours writes, builds from scratch do not read."""
        return f"-{self.base.image.removeprefix('sha256:')[:16]}" if self.base else ""


SCRATCH: Final = Setting()
"""Nothing but the Go release; no C."""


def build(
    engine: Engine, toolchain: Toolchain, program: GoProgram, cache: Path, setting: Setting = SCRATCH
) -> Binary:
    """Build *program*, or take the binary of an equal build from *cache*.

    BuildError holds the compiler's message and the rendered line that it is about.
    """
    kept = cache / "binaries" / f"{_recipe(toolchain, program, setting, engine.name)}"
    if (known := _read_kept(kept)) is not None:
        return known
    done = _run(
        engine,
        setting,
        Job(
            tree=toolchain.tree,
            files={
                **program.files,
                **{f"{overlay.FOLDER}/{path}": text for path, text in setting.sources.items()},
            },
            texts={overlay.LIST: overlay.listing(setting.sources)} if setting.sources else {},
            argv=setting.command(program),
            environment=setting.environment,
            cache=f"go-build-{toolchain.release}{setting.cache_suffix}",
            outputs=(_OUTPUT,),
            timeout=_TIMEOUT,
            base=setting.base,
            shown=setting.own.shown if setting.own else {},
        ),
    )
    if done.exit_code is None:
        raise BuildError(
            f"{program.name}: {_compiler(toolchain, setting)} was not done after {_TIMEOUT // 10**9} s"
        )
    if done.exit_code or _OUTPUT not in done.outputs:
        said = done.stderr.decode(errors="replace")
        hint = _hint(said, engine) or (missing(said) if setting.own else None)
        raise BuildError(_refusal(setting, toolchain, program, said), hint=hint)
    binary = Binary(done.outputs[_OUTPUT])
    _keep(kept, binary)
    return binary


def _run(engine: Engine, setting: Setting, job: Job) -> Exited:
    """The job, done. A Go release is always there; a C++ compiler that cannot be started is none."""
    try:
        return engine.run_job(job)
    except EngineUnavailableError:
        raise
    except EnvironmentRefusedError as error:
        if setting.building.language == "go":
            raise
        raise BuildError(str(error), hint=_no_compiler(engine)) from None


def _compiler(toolchain: Toolchain, setting: Setting) -> str:
    return _CXX[0] if setting.building.language == "c++" else f"Go {toolchain.release}"


def _refusal(setting: Setting, toolchain: Toolchain, program: GoProgram, said: str) -> str:
    """The compiler's words, and below them the line that its first complaint is about."""
    compiler = _compiler(toolchain, setting)
    words = said.strip()[:_SHOWN_BYTES] or "it made no binary, and does not say why"
    message = f"{program.name}: {compiler} refuses the program:\n{words}"
    place = _PLACE.search(said)
    source = program.files.get(place[1]) if place else None
    if place is None or source is None:
        return message
    lines = source.decode(errors="replace").splitlines()
    number = int(place[2])
    shown = lines[number - 1] if number <= len(lines) else ""
    where = place[1] if setting.own else f"rendered {place[1]}"
    return f"{message}\n{where}, line {number}:\n  {shown.strip()}"


def _hint(said: str, engine: Engine) -> str | None:
    return _no_compiler(engine) if _NO_COMPILER.search(said) else None


def _no_compiler(engine: Engine) -> str:
    return (
        "apt-get install g++ libc6-dev, or use a container engine"
        if engine.name == "host"
        else "--base golab has compilers, once golab engine base has made it"
    )


def _recipe(toolchain: Toolchain, program: GoProgram, setting: Setting, engine: str) -> str:
    """What decides a binary's bytes: the program, the toolchain, the flags, the environment, and what lies below."""
    parts = [
        program.sha256,
        toolchain.tree.key,
        *setting.command(program),
        *(
            hashlib.sha256(f"{path}\0".encode() + text).hexdigest()
            for path, text in sorted(setting.sources.items())
        ),
        *(f"{k}={v}" for k, v in sorted(setting.environment.items())),
    ]
    if setting.base is not None:
        parts.append(setting.base.image)
    elif setting.building.needs_compiler:
        parts.append(engine)  # this machine's compiler
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _read_kept(path: Path) -> Binary | None:
    """A kept binary, if its content is still what its first line says."""
    try:
        digest, _, content = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    binary = Binary(content)
    return binary if binary.sha256.encode() == digest else None


def _keep(path: Path, binary: Binary) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch.write(path, binary.sha256.encode() + b"\n" + binary.content)
