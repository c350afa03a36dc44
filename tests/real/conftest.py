"""The Go programs of this folder, built at once."""

import os
import subprocess
from pathlib import Path

import pytest

from lab.golang.toolchain import Toolchain


@pytest.fixture(scope="session")
def commands(
    go_toolchain: Toolchain, cache: Path, lab_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of the Go commands, built at once."""
    folder = tmp_path_factory.mktemp("commands")
    home = cache / "go-tests"
    environment = {
        "CGO_ENABLED": "0",
        "GOCACHE": str(home / "build"),
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GOTELEMETRY": "off",
        "GOTOOLCHAIN": "local",
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
    }
    subprocess.run(
        [go_toolchain.tree.path / "bin/go", "build", "-buildvcs=false", "-o", f"{folder}{os.sep}", "./..."],
        cwd=lab_root / "tests/real/programs",
        env=environment,
        check=True,
    )
    return folder
