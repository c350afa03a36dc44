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
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from lab.analysis import analyse
from lab.model.run import Record, Turn
from lab.store import RunFolder
from tests.recorded import MANIFEST, Recipe, record

CELLS: Final = 100
REPLICATES: Final = 1000
REPETITIONS: Final = 30
MOST_SECONDS: Final = 4.0
MOST_BYTES: Final = 300e6


def long_record(place: Path) -> RunFolder:
    """The run of a small scenario whose replicates are those of a short one, again and again."""
    levels = ", ".join(f'"{size}"' for size in range(1, CELLS + 1))
    recipe = Recipe(
        manifest=MANIFEST.replace('"1", "2", "3"', levels), replicates=10, repetitions=REPETITIONS
    )
    by_cell: dict[str, list[Record]] = {}
    for each in record(place / "short", recipe).records():
        by_cell.setdefault(each.turn.cell, []).append(each)
    folder = record(place, replace(recipe, replicates=REPLICATES, measured=False))
    for turns in _batches(folder.plan().turns):
        folder.append(*(replace(by_cell[turn.cell][turn.block % 10], turn=turn) for turn in turns))
    return folder


def _batches(turns: Sequence[Turn], size: int = 1000) -> Iterator[Sequence[Turn]]:
    return (turns[at : at + size] for at in range(0, len(turns), size))


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
