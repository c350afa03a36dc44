"""What a run costs beside the programs that it measures: between replicates, and of the whole time.

Run it on a quiet machine: ``nox -s benchmarks``. Both come from a record that a real run left: the time from a replicate's
end to the next one's start, and the share of the time from the first start to the last end in which no program ran. Between two replicates
of a sheaf lies the agent's work; from one sheaf to the next the stream to the lab, decoding, the fsync'ed lines (the largest tenth).
Beside them stands what a line takes to be on the disk.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from lab.model.run import Record
from lab.store import RunFolder

_ROOT = Path(__file__).parent.parent
_SHORT = ("--root", str(_ROOT / "tests/labs/limits"), "run", "scenario", "burn", "--runs", "400")
_LONG = (
    "run",
    "scenario",
    "mmap-large",
    "--only",
    "touch*",
    "--only",
    "ticker*",
    "--runs",
    "20",
    "--no-calibrate",
)
_BETWEEN_MS, _OUTSIDE = 0.3, 0.15


def main() -> int:
    """Print each figure beside its target; 1 where one is missed."""
    missed = False
    for engine in ("docker", "host"):
        short, long = (_records(engine, arguments) for arguments in (_SHORT, _LONG))
        if short is None or long is None:
            print(f"engine {engine}: no such engine here")
            continue
        between = statistics.median(_gaps(short)) / 1e6
        program = statistics.median(record.wall_ns for record in long) / 1e6
        outside = _outside(long)
        print(f"engine {engine}")
        mean, largest = (
            statistics.fmean(_gaps(short)) / 1e6,
            statistics.quantiles(_gaps(short), n=10)[-1] / 1e6,
        )
        print(
            f"  between two replicates     {between:6.3f} ms   target {_BETWEEN_MS}"
            f" (mean {mean:.3f}, a tenth beyond {largest:.3f})"
        )
        print(f"  of that, writing a line    {_writing(short[0]) * 1e3:6.3f} ms   (fsync'ed)")
        print(
            f"  outside programs           {outside:6.1%}      target {_OUTSIDE:.0%}, median program {program:.1f} ms"
        )
        missed |= between > _BETWEEN_MS or outside > _OUTSIDE
    return int(missed)


def _records(engine: str, arguments: Sequence[str]) -> list[Record] | None:
    """The replicates of a run; None where there is no such engine."""
    with tempfile.TemporaryDirectory() as results:
        done = subprocess.run(
            [sys.executable, "-m", "lab", *arguments, "--engine", engine, "--json", "--results", results],
            cwd=_ROOT,
            env=dict(os.environ),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 4:
            return None
        return list(RunFolder(Path(json.loads(done.stdout)["record"])).records())


def _gaps(records: Sequence[Record]) -> Iterator[int]:
    """From each replicate's end to the next one's start, in nanoseconds."""
    for before, after in itertools.pairwise(records):
        yield after.started_at_ns - (before.started_at_ns + before.wall_ns)


def _outside(records: Sequence[Record]) -> float:
    first, last = records[0], records[-1]
    return 1 - sum(record.wall_ns for record in records) / (
        last.started_at_ns + last.wall_ns - first.started_at_ns
    )


def _writing(record: Record) -> float:
    """Seconds that one line takes to be on the disk."""
    with tempfile.TemporaryDirectory(dir=_ROOT) as place:
        folder = RunFolder(Path(place))
        times = []
        for _ in range(200):
            begun = time.perf_counter()
            folder.append(record)
            times.append(time.perf_counter() - begun)
    return statistics.median(times)


if __name__ == "__main__":
    sys.exit(main())
