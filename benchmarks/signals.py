"""What the agent's reading of environment signals costs, before and after a replicate, both together: the least and the median.

By ``BenchmarkSignals`` of the agent's Go tests, which has a process run in between. The least is what it takes where nobody else is about.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from lab.golang import toolchain
from lab.pipeline import cache_folder

_ROOT: Final = Path(__file__).parent.parent
_PROCESSES: Final = 2000
_MOST_US: Final = 50.0


def main() -> int:
    """Print both beside the target; 1 where the median misses it."""
    go = toolchain.fetch(toolchain.DEFAULT_RELEASE, cache_folder(), print)
    with tempfile.TemporaryDirectory() as place:
        folder = shutil.copytree(_ROOT / "go_templates/agent", Path(place) / "agent")
        shutil.copy(_ROOT / "tests/golang_side/units/signals_bench_test.go", folder)
        environment = {
            "CGO_ENABLED": "0",
            "GOCACHE": f"{place}/build",
            "GOFLAGS": "-mod=mod",
            "GOPROXY": "off",
            "GOTOOLCHAIN": "local",
            "HOME": place,
            "PATH": "/usr/bin:/bin",
        }
        done = subprocess.run(
            [go.tree.path / "bin/go", "test", "-run=-", "-bench=Signals", f"-benchtime={_PROCESSES}x", "."],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    found = {name: float(ns) / 1e3 for ns, name in re.findall(r"([\d.]+) (min|median)-ns", done.stdout)}
    print(
        f"signals before and after a replicate: median {found['median']:.1f} µs, least {found['min']:.1f} µs"
    )
    print(f"  target {_MOST_US:.0f} µs, {_PROCESSES} processes")
    return int(found["median"] > _MOST_US)


if __name__ == "__main__":
    sys.exit(main())
