"""A long matrix, from beginning to end: what grows, if anything does.

One run of a matrix of tests/labs/load with so many cells that 10,000 processes are simulated and 1,000 measured. While it runs, its
memory, descriptors and threads are looked at; how long a replicate takes comes from the record: the second block of them
beside the last. Not the first: a cell's first replicate is ordered by itself, because nobody knows yet how long it takes. Then 3,000 replicates of one cell, in which nothing but their number can grow. On a machine that does other things the times say little, the counts the same.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lab.model.run import Record
from lab.store import RunFolder

_ROOT: Final = Path(__file__).parent.parent
_LAB: Final = _ROOT / "tests/labs/load"
CELLS: Final = 320
"""Each with 32 simulated processes and 4 measured ones."""
REPLICATES: Final = 4
LONG: Final = 3000
MOST_SLOWER: Final = 1.10
MOST_GROWTH: Final = 1.05
"""Of memory, from the first tenth of the replicates to the last: what is kept of each is some numbers."""
_LOOK_SECONDS: Final = 0.05


@dataclass(slots=True)
class Looks:
    """What was seen of a process while it measured, each time with how many replicates it had; else only its most memory."""

    measured: list[int] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    ticks: list[int] = field(default_factory=list)
    most_before: int = 0
    most_after: int = 0
    _read: int = 0
    _lines: int = 0

    def look(self, pid: int, results: Path) -> None:
        """Look once; a process that is over is not seen."""
        runs = list(results.glob("*/runs.jsonl"))
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            descriptors = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
            used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return
        found = {name: re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE) for name in ("VmRSS", "Threads")}
        if not all(found.values()):
            return
        resident, threads = (int(each[1]) for each in found.values() if each)
        if not runs:
            self.most_before = max(self.most_before, resident)
            return
        if not any(results.glob("*/captures.jsonl")):
            self.most_after = max(self.most_after, resident)
            return
        self.measured.append(self._counted(runs[0]))
        self.ticks.append(int(used[11]) + int(used[12]))
        self.resident.append(resident)
        self.descriptors.append(descriptors)
        self.threads.append(threads)

    def _counted(self, runs: Path) -> int:
        """How many lines there are; what was read before is not read again."""
        with runs.open("rb") as file:
            file.seek(self._read)
            fresh = file.read()
        self._read += len(fresh)
        self._lines += fresh.count(b"\n")
        return self._lines

    def cpu_ms(self, begin: float, end: float) -> float:
        """CPU time of the process for each replicate between two counts of them."""
        seen = [(at, tick) for at, tick in zip(self.measured, self.ticks, strict=True) if begin <= at <= end]
        (first, before), (last, after) = seen[0], seen[-1]
        return (after - before) * 1000 / os.sysconf("SC_CLK_TCK") / max(last - first, 1)

    def tenths(self, values: Sequence[int], total: int) -> tuple[float, float]:
        """The medians of *values* in the first and in the last tenth of *total* replicates."""
        first = [value for value, at in zip(values, self.measured, strict=True) if at <= total / 10]
        last = [value for value, at in zip(values, self.measured, strict=True) if at >= 0.9 * total]
        return statistics.median(first or values[:1]), statistics.median(last or values[-1:])


def main() -> int:
    """Print each figure beside its target; 1 where one is missed."""
    missed = False
    for engine in sys.argv[1:] or ("docker", "host"):
        with tempfile.TemporaryDirectory() as place:
            matrix = Path(place) / "load.toml"
            numbers = ", ".join(f'"{number}"' for number in range(1, CELLS + 1))
            matrix.write_text(
                f'format = 1\ntitle = "Load"\nreplicates = {REPLICATES}\nbudget = "30m"\n'
                f'seeds = {{ order = 1, simulation = 1 }}\n[[scenarios]]\nname = "nap"\nfactors = {{ number = [{numbers}] }}\n'
            )
            long = ("run", "scenario", "nap", "--runs", str(LONG), "--seed", "1")
            runs = {"a matrix": ("matrix", "run", str(matrix), "--yes"), "one cell": long}
            for name, arguments in runs.items():
                told = list(_told(engine, arguments, Path(place) / name.replace(" ", "-")))
                print(f"engine {engine}, {name}: {told[0][0]}")
                for words, is_missed in told[1:]:
                    print(f"  {words}")
                    missed |= is_missed
    return int(missed)


def _told(engine: str, arguments: Sequence[str], results: Path) -> Iterator[tuple[str, bool]]:
    looks, seconds, printed = _looked_at(engine, arguments, results)
    folder = RunFolder(Path(json.loads(printed)["record"]))
    records = list(folder.records())
    simulated = sum(
        entry["prediction"]["n"]
        for entry in json.loads((folder.path / "predictions.json").read_text())["predictions"]
        if entry["prediction"]
    )
    yield f"{simulated} simulated, {len(records)} measured replicates in {seconds:.0f} s", False
    first, last = map(_each, compared(records))
    yield (
        f"{'a replicate, start to start':28} {first:7.3f} ms, at the end {last:.3f}: {last / first:.3f}  target {MOST_SLOWER}",
        last / first > MOST_SLOWER,
    )
    begun = _first_block(records)
    middle = (begun + len(records)) / 2  # the kernel counts in ticks of 10 ms: a tenth is too short for it
    first, last = looks.cpu_ms(begun, middle), looks.cpu_ms(middle, len(records))
    yield f"{'of that, CPU time of golab':28} {first:7.3f} ms, in the second half {last:.3f}", False
    before, after = looks.tenths(looks.resident, len(records))
    yield (
        f"{'memory':28} {before / 1024:7.1f} MiB, at the end {after / 1024:.1f}: {after / before:.3f}  target {MOST_GROWTH}",
        after / before > MOST_GROWTH,
    )
    yield (
        f"{'':28} at most {looks.most_before / 1024:.0f} MiB before the first, {looks.most_after / 1024:.0f} in the analysis",
        False,
    )
    for name, values in (("descriptors", looks.descriptors), ("threads", looks.threads)):
        before, after = looks.tenths(values, len(records))
        yield f"{name:28} {before:7.0f}, at the end {after:.0f}   target: no more", after > before


def _looked_at(engine: str, arguments: Sequence[str], results: Path) -> tuple[Looks, float, str]:
    command = [
        sys.executable,
        "-m",
        "lab",
        "--root",
        str(_LAB),
        *arguments,
        "--engine",
        engine,
        "--costs=packaged",
    ]
    looks, begun = Looks(), time.monotonic()
    with (
        tempfile.TemporaryFile("w+") as out,
        subprocess.Popen(
            [*command, "--json", "--results", str(results)], cwd=_ROOT, stdout=out, stderr=subprocess.DEVNULL
        ) as run,
    ):
        while run.poll() is None:
            looks.look(run.pid, results)
            time.sleep(_LOOK_SECONDS)
        out.seek(0)
        assert run.returncode == 0, out.read()
        return looks, time.monotonic() - begun, out.read()


def compared(records: Sequence[Record]) -> tuple[Sequence[Record], Sequence[Record]]:
    """The replicates whose pace is compared: the second block and the last one, or where a block is shorter than that a tenth of all.

    A cell's first replicate is a sheaf of its own, so its pace is that of a round trip.
    """
    begun = _first_block(records)
    size = max(begun, len(records) // 10)
    return records[begun : begun + size], records[-size:]


def _first_block(records: Sequence[Record]) -> int:
    """How many replicates the first block has: one of each cell."""
    return len({record.turn.cell for record in records})


def _each(records: Sequence[Record]) -> float:
    """Milliseconds from one replicate's start to the next one's, over all of them."""
    return (records[-1].started_at_ns - records[0].started_at_ns) / (len(records) - 1) / 1e6


if __name__ == "__main__":
    sys.exit(main())
