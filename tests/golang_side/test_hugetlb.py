"""mmap-large in huge pages of the machine's own, and in those that it gives unasked, for real: for the run, and not after it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.host import journal, tuning

pytestmark = [
    pytest.mark.go,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="huge pages are reserved by root alone"),
]

_ROOT = Path(__file__).parents[2]
_POOL = Path("/sys/kernel/mm/hugepages/hugepages-2048kB")
_THP = tuning.transparent_huge_pages()


def _pool() -> list[str]:
    return [(_POOL / name).read_text() for name in ("nr_hugepages", "nr_overcommit_hugepages")]


@pytest.mark.usefixtures("go_toolchain")
def test_huge_pages_are_had_touched_and_given_back(tmp_path: Path) -> None:
    """A fault for each of 32 pages; without the option the cells are refused, and the rest runs.

    What the machine gives to all is felt by the cell that needs it, and by none of those in between.
    """
    before = _pool(), _THP.read_text()
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
    cells = [
        "--only",
        "touch",
        "--only",
        "touch-hugetlb_*",
        "--only",
        "touch-thp_always",
        "--runs",
        "2",
        "--results",
        str(tmp_path),
    ]
    done = [
        subprocess.run(
            [*command, *cells, *option], cwd=_ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        for option in (["--tune-host"], ["--set", "hugetlb=none,pool", "--set", "thp=never,always"])
    ]

    assert [each.returncode for each in done] == [0, 6], done[0].stderr
    tuned, refused = ({cell["id"]: cell for cell in json.loads(each.stdout)["cells"]} for each in done)
    assert set(tuned) == {"touch", "touch-hugetlb_pool", "touch-hugetlb_overcommit", "touch-thp_always"}
    for cell in ("touch-hugetlb_pool", "touch-hugetlb_overcommit"):
        metrics = tuned[cell]["metrics"]
        assert metrics["huge_bytes"]["measured"]["values"] == [64 << 20] * 2
        assert max(metrics["touch_faults"]["measured"]["values"]) < 64
    assert min(tuned["touch-thp_always"]["metrics"]["huge_bytes"]["measured"]["values"]) >= 64 << 20
    assert max(tuned["touch-thp_always"]["metrics"]["touch_faults"]["measured"]["values"]) < 64
    assert tuned["touch"]["metrics"]["huge_bytes"]["measured"]["values"] == [0, 0]
    assert min(tuned["touch"]["metrics"]["touch_faults"]["measured"]["values"]) > 16_000
    assert refused["touch"]["outcomes"] == {"exit": 2}
    assert refused["touch-hugetlb_pool"]["outcomes"] == {"refused": 1}
    claim = next(each for each in json.loads(done[0].stdout)["claims"] if each["id"] == "4.3d")
    assert claim["verdict"] != "not measured yet"
    if "[always]" not in before[1]:
        assert refused["touch-thp_always"]["outcomes"] == {"refused": 1}
    assert (_pool(), _THP.read_text()) == before
    assert not list(journal.FOLDER.glob("*.json"))
