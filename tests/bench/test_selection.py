"""From what a user types to cells, or to a sentence that says what would be right."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from lab import catalogue, manifest
from lab.bench import command
from lab.bench.selection import Request, mistakes, refuse_beyond, select, touched_bytes
from lab.errors import EnvironmentRefusedError, LabError, UnknownNameError, UsageError
from lab.model.building import BuildPart
from lab.model.matrix import Selector, unattached
from lab.model.scenario import Scenario


@pytest.fixture
def scenario(lab_root: Path) -> Scenario:
    """The lab's own mmap-large."""
    return manifest.load(catalogue.find(lab_root, lab_root).manifest("mmap-large"))


def test_lists_make_a_product_and_the_rest_stays_at_its_default(scenario: Scenario) -> None:
    """Sizes are open: any number of bytes is a level."""
    cells = select(scenario, Request(lists={"size": ["1MiB", "64MiB"], "gomaxprocs": ["auto", "3"]}))

    assert [cell.id for cell in cells] == ["touch-1MiB", "touch-1MiB-p3", "touch", "touch-p3"]


@pytest.mark.parametrize(
    ("request_", "kind", "message", "hint"),
    [
        (
            Request(lists={"sise": ["1"]}),
            UnknownNameError,
            "no factor of mmap-large is called 'sise'",
            "did you mean size?",
        ),
        (
            Request(lists={"thp": ["madvice"]}),
            UnknownNameError,
            "no level of thp is called 'madvice'",
            "did you mean madvise?",
        ),
        (
            Request(lists={"go": ["1.99.0"]}),
            UsageError,
            "mmap-large names no Go release '1.99.0'",
            "it names: 1.27.3, 1.24.11, 1.22.10; golab can fetch 1.21.13, 1.22.10",
        ),
        (
            Request(lists={"go": ["1.23"]}),
            UsageError,
            "mmap-large names no Go release '1.23'",
            "for Go 1.23.9 add it to releases in the scenario's manifest",
        ),
        (
            Request(lists={"size": ["big"]}),
            UsageError,
            "size: 'big' is not a number and a unit such as 64MiB",
            None,
        ),
        (Request(lists={"gomaxprocs": ["0"]}), UsageError, "gomaxprocs goes from 1 to 1024, not 0", None),
        (
            Request(selector=Selector(only=("nothing*",))),
            UsageError,
            "leave none of the 15 cells",
            "cells: reserve, touch",
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_would_be_right(
    scenario: Scenario, request_: Request, kind: type[LabError], message: str, hint: str | None
) -> None:
    """Unknown names come with their nearest neighbours."""
    with pytest.raises(kind) as caught:
        select(scenario, request_)

    assert message in str(caught.value)
    assert hint is None or hint in (caught.value.hint or "")


def test_all_that_is_wrong_is_found_with_its_key(scenario: Scenario) -> None:
    """Of each list each level; the cells as a whole only where their levels are known."""
    request = Request(
        lists={"sise": ["1"], "thp": ["madvice", "never", "x"]}, selector=Selector(only=("nothing*",))
    )
    contradicting = Request(lists={"madvdontneed": ["0"], "godebug": ["madvdontneed=1"]})

    assert [(each.key, str(each.error)) for each in mistakes(scenario, request)] == [
        ("sise", "no factor of mmap-large is called 'sise'"),
        ("thp", "no level of thp is called 'madvice'"),
        ("thp", "no level of thp is called 'x'"),
    ]
    assert [each.key for each in mistakes(scenario, replace(request, lists={}))] == ["only"]
    assert [each.key for each in mistakes(scenario, contradicting)] == [""]
    assert mistakes(scenario, Request()) == ()


def test_a_release_without_its_patch_is_the_newest_that_the_manifest_names(scenario: Scenario) -> None:
    """1.24 is what a go.mod has, and what one says; the cell and its record have the whole of it."""
    cells = select(scenario, Request(lists={"go": ["1.24", "1.27.3"]}))

    assert [str(cell.levels["go"].value) for cell in cells] == ["1.24.11", "1.27.3"]


def test_touching_more_than_there_is_is_refused_with_the_numbers(scenario: Scenario) -> None:
    """Two regions of the size are mapped at once, beside what the program itself needs."""
    cells = select(scenario, Request(lists={"size": ["8GiB"]}))

    with pytest.raises(EnvironmentRefusedError) as caught:
        refuse_beyond(4 << 30, scenario, cells)

    assert str(caught.value) == (
        "cell touch-8GiB touches 16.0 GiB and needs 16.2 GiB in all; 4.00 GiB are available"
    )


def test_a_reservation_is_never_refused(scenario: Scenario) -> None:
    """Address space is not memory."""
    cells = select(scenario, Request(lists={"mode": ["reserve"], "size": ["64TiB"]}))

    refuse_beyond(1 << 20, scenario, cells)

    assert touched_bytes(scenario, cells[0]) == 0


def test_levels_reach_the_program_as_flags_and_environment(scenario: Scenario) -> None:
    """Bytes go as whole numbers; an unset variable is not there at all."""
    cell = select(
        scenario,
        Request(lists={"mode": ["heap"], "size": ["1MiB"], "madvdontneed": ["0"], "gomaxprocs": ["2"]}),
    )[0]
    plain = select(scenario, Request())[0]

    assert command.flags(scenario, cell) == ("-mode=heap", "-size=1048576", "-thp=never", "-hugetlb=none")
    assert {"GODEBUG=madvdontneed=0", "GOMAXPROCS=2"} <= set(command.environment(scenario, cell))
    assert not [entry for entry in command.environment(scenario, plain) if entry.startswith(("GO", "LAB"))]
    assert command.by_hand(scenario, cell) == "GODEBUG=madvdontneed=0 GOMAXPROCS=2 go run ."


def test_what_to_type_is_as_the_cell_is_built(scenario: Scenario) -> None:
    """By another compiler, with flags for the linker, with C; what cannot be typed is said."""
    cell = select(scenario, Request())[0]

    def typed(**said: object) -> str:
        return command.by_hand(replace(scenario, builds=(BuildPart(said=said),)), cell)

    assert typed(language="c++") == "g++ -std=c++17 -O2 -pthread $(find . -name '*.cc') && ./a.out"
    assert typed(ldflags="-s -w") == "go run -ldflags='-s -w' ."
    assert typed(cgo=True) == "CGO_ENABLED=1 go run ."
    assert typed(overlay="stamps") == "go run . (without the overlay stamps)"


_BOTH = {"with": ["sched", "dump"]}


def _ids(scenario: Scenario, lists: Mapping[str, list[str]], *, only: str = "", skip: str = "") -> list[str]:
    selector = Selector(only=(only,) if only else (), skip=(skip,) if skip else ())
    return [cell.id for cell in select(scenario, Request(lists=lists, selector=selector))]


def test_instruments_look_at_each_chosen_cell(scenario: Scenario) -> None:
    """Beside it, which stays plain; the list of instruments chooses no cells itself, and the quiet level adds nothing."""
    assert _ids(scenario, {"size": ["1MiB"], "with": ["sched", "dump", "plain"]}) == [
        "touch-1MiB",
        "touch-1MiB-with_sched",
        "touch-1MiB-with_dump",
    ]
    assert len(_ids(scenario, _BOTH)) == 3 * len(_ids(scenario, {}))


def test_a_pattern_for_a_plain_cell_is_one_for_its_instruments(scenario: Scenario) -> None:
    """One that names an instrument is for that alone."""
    assert _ids(scenario, _BOTH, only="touch") == ["touch", "touch-with_sched", "touch-with_dump"]
    assert _ids(scenario, _BOTH, only="touch", skip="*with_dump") == ["touch", "touch-with_sched"]
    assert _ids(scenario, _BOTH, only="touch-with_sched") == ["touch-with_sched"]
    assert "touch-with_sched" not in _ids(scenario, _BOTH, skip="touch")


def test_what_an_instrument_cannot_look_at_it_does_not(lab_root: Path) -> None:
    """The cell stays plain, and why is said; where it can look at none, that is a mistake."""
    lab = catalogue.find(lab_root, lab_root)
    once, builds, starts = (
        manifest.load(lab.manifest(name)) for name in ("once-deadlock", "hello-static", "runtime-init")
    )

    cells = select(once, Request(lists={"with": ["sched"]}))
    assert not [cell.id for cell in cells if cell.id.startswith("cpp") and cell.text("with") != "plain"]
    assert list(unattached(once, cells)) == [
        (
            "not with sched: cpp_nested, cpp_reentrant, cpp_crossed, cpp_mutex, cpp_two_mutexes, cpp_recursive_mutex:"
            " a program in C++ has no Go runtime to look at"
        )
    ]
    assert list(unattached(starts, select(starts, Request(lists={"with": ["sched", "dump"]})))) == [
        (
            "not with sched: http-godebug_inittrace=1:"
            " GODEBUG's inittrace and schedtrace print into the middle of each other's lines"
        )
    ]
    with pytest.raises(
        UsageError, match="hello-static has no cell that dump could look at: its replicates are builds"
    ):
        select(builds, Request(lists={"with": ["dump"]}))
    with pytest.raises(UnknownNameError, match="no level of with is called 'shed'"):
        select(once, Request(lists={"with": ["shed"]}))


def test_an_instruments_settings_join_those_of_its_cell(scenario: Scenario) -> None:
    """GODEBUG is a list; two levels of schedtrace contradict each other."""
    lists = {"mode": ["heap"], "madvdontneed": ["0"], "with": ["sched"]}
    plain, looked = select(scenario, Request(lists=lists))

    assert "GODEBUG=schedtrace=10,madvdontneed=0" in command.environment(scenario, looked)
    assert "GODEBUG=madvdontneed=0" in command.environment(scenario, plain)
    assert command.by_hand(scenario, looked).endswith(" go run . (without the overlay sched)")
    assert scenario.building(looked.levels).attached == "sched"
    assert scenario.building(plain.levels).attached == ""
    with pytest.raises(UsageError, match="sets GODEBUG=schedtrace=10 and GODEBUG=schedtrace=7"):
        select(scenario, Request(lists={"godebug": ["schedtrace=7"], "with": ["sched"]}))
