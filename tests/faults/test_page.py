"""docs/guarantees.md is what its record gives, byte for byte; and the tests that it names are there."""

import ast
import json
from pathlib import Path

import pytest

from tests.faults import page

_TESTS = Path(__file__).parents[1]


def test_the_page_is_what_its_record_gives() -> None:
    """Nobody has edited it by hand."""
    record = (Path(__file__).parent / "record.jsonl").read_text()

    assert (_TESTS.parent / "docs/guarantees.md").read_text() == page.written(record)


@pytest.mark.parametrize("test", sorted({test for promise in page.PROMISES for test in promise.tests}))
def test_what_tests_a_promise_exists(test: str) -> None:
    """By file and by name."""
    file, _, name = test.partition("::")
    found = ast.parse((_TESTS / file).read_text()).body

    assert name in {each.name for each in found if isinstance(each, ast.FunctionDef)}


def test_a_promise_that_was_not_kept_is_told() -> None:
    """In the table, and in words."""
    line = {
        "fault": "SIGTERM",
        "engine": "host",
        "scenario": "one",
        "phase": "record",
        "point": 3,
        "points": 9,
        "before": 4,
        "again": 0,
    }
    lines = [
        {"format": page.FORMAT, "golab": "0"},
        {**line, "wrong": []},
        {**line, "wrong": ["a replicate\nis missing"]},
    ]

    text = page.written("\n".join(map(json.dumps, lines)))

    assert "| SIGTERM | 2 | 1 | 8 | 0 | 1 | 1 |" in text
    assert "* SIGTERM, one on host, phase record (point 3): a replicate is missing" in text
