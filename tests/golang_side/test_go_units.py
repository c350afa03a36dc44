"""What of the agent can be asked without a process, and what the Go compiler's own checker says of all Go here."""

import shutil
import subprocess
from pathlib import Path

import pytest

from lab.golang.render import render_program

pytestmark = [pytest.mark.go, pytest.mark.slow]

_PROGRAMS: dict[str, dict[str, int | str]] = {
    "calibrate": {},
    "probe": {},
    "fs-open": {"file": "lowest", "depth": 1, "size": 1024, "goroutines": 1},
    "hello-static": {"mode": "build", "target": "native", "imports": "fmt"},
    "mmap-large": {
        "mode": "touch",
        "size": 1 << 26,
        "thp": "never",
        "madvdontneed": "unset",
        "hugetlb": "none",
    },
}


@pytest.mark.parametrize("program", ["agent", "hello-static"])
def test_a_programs_parts(
    go_binary: Path, lab_root: Path, tmp_path: Path, go_environment: dict[str, str], program: str
) -> None:
    """Its Go tests, beside its source; they are kept here because all that lies there is built into it."""
    folder = _written(lab_root, tmp_path, program)
    shutil.copy(Path(__file__).parent / f"units/{program}_test.go", folder)

    tested = subprocess.run(
        [go_binary, "test", "."], cwd=folder, env=go_environment, capture_output=True, text=True, check=False
    )

    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("scenario", sorted(_PROGRAMS))
def test_programs_pass_vet(
    go_binary: Path, lab_root: Path, tmp_path: Path, go_environment: dict[str, str], scenario: str
) -> None:
    """With the lab's Go side as it is rendered into them."""
    folder = _written(lab_root, tmp_path, scenario)

    vetted = subprocess.run(
        [go_binary, "vet", "./..."],
        cwd=folder,
        env=go_environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert vetted.returncode == 0, vetted.stderr


def _written(lab_root: Path, tmp_path: Path, name: str) -> Path:
    """The folder of a program's source, rendered where it has holes."""
    templates, folder = lab_root / "go_templates", tmp_path / name
    if name not in _PROGRAMS:
        return shutil.copytree(templates / name, folder)
    program = render_program(templates, name, tools=templates, go_line="1.27", values=_PROGRAMS[name])
    for path, content in program.files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return folder
