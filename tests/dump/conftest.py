"""Real dumps: one program, built by several Go releases, that is ended by a signal or by its own deadlock."""

import functools
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.golang import toolchain

RELEASES = ("1.22.10", "1.24.11", "1.27.3")
"""Releases whose dumps differ in form: gp=, internal/sync, labels."""

Dumped = Callable[[str, str], str]
"""Standard error of the program, by release and way of blocking."""

_PATIENCE_SECONDS = 20.0


@pytest.fixture(scope="session")
def dumped(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Dumped:
    """What the program writes that blocks, built when it is first asked for."""
    folder = tmp_path_factory.mktemp("blocks")

    @functools.cache
    def binary(release: str) -> Path:
        made = folder / release
        go = toolchain.fetch(release, cache, print).tree.path / "bin/go"
        environment = {
            "CGO_ENABLED": "0",
            "GOCACHE": str(cache / "go-tests/build"),
            "GOFLAGS": "-mod=mod -buildvcs=false",
            "GOPROXY": "off",
            "GOTELEMETRY": "off",
            "GOTOOLCHAIN": "local",
            "HOME": str(cache / "go-tests"),
            "PATH": "/usr/bin:/bin",
        }
        program = Path(__file__).parent / "blocks"
        subprocess.run([go, "build", "-o", made, "."], cwd=program, env=environment, check=True)
        return made

    @functools.cache
    def text(release: str, way: str) -> str:
        with subprocess.Popen(
            [binary(release), way], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={}
        ) as process:
            if way == "every":
                assert process.stdout is not None
                assert process.stdout.readline() == "stuck\n"
                process.send_signal(signal.SIGQUIT)
            _, said = process.communicate(timeout=_PATIENCE_SECONDS)
        return said

    return text
