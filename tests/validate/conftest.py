"""The Go programs that the simulator is judged by, rendered and built."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from lab.golang.render import render_program

_VALUES: Final[dict[str, int | str]] = {"program": "pingpong", "given": "standard"}


@pytest.fixture(scope="session")
def built(
    go_binary: Path, cache: Path, lab_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """The binary of one of the folders of go_templates/validate, built when it is first asked for."""
    made: dict[str, Path] = {}
    tools, home = lab_root / "go_templates", cache / "go-tests"
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

    def build(name: str) -> Path:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            program = render_program(tools / "validate", name, tools=tools, go_line="1.27", values=_VALUES)
            for path, content in program.files.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
            command = [str(go_binary), "build", "-buildvcs=false", "-o", "binary", "."]
            subprocess.run(command, cwd=folder, env=environment, check=True)
            made[name] = folder / "binary"
        return made[name]

    return build


@pytest.fixture(scope="session")
def twins(lab_root: Path) -> Path:
    """Where the manifests and the twins are."""
    return lab_root / "scenarios/validate"
