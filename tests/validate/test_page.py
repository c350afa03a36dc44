"""docs/accuracy.md is what its record gives, byte for byte; and what a page and its picture show of errors."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from lab import validating
from lab.model.accuracy import Accuracy, Errors, Row
from lab.model.outcome import Estimate
from lab.report.accuracy import accuracy_lines
from lab.report.accuracy_page import NONE_YET, PICTURE, RECORD, accuracy_page, accuracy_picture
from lab.validate.accuracy import NOT_EXPLAINED

_ROOT: Final = Path(__file__).parents[2]
_PAGE: Final = _ROOT / "docs/accuracy.md"


def _row(**other: object) -> Row:
    row = Row(
        kept="development",
        program="pool",
        cell="pool-p2",
        metric="wall_ns",
        unit="ns",
        n=20,
        measured=50e6,
        aa=0.01,
        predicted=55e6,
        low=54e6,
        high=56e6,
        error=0.1,
        held=0.9,
        covers=False,
        bimodal=False,
        quiet=True,
        fails=False,
    )
    return replace(row, **other)  # type: ignore[arg-type]


def _accuracy(*rows: Row) -> Accuracy:
    return Accuracy(
        rows=rows,
        sums=(),
        left_out={"no right to set a quota": ("pool-p2-quota_1", "pool-p1-quota_2")},
        not_predicted={},
        not_judged={"a measured value is not positive": ("pool-p2/late_ns",)},
        unexpected={},
        excluded={},
        replicates=40,
    )


def test_the_page_is_what_its_record_gives(tmp_path: Path) -> None:
    """The page names its record; while there is none, it says so."""
    text = _PAGE.read_text()
    (named,) = re.findall(rf"^{RECORD}`?([^`\n]+)`?$", text, re.MULTILINE)
    if named == NONE_YET:
        assert text == accuracy_page(None)
        assert not _PAGE.with_name(PICTURE).exists()
        return

    written = list(validating.write_page(validating.of_record(_ROOT, named, _ROOT / "results"), tmp_path))

    assert [path.read_text() for path in written] == [
        (_PAGE.parent / path.name).read_text() for path in written
    ]


def test_a_page_shows_failures_with_their_reasons_and_what_is_missing() -> None:
    """A row that fails stands twice: among the failures and among all."""
    failing = _row(cell="pool-p8", error=-0.3, fails=True, why=NOT_EXPLAINED)
    found = _accuracy(_row(), failing)

    page = accuracy_page(found, "20261127-validate", [("CPU", "some | other")], ["costs: packaged"])

    assert page == accuracy_page(found, "20261127-validate", [("CPU", "some | other")], ["costs: packaged"])
    assert "Record: `20261127-validate`" in page
    assert "| CPU | some \\| other |" in page
    assert page.count("pool-p8 | wall_ns") == 2
    assert "| -30.0% | not explained yet |" in page
    assert "* left out, no right to set a quota: 2 cells: pool-p2-quota_1, pool-p1-quota_2" in page
    assert "* not judged, a measured value is not positive: 1 row: pool-p2/late_ns" in page
    assert "| pool | development | 2 | 2 | 20.0% | 30.0% | 1 |" in page


def test_a_page_without_failures_says_so() -> None:
    """Nowhere."""
    assert "## Where it fails\n\nNowhere.\n" in accuracy_page(_accuracy(_row()), "a")


def test_a_picture_has_a_dot_for_each_duration() -> None:
    """Filled where the row is quiet; counts have no place on an axis of durations."""
    rows = (_row(), _row(metric="late_ns", quiet=False), _row(metric="turns", unit="count"))

    picture = accuracy_picture(_accuracy(*rows))

    tree = ET.fromstring(picture)  # noqa: S314 - our own
    dots = [each for each in tree.iter() if each.tag.endswith("circle")]
    legend = 2
    assert len(dots) == 2 + legend
    assert [dot.get("fill") for dot in dots[:2]].count("#ffffff") == 1
    assert picture == accuracy_picture(_accuracy(*reversed(rows)))


def test_lines_mark_what_is_noisy_has_two_modes_or_fails() -> None:
    """In the last column; the distance of two distributions has no sign."""
    rows = (
        _row(),
        _row(cell="a", quiet=False),
        _row(cell="b", bimodal=True, fails=True, why="no such queue"),
    )

    lines = list(accuracy_lines(_accuracy(*rows)))

    assert lines[1].split()[-1] == "90%"
    assert lines[2].endswith("noisy")
    assert lines[3].endswith("two modes, FAILS")
    assert "  b wall_ns: +10.0%; no such queue" in lines
    assert "1 row of 3 fails:" in lines


def test_no_reader_takes_the_noisy_rows_share_for_one_of_90_percent() -> None:
    """On the page and in the lines stands whose interval it is that holds their mean."""
    shares = Estimate(value=1.0, low=0.8, high=1.0, confidence=0.95, n=12, method="any")
    sums = Errors(
        kept="development",
        rows=40,
        cells=20,
        quiet=28,
        median=shares,
        p90=shares,
        noisy_covered=shares,
        held=shares,
        folk=shares,
    )
    found = replace(_accuracy(_row()), sums=(sums,))

    (line,) = (each for each in accuracy_lines(found) if each.startswith("  noisier rows"))
    (row,) = (each for each in accuracy_page(found, "a").splitlines() if each.startswith("| noisier rows"))

    for each in (line, row):
        assert "interval for single" in each
        assert "a right model" in each
        assert "100.0% [80.0% … 100.0%]" in each
