"""What instruments saw, in words, in a strip of characters and in pictures."""

import re
from pathlib import Path

import pytest

from lab.analysis import Analysis, analyse
from lab.model.instrument import DUMP, SCHED
from lab.model.looked import Dumps, Looked
from lab.publish import run_result
from lab.report.course import looked_view
from lab.report.looked import disturbance_line, dumps_lines, looked_lines
from lab.report.sparkline import sparkline
from lab.reported import report
from lab.store import RunFolder
from tests.recorded import Recipe, record


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run of one cell, plain and with each instrument."""
    return record(
        tmp_path_factory.mktemp("runs"), Recipe(replicates=4, only=("s1",), instruments=(SCHED, DUMP))
    )


@pytest.fixture(scope="module")
def found(folder: RunFolder) -> Analysis:
    """The run, analysed."""
    return analyse(folder)


def test_a_state_lasts_and_a_moment_does_not() -> None:
    """Columns are time from the beginning to the end, bars are from 0 up."""
    assert sparkline([0, 50], [1, 2], 100, is_state=True, width=4) == "▅▅██"
    assert sparkline([0, 50], [1, 2], 100, is_state=False, width=4) == "▅ █ "
    assert sparkline([25, 26, 100], [1, 8, 0], 100, is_state=True, width=4) == " ██▁"
    assert sparkline([], [], 0, is_state=True, width=3) == "   "
    assert sparkline([0], [0], 9, is_state=True, width=2) == "▁▁"


def test_a_terminal_is_told_what_it_was_like_and_what_that_cost(found: Analysis) -> None:
    """A strip for each series with its ends, the groups of the dumps, the ratios; plain cells have none of it."""
    lines = [line.strip() for line in looked_lines(found.cells)]

    assert re.fullmatch(r"s1-with_sched: replicate \d+, 4 samples in 1\.00 ms \(ended in exit\)", lines[0])
    assert re.fullmatch(r"idle Ps +     █+▁+▅+ 0 … 2", lines[1])
    assert lines[8].startswith("runnable before it ran, 99 %")
    assert lines[8].endswith("512 ns … 4.10 µs")
    assert lines[9] == (
        "4 lines of schedtrace could not be read, the first: SCHED 0ms: gomaxprocs=2 of another format; the others are used"
    )
    assert re.match(
        r"what it costs, sched over s1 \(90 % interval\): wait_ns \d\.\d\d \[\d\.\d\d … \d\.\d\d\]; ",
        lines[10],
    )
    assert lines[10].endswith("; no ratio of cpu_ns (no process gave a value, so there is no ratio)")
    assert lines[11:14] == [
        "s1-with_dump: 4 of 4 replicates wrote a dump, asked 500 µs after their start (median)",
        "2 goroutines [select (no cases)] in main.wait (main.go:9): in 4 of 4 dumps",
        "1 goroutine [sync.WaitGroup.Wait] in main.main (main.go:20): in 4 of 4 dumps",
    ]
    assert lines[14].startswith("what it costs: nothing before its signal")
    assert len(lines) == 15


def test_who_left_no_dump_is_told() -> None:
    """Those that had ended, those that were asked in vain, dumps that are not whole, groups that are not shown."""
    dumps = Dumps(
        replicates=5,
        dumped=2,
        whole=1,
        early=1,
        mute=2,
        asked_ns=None,
        files=("dumps/1.txt", "dumps/2.txt"),
        groups=(),
        more_groups=3,
        unread=1,
        first_unread="what",
    )

    assert list(dumps_lines(dumps, most=9)) == [
        "1 replicate had ended before",
        "2 replicates asked, and wrote none: ended before the runtime answered, or catches the signal",
        "1 dump is not kept whole, and not counted",
        "and 3 groups more",
        "1 line of a dump not understood, the first: what",
    ]


def test_an_instrument_that_saw_nothing_says_so() -> None:
    """Also on the page."""
    nothing = Looked(instrument=SCHED, plain="", undisturbed="why")

    assert disturbance_line(nothing) == "what it costs: why"
    assert looked_view("a", nothing).title == "No replicate wrote a line of its instrument"


def test_the_page_has_small_pictures_with_words(folder: RunFolder, found: Analysis) -> None:
    """The same bytes each time; a title and a content for each picture; what it cost as a table."""
    page = report(folder, found)

    assert page == report(folder, found)
    cell = page[page.index("What it was like: replicate") : page.index("What its dumps say")]
    pictures = re.findall(r"<svg .*?</svg>", cell, re.DOTALL)
    words = [
        re.search(
            r"<title>(.*?) of s1-with_sched over the time of one process</title><desc>(.*?)</desc>", each
        )
        for each in pictures[:5]
    ]
    assert [each and each[1] for each in words] == [
        "idle Ps",
        "threads and threads that look for work",
        "global queue and Ps&#x27; own queues",
        "goroutines",
        "runnable before it ran, 99 % and runnable before it ran, median",
    ]
    assert next(each and each[2] for each in words) == "idle Ps: 0 … 2, 3 samples"
    assert '<table class="costs">' in cell
    assert "wait_ns" in cell
    assert 'd="M' in pictures[0]


def test_hostile_words_of_a_dump_are_text(tmp_path: Path) -> None:
    """Whatever a program calls its functions, or writes where an instrument's line would be."""
    run = record(tmp_path, Recipe(replicates=1, only=("s1",), instruments=(SCHED, DUMP)))
    text = run.dump(next(each for each in run.records() if each.dump is not None))
    text.write_text(text.read_text().replace("main.wait", "main.<script>alert(1)</script>"))

    page = report(run, analyse(run))
    assert "<script>alert" not in page
    assert "main.&lt;script&gt;alert(1)" in page


def test_json_has_series_groups_and_costs(found: Analysis) -> None:
    """In the published form; a plain cell has null."""
    plain, sched, dump = run_result(found).cells

    assert plain.looked is None
    assert sched.looked is not None
    assert sched.looked.course is not None
    assert sched.looked.course.series["idleprocs"].values == [2, 0, 1]
    assert sched.looked.unread == {"schedtrace": 4}
    assert sched.looked.disturbance["wait_ns"].n_with == 4
    assert sched.looked.disturbance["cpu_ns"].why == "no process gave a value, so there is no ratio"
    assert dump.looked is not None
    assert dump.looked.dumps is not None
    assert [group.dumps for group in dump.looked.dumps.groups] == [4, 4]
    assert dump.looked.undisturbed is not None
