"""The scenario embed-open as a user runs it, in containers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]

_ROOT = Path(__file__).parents[2]
_FILES = 10_000
_CELLS = ("embed-n1", "embed-n10000", "zip-n10000", "embed-n10000-mapped")


@pytest.mark.usefixtures("go_toolchain")
def test_a_quick_run_tells_an_embed_fs_from_a_zip(tmp_path: Path) -> None:
    """Every byte of ten thousand files is one of the program's, and none of an archive's is; only the archive has a directory."""
    command = [sys.executable, "-m", "lab", "run", "scenario", "embed-open", "--quick", "--engine", "docker"]
    only = [word for cell in _CELLS for word in ("--only", cell)]
    short = ["--runs", "2", "--costs", "packaged", "--no-calibrate", "--results", str(tmp_path), "--json"]

    done = subprocess.run(
        [*command, *only, *short], cwd=_ROOT, capture_output=True, text=True, timeout=300, check=False
    )

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    cells = {cell["id"]: cell for cell in said["cells"]}
    assert {name: cell["outcomes"] for name, cell in cells.items()} == {name: {"exit": 2} for name in _CELLS}
    values = {
        (name, metric): found["measured"]["values"]
        for name, cell in cells.items()
        for metric, found in cell["metrics"].items()
    }
    grown = values["embed-n10000", "binary_bytes"][0] - values["embed-n1", "binary_bytes"][0]
    assert (_FILES - 1) * 1024 < grown < (_FILES - 1) * 1124
    assert values["zip-n10000", "binary_bytes"][0] < _FILES * 1024
    assert values["embed-n10000", "verbatim_files"] == [100, 100]
    assert values["zip-n10000", "verbatim_files"] == [0, 0]
    assert all(count >= _FILES for count in values["zip-n10000", "directory_entries"])
    assert all(count > 0 for count in values["embed-n10000", "first_open_faults"])
    assert all(start > 0 for start in values["embed-n10000", "start_to_main_ns"])
    (claim,) = said["claims"]
    assert claim["id"] == "4.1e"
    assert "supported" in claim["why"] or "refuted" in claim["why"], "some of it was measured"
