"""A base made from this machine's mirror, and a program with C in it built there."""

import dataclasses
import subprocess
from pathlib import Path

import pytest

from lab.engine import debian
from lab.engine.base import Job
from lab.engine.docker import DockerEngine

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]

_PROGRAM = b"""package main

/*
#include <stdlib.h>
static int twice(int n) { return abs(n) * 2; }
*/
import "C"

func main() {
	println(int(C.twice(-21)))
}
"""


def test_a_cgo_program_is_built_in_the_base(engine: DockerEngine, probe_build: Job, tmp_path: Path) -> None:
    """With the base below it there is a C compiler, without it there is none; its packages are known."""
    base = debian.make(tmp_path, lambda _said: None)
    job = dataclasses.replace(
        probe_build,
        files={"go.mod": b"module c\n\ngo 1.22\n", "main.go": _PROGRAM},
        argv=("{tree}/bin/go", "build", "-trimpath", "-ldflags=-linkmode=external -extldflags=-static", "-o", "out"),
        environment=dict(probe_build.environment) | {"CGO_ENABLED": "1", "PATH": "{tree}/bin:/usr/bin:/bin"},
        outputs=("out",),
    )  # fmt: skip

    with_base, without = engine.run_job(dataclasses.replace(job, base=base.tree)), engine.run_job(job)

    assert (with_base.exit_code, with_base.stderr) == (0, b"")
    assert without.exit_code != 0
    assert b'"gcc": executable file not found' in without.stderr
    assert base.packages["gcc"]
    assert debian.kept(tmp_path) == base
    program = tmp_path / "out"
    program.write_bytes(with_base.outputs["out"])
    program.chmod(0o755)
    ran = subprocess.run([str(program)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "42\n")
