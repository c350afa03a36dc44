"""A Go program as a binary, built in an engine: no network, no clock, no path of this machine in it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lab.engine.base import Engine, Job
from lab.errors import BuildError
from lab.golang.render import GoProgram
from lab.golang.toolchain import Toolchain
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


@dataclass(frozen=True, slots=True)
class Binary:
    """A static program for Linux on amd64."""

    content: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """Its digest: the same program and release give the same, on any engine."""
        return hashlib.sha256(self.content).hexdigest()


def build(engine: Engine, toolchain: Toolchain, program: GoProgram, cache: Path) -> Binary:
    """Build *program*, or take the binary of an equal build from *cache*.

    BuildError holds the compiler's message and the rendered line that it is about.
    """
    kept = cache / "binaries" / f"{_recipe(toolchain, program)}"
    if (known := _read_kept(kept)) is not None:
        return known
    done = engine.run_job(
        Job(
            tree=toolchain.tree,
            files=program.files,
            argv=("{tree}/bin/go", "build", *_FLAGS, "-o", f"{{work}}/{_OUTPUT}", "."),
            environment=_ENVIRONMENT,
            cache=f"go-build-{toolchain.release}",
            outputs=(_OUTPUT,),
            timeout=_TIMEOUT,
        )
    )
    if done.exit_code is None:
        raise BuildError(f"{program.name}: Go {toolchain.release} was not done after {_TIMEOUT // 10**9} s")
    if done.exit_code or _OUTPUT not in done.outputs:
        raise BuildError(_refusal(toolchain, program, done.stderr.decode(errors="replace")))
    binary = Binary(done.outputs[_OUTPUT])
    _keep(kept, binary)
    return binary


def _refusal(toolchain: Toolchain, program: GoProgram, said: str) -> str:
    """The compiler's words, and below them the rendered line that its first complaint is about."""
    message = f"{program.name}: Go {toolchain.release} refuses the program:\n{said.strip()[:_SHOWN_BYTES]}"
    place = _PLACE.search(said)
    source = program.files.get(place[1]) if place else None
    if place is None or source is None:
        return message
    lines = source.decode(errors="replace").splitlines()
    number = int(place[2])
    shown = lines[number - 1] if number <= len(lines) else ""
    return f"{message}\nrendered {place[1]}, line {number}:\n  {shown.strip()}"


def _recipe(toolchain: Toolchain, program: GoProgram) -> str:
    """What decides a binary's bytes: the program, the toolchain, the flags and the environment."""
    parts = (
        program.sha256,
        toolchain.tree.key,
        *_FLAGS,
        *(f"{k}={v}" for k, v in sorted(_ENVIRONMENT.items())),
    )
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
    fresh = path.with_suffix(".new")
    fresh.write_bytes(binary.sha256.encode() + b"\n" + binary.content)
    fresh.replace(path)
