"""What the summary of a very long record costs: seconds and memory for 100,000 replicates, read from the disk.

A hundred cells; each replicate observes thirty repetitions of a duration, of which the summary tells p50 and p90, and one
of another. The file is made first, and only the summary is counted, in a process of its own so that its memory is, too.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from lab.analysis import analyse
from lab.store import RunFolder
from tests.recorded import MANIFEST, Recipe, record

CELLS: Final = 100
REPLICATES: Final = 1000
REPETITIONS: Final = 30
MOST_SECONDS: Final = 4.0
MOST_BYTES: Final = 300e6


def long_record(place: Path) -> RunFolder:
    """The run of a small scenario whose lines are copied until there are enough."""
    levels = ", ".join(f'"{size}"' for size in range(1, CELLS + 1))
    manifest = MANIFEST.replace('"1", "2", "3"', levels)
    folder = record(place, Recipe(manifest=manifest, replicates=10, repetitions=REPETITIONS))
    lines = (folder.path / "runs.jsonl").read_bytes()
    with (folder.path / "runs.jsonl").open("ab") as file:
        for _ in range(REPLICATES // 10 - 1):
            file.write(lines)
    return folder


def spent(path: Path) -> None:
    """Print what analysing the record took this process."""
    begun, worked = time.perf_counter(), time.process_time()
    found = analyse(RunFolder(path))
    worked, seconds = time.process_time() - worked, time.perf_counter() - begun
    values = sum(len(metric.values) for cell in found.cells for metric in cell.metrics)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "cpu_seconds": worked, "bytes": peak, "values": values}))


def main() -> int:
    """Print each figure beside its target; 1 where one is missed."""
    with tempfile.TemporaryDirectory() as place:
        folder = long_record(Path(place))
        command = [sys.executable, "-m", "benchmarks.summary", str(folder.path)]
        told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert told["values"] == CELLS * REPLICATES * 3, told
    print(f"{'summary_cpu_s':24} {told['cpu_seconds']:10.3f}   target {MOST_SECONDS:g}")
    print(f"{'summary_s':24} {told['seconds']:10.3f}   the same on a quiet machine")
    print(f"{'summary_bytes':24} {told['bytes']:10}   target {MOST_BYTES:.0f}")
    return int(told["cpu_seconds"] > MOST_SECONDS or told["bytes"] > MOST_BYTES)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        spent(Path(sys.argv[1]))
    else:
        sys.exit(main())
