"""What a large run's page costs: seconds from its folder to the file, and bytes.

40 cells of 10 metrics, 20 replicates each, with what 32 simulated processes of each metric gave.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from lab.analysis import analyse
from lab.reported import report
from tests.recorded import MANIFEST, Recipe, record

CELLS: Final = 40
REPLICATES: Final = 20
METRICS: Final = 10
MOST_SECONDS: Final = 3.0
MOST_BYTES: Final = 2_000_000
_METRIC: Final = """
[[metrics]]
name = "wait_{number}_ns"
title = "how long one of them waits, as metric {number} sees it"
observation = "wait_ns"
unit = "ns"
statistic = "{statistic}"
"""


def large() -> Recipe:
    """What the run's record is made from."""
    head, _, rest = MANIFEST.partition("[[metrics]]")
    levels = ", ".join(f'"{size}"' for size in range(1, CELLS + 1))
    metrics = "".join(
        _METRIC.format(number=number, statistic=("p50", "p90", "max")[number % 3])
        for number in range(METRICS - 1)
    )
    described = rest[rest.index('[[metrics]]\nname = "grown_bytes"') : rest.index("[[claims]]")]
    manifest = head.replace('"1", "2", "3"', levels) + metrics + described
    return Recipe(manifest=manifest, replicates=REPLICATES, simulated=32, off=1.1)


def main() -> int:
    """Print each figure beside its target; 1 where one is missed."""
    with tempfile.TemporaryDirectory() as place:
        folder = record(Path(place), large())
        begun, worked = time.perf_counter(), time.process_time()
        page = report(folder, analyse(folder))
        worked, seconds = time.process_time() - worked, time.perf_counter() - begun
    size = len(page.encode())
    print(f"{'report_cpu_s':24} {worked:10.3f}   target {MOST_SECONDS:g}")
    print(f"{'report_s':24} {seconds:10.3f}   the same on a quiet machine")
    print(f"{'report_bytes':24} {size:10}   target {MOST_BYTES}")
    return int(worked > MOST_SECONDS or size > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
