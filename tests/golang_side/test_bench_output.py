"""Real ``go test -bench`` output, read and compared."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.sheet import Sheet

pytestmark = [pytest.mark.go, pytest.mark.slow]

_ROOT = Path(__file__).parents[2]
_BENCHMARKS = """package user

import "testing"

var sink []byte

func BenchmarkAllocate(b *testing.B) {
	for _, size := range []string{"1k", "64k"} {
		b.Run("size="+size, func(b *testing.B) {
			n := map[string]int{"1k": 1 << 10, "64k": 64 << 10}[size]
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for i := 0; i < b.N; i++ {
				sink = make([]byte, n)
			}
			b.ReportMetric(float64(n), "asked-B")
		})
	}
}
"""


def _bench(go: Path, folder: Path, environment: dict[str, str], *arguments: str) -> str:
    return subprocess.run(
        [go, "test", "-run=^$", "-bench=.", "-benchtime=200x", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_what_go_test_writes_is_read_and_compared(
    go_binary: Path, tmp_path: Path, go_environment: dict[str, str]
) -> None:
    """Every number of it; several invocations are processes, -count is not; unlike units stand side by side."""
    folder = tmp_path / "user"
    folder.mkdir()
    (folder / "go.mod").write_text("module example.com/user\n\ngo 1.22\n")
    (folder / "user_test.go").write_text(_BENCHMARKS)
    repeated = _bench(go_binary, folder, go_environment, "-count=4")
    (tmp_path / "old.txt").write_text("".join(_bench(go_binary, folder, go_environment) for _ in range(4)))
    (tmp_path / "new.txt").write_text("".join(_bench(go_binary, folder, go_environment) for _ in range(4)))

    once, old = Sheet("once"), Sheet("old")
    once.read(repeated.splitlines())
    old.read((tmp_path / "old.txt").read_text().splitlines())
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "lab",
            "compare",
            str(tmp_path / "old.txt"),
            str(tmp_path / "new.txt"),
            "--json",
        ],
        cwd=_ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (once.processes, old.processes) == (1, 4)
    assert set(old.configuration) >= {"goos", "goarch", "cpu"}
    units = {unit for _, unit in old.samples()}
    assert units == {"ns/op", "MB/s", "B/op", "allocs/op", "asked-B"}
    (small,) = {name for name, _ in old.samples() if "size=1k" in name}
    assert old.samples()[small, "asked-B"].values == (1024,) * 4
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    found = {
        cell["new"]: {name: each["verdict"] for name, each in cell["metrics"].items()}
        for cell in told["cells"]
    }
    assert found[small]["allocs/op"] == found[small]["asked-B"] == "agrees"
    assert set(found[small]) == units
