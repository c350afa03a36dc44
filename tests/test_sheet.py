"""Benchmark files side by side: which lines are one process, what is compared, and that an export is its run again."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from lab import sheet
from lab.analysis import analyse
from lab.errors import StoreError
from lab.exported import COLUMNS, benchfmt, table
from lab.model.outcome import RunComparison, Verdict
from lab.model.run import Ending
from lab.sheet import Sheet, is_sheet, read_sheet, sheet_of, versus, warnings
from lab.versus import versus as run_versus
from tests.recorded import Recipe, record


def _every(_cell: str, _metric: str) -> bool:
    return True


def _sheet(text: str, name: str = "a") -> Sheet:
    found = Sheet(name)
    found.read(text.splitlines(keepends=True))
    return found


def _runs(times: Sequence[float], header: str = "goos: linux\npkg: x\n") -> str:
    return "".join(f"{header}BenchmarkX-2 100 {time} ns/op\nPASS\n" for time in times)


def test_a_header_begins_a_process_and_count_does_not() -> None:
    """Ten invocations are ten processes; one with -count=10 is one, and its lines are repetitions."""
    several = _sheet(_runs(range(100, 110)))
    once = _sheet("goos: linux\npkg: x\n" + _runs(range(100, 110), header=""))

    assert (several.processes, several.samples()["x.BenchmarkX-2", "ns/op"].values) == (
        10,
        tuple(range(100, 110)),
    )
    assert (once.processes, once.samples()["x.BenchmarkX-2", "ns/op"].values) == (1, (104.5,))
    assert [words for words in warnings([once]) if "one process" in words]
    assert not [words for words in warnings([several]) if "one process" in words]


def test_what_go_test_says_of_its_packages_is_known() -> None:
    """That one went well is no line to wonder about; that one failed is told, once."""
    found = sheet.Sheet("x")
    found.read(
        [
            "goos: linux\n",
            "pkg: a\n",
            "BenchmarkOne-2\t10\t5 ns/op\n",
            "PASS\n",
            "ok  \ta\t1.234s\n",
            "?   \tb\t[no test files]\n",
            "pkg: c\n",
            "BenchmarkTwo-2\t10\t5 ns/op\n",
            "--- FAIL: BenchmarkThree\n",
            "FAIL\n",
            "exit status 1\n",
            "FAIL\tc\t0.200s\n",
            "FAIL\n",
        ]
    )

    assert (found.processes, found.failed, found.skipped) == (2, 1, 2)
    assert "go test says FAIL of 1 of its runs" in list(warnings([found]))[1]


def test_lines_that_say_nothing_are_counted() -> None:
    """And told."""
    found = _sheet("--- BENCH: BenchmarkX\n    x_test.go:7: so\n\nBenchmarkX 1 1 ns/op\n")

    assert found.skipped == 2
    assert "2 lines are none of the benchmark format" in next(iter(warnings([found])))


@pytest.mark.parametrize(
    ("new", "verdict"),
    [
        ([*range(100, 120)], Verdict.AGREES),
        ([*range(150, 170)], Verdict.DISAGREES),
        ([100, 200], Verdict.INCONCLUSIVE),
        ([100], Verdict.INCONCLUSIVE),
    ],
)
def test_files_are_judged_like_runs(new: list[int], verdict: Verdict) -> None:
    """By processes; one of them decides nothing."""
    found = versus(_sheet(_runs(range(100, 120))), _sheet(_runs(new), "b"), 0.15, _every)

    assert found.verdicts == (verdict,)


def test_set_ups_are_told_and_what_has_no_partner() -> None:
    """As with runs."""
    old = _sheet("goos: linux\ncpu: A\npkg: x\nBenchmarkX 1 1 ns/op\nBenchmarkY 1 1 ns/op\n")
    new = _sheet("goos: linux\ncpu: B\npkg: x\nBenchmarkX 1 1 ns/op\nBenchmarkZ 1 1 ns/op\n")
    found = versus(old, new, 0.15, _every)

    assert [(each.fact, each.old, each.new) for each in found.differences] == [("cpu", "A", "B")]
    assert (found.only_old, found.only_new) == (("x.BenchmarkY",), ("x.BenchmarkZ",))


def test_an_export_is_its_run_again(tmp_path: Path) -> None:
    """The ratios of two exports are those of the two runs, to the last digit; and a run is its own export."""
    folders = [record(tmp_path, Recipe(name=f"2026112{n}-1-example", seed=n, speed=n)) for n in (1, 2)]
    analyses = [analyse(folder) for folder in folders]
    files = [tmp_path / f"{n}.txt" for n in (1, 2)]
    for file, folder, analysis in zip(files, folders, analyses, strict=True):
        file.write_text("".join(benchfmt(folder, analysis)))

    by_files = versus(read_sheet(str(files[0])), read_sheet(str(files[1])), 0.15, _every)
    mixed = versus(sheet_of(folders[0], analyses[0]), read_sheet(str(files[1])), 0.15, _every)
    by_runs = run_versus(analyses[0], analyses[1], _every)

    ratios = [
        [
            metric.found.comparison.ratio
            for cell in found.cells
            for metric in cell.metrics
            if isinstance(metric.found, RunComparison)
        ]
        for found in (by_files, mixed, by_runs)
    ]
    assert ratios[0] == ratios[1] == ratios[2]
    assert len(ratios[0]) == 9
    assert sheet.read_sheet(str(files[0])).skipped == 0


def test_only_what_may_be_looked_at_is_exported(tmp_path: Path) -> None:
    """Replicates that ended otherwise are in the CSV, with how; predictions only when asked for, as such."""
    folder = record(tmp_path, Recipe(endings={"s2": Ending.TIMEOUT}))
    run = analyse(folder)
    lines = list(benchfmt(folder, run))
    rows, more = (
        list(csv.DictReader(io.StringIO("".join(table(folder, run, predictions=wanted)))))
        for wanted in (False, True)
    )

    assert not any("size=2" in line for line in lines)
    assert sum(line.startswith("replicate: ") for line in lines) == 20
    assert tuple(rows[0]) == COLUMNS
    assert {row["outcome"] for row in rows if row["cell"] == "s2"} == {"timeout"}
    assert {row["evidence"] for row in rows} == {"measured"}
    simulated = [row for row in more if row["evidence"] == "simulated"]
    assert len(more) == len(rows) + len(simulated)
    assert {row["name"] for row in simulated} == {"wait_ns", "wait_p90_ns"}
    assert {row["position"] for row in simulated} == {""}


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00binary", b"PASS\nok\n", b'{"format": 99}\n'])
def test_a_file_without_benchmarks_is_refused(tmp_path: Path, content: bytes) -> None:
    """In a sentence that says what writes such lines."""
    file = tmp_path / "x"
    file.write_bytes(content)

    with pytest.raises(StoreError, match="no line of the Go benchmark format") as refused:
        read_sheet(str(file))
    assert "go test -bench" in (refused.value.hint or "")


def test_a_folder_of_files_is_a_sheet_and_a_run_is_none(tmp_path: Path) -> None:
    """Each file's end is a process's."""
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.txt").write_text(f"BenchmarkX 1 {number + 1} ns/op\n")
    run = record(tmp_path, Recipe())

    assert read_sheet(str(folder)).processes == 3
    assert (is_sheet(str(folder)), is_sheet(str(run.path)), is_sheet("20261124")) == (True, False, False)
