"""mmap-large in huge pages of the machine's own, for real: reserved for the run, given back after it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.host import journal

pytestmark = [
    pytest.mark.go,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="huge pages are reserved by root alone"),
]

_ROOT = Path(__file__).parents[2]
_POOL = Path("/sys/kernel/mm/hugepages/hugepages-2048kB")


def _pool() -> list[str]:
    return [(_POOL / name).read_text() for name in ("nr_hugepages", "nr_overcommit_hugepages")]


@pytest.mark.usefixtures("go_toolchain")
def test_huge_pages_are_reserved_touched_and_given_back(tmp_path: Path) -> None:
    """A fault for each of 32 pages; without the option the cells are refused, and the rest runs."""
    before = _pool()
    command = [
        sys.executable,
        "-m",
        "lab",
        "run",
        "scenario",
        "mmap-large",
        "--engine",
        "host",
        "--json",
        "--no-calibrate",
    ]
    cells = ["--only", "touch", "--only", "touch-hugetlb_*", "--runs", "2", "--results", str(tmp_path)]
    done = [
        subprocess.run(
            [*command, *cells, *option], cwd=_ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        for option in (["--tune-host"], ["--set", "hugetlb=none,pool"])
    ]

    assert [each.returncode for each in done] == [0, 6], done[0].stderr
    tuned, refused = ({cell["id"]: cell for cell in json.loads(each.stdout)["cells"]} for each in done)
    assert set(tuned) == {"touch", "touch-hugetlb_pool", "touch-hugetlb_overcommit"}
    for cell in ("touch-hugetlb_pool", "touch-hugetlb_overcommit"):
        metrics = tuned[cell]["metrics"]
        assert metrics["huge_bytes"]["measured"]["values"] == [64 << 20] * 2
        assert max(metrics["touch_faults"]["measured"]["values"]) < 64
    assert min(tuned["touch"]["metrics"]["touch_faults"]["measured"]["values"]) > 16_000
    assert refused["touch"]["outcomes"] == {"exit": 2}
    assert refused["touch-hugetlb_pool"]["outcomes"] == {"refused": 1}
    claim = next(each for each in json.loads(done[0].stdout)["claims"] if each["id"] == "4.3d")
    assert claim["verdict"] != "not measured yet"
    assert _pool() == before
    assert not list(journal.FOLDER.glob("*.json"))
