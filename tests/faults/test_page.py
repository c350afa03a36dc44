"""docs/guarantees.md is what its record gives, byte for byte; and the tests that it names are there."""

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.faults import page
from tests.faults.fault import Fault
from tests.faults.points import PHASES
from tests.faults.recorded import FORMAT

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


_LINE = {
    "fault": "SIGTERM",
    "engine": "host",
    "scenario": "one",
    "phase": "record",
    "point": 3,
    "asked_phase": "record",
    "asked_point": None,
    "phases": 5,
    "points": 9,
    "before": 4,
    "replicates": 6,
    "again": 0,
    "patience": 10.0,
    "wrong": [],
}


def _page(*lines: Mapping[str, Any], **head: Any) -> str:
    return page.written("\n".join(map(json.dumps, [{"format": FORMAT, "golab": "0", **head}, *lines])))


def test_a_promise_that_was_not_kept_is_told() -> None:
    """In the table, and in words."""
    text = _page(_LINE, {**_LINE, "wrong": ["a replicate\nis missing"]})

    assert "| SIGTERM | 2 | 1 | 8 | 0 | 1 | 1 |" in text
    assert "* SIGTERM, one on host, phase record (point 3): a replicate is missing" in text


def test_what_was_done_again_counts_once() -> None:
    """As it was the last time."""
    text = _page({**_LINE, "wrong": ["a replicate is missing"]}, _LINE)

    assert "| SIGTERM | 1 | 1 | 4 | 0 | 1 | 0 |" in text
    assert "a replicate is missing" not in text


def test_how_far_a_scenario_was_covered_is_counted() -> None:
    """Phases that were hit of those of its runs, and points at which golab was killed; of an earlier record nobody knows how many phases there were."""
    killed = {**_LINE, "fault": Fault.KILL.value}
    at_every = [{**killed, "point": point, "asked_point": point} for point in (1, 2, 2)]
    moved = {**killed, "fault": Fault.POWER.value, "phase": "end", "point": 7}
    early = [{**_LINE, "engine": "fake", "phase": phase, "phases": 1} for phase in ("start", "lock")]
    text = _page(*at_every, moved, *early, {**_LINE, "engine": "docker", "phases": None}, made_in=1)

    assert "| one | host | 2 of 5 | 2 of 9 | 1 of 9 | 4 | 4 | 0 |" in text
    assert "| one | docker | 1 of ? | 0 of 9 | 0 of 9 | 1 | 1 | 0 |" in text
    assert "| one | fake | 2 of 2 | " in text
    assert "\n3 of 7 faults hit another phase or point than was asked for" in text
    assert "Made with golab 0.\nIt was made with an earlier tool (format 1): " in text


def test_what_no_fault_did_is_told() -> None:
    """Faults and phases that a record does not have, and how long its runs are."""
    text = _page(_LINE)
    everywhere = _page(
        *({**_LINE, "fault": fault.value, "phase": phase} for fault in Fault for phase in PHASES)
    )

    assert "the longest here has 6 replicates" in text
    assert "* Not in this record at all: kill -9 of golab; " in text
    assert "* Phases that nothing here has hit: engine, lock, " in text
    assert "Not in this record" not in everywhere
    assert "that nothing here has hit" not in everywhere
