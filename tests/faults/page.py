"""docs/guarantees.md: what golab promises, how each promise is tested, and what the record of the faults says; the same record, the same bytes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.faults import recorded
from tests.faults.fault import Fault
from tests.faults.points import PHASES
from tests.faults.recorded import Line


@dataclass(frozen=True)
class Promise:
    """What a user can rely on, and the tests (``file::name``, below tests/) that would fail if it were broken."""

    text: str
    tests: tuple[str, ...]


PROMISES: Final = (
    Promise(
        "What was measured is in the record, whoever is killed, at whatever moment: golab, an agent, the engine. Only what needs somebody or something held beside it is measured again.",
        (
            "faults/test_faults.py::test_every_promise_is_kept_on_the_fake_engine",
            "faults/test_faults.py::test_every_promise_is_kept_on_the_host",
            "faults/test_engine.py::test_every_promise_is_kept_on_an_engine_that_is_killed",
            "faults/test_faults.py::test_cleaning_up_takes_nothing_that_a_run_needs",
            "test_recovery.py::test_what_was_measured_outlives_the_lab",
            "test_recovery.py::test_of_cells_for_which_something_was_held_nothing_is_brought_over",
            "docker/test_dying.py::test_what_was_measured_outlives_its_engine",
            "bench/test_execute.py::test_half_a_line_in_what_was_kept_costs_nobody_but_who_left_it",
        ),
    ),
    Promise(
        "`golab resume` finishes the run: nothing is counted twice, nothing is missing, and the analysis is that of a run to which nothing happened.",
        (
            "faults/test_faults.py::test_every_promise_is_kept_on_the_fake_engine",
            "faults/test_faults.py::test_who_goes_on_may_be_hit_as_well",
            "faults/test_checker.py::test_what_is_missing_or_twice_is_found",
            "test_resuming.py::test_a_cell_that_could_run_and_cannot_for_a_while_is_not_given_up",
        ),
    ),
    Promise(
        "It goes on under what the run was begun under, or refuses with each difference: manifest, program, neighbour, machine, CPUs, engine.",
        (
            "test_unchanged.py::test_an_engine_elsewhere_or_set_up_otherwise_is_refused_with_each_difference",
            "test_unchanged.py::test_other_cpus_than_it_was_begun_on_are_refused",
            "faults/test_faults.py::test_who_goes_on_puts_back_first_what_a_killed_one_had_switched",
            "test_unchanged.py::test_another_neighbour_is_refused_with_the_difference",
            "test_resuming.py::test_another_machine_is_refused_with_what_differs",
            "test_resume_run.py::test_a_program_that_changed_is_refused_with_the_difference",
        ),
    ),
    Promise(
        "A line that was changed, is missing or is another run's is told, and so is a plan, a prediction or a calibration that was changed after the run was planned.",
        (
            "test_lines.py::test_every_byte_that_is_changed_is_found",
            "test_lines.py::test_lines_of_a_run_with_the_same_cells_in_the_same_order_are_anothers",
            "test_lines.py::test_a_record_that_was_cut_off_behind_a_line_is_told_from_one_that_ended_there",
            "test_store.py::test_what_was_decided_is_not_changed_afterwards",
        ),
    ),
    Promise(
        "A run's folder is there as a whole, with its plan, or not at all; a half-made one is removed.",
        ("faults/test_faults.py::test_every_promise_is_kept_on_the_fake_engine",),
    ),
    Promise(
        "A full disk, and results that become read-only, end a run with a sentence; when there is room again it can be gone on with.",
        ("faults/test_faults.py::test_every_promise_is_kept_on_the_host",),
    ),
    Promise(
        "Ctrl-C, SIGTERM and a closed terminal end the run in order: the replicate is stopped, the record kept, everything cleaned up, exit 130. A second one ends it now.",
        (
            "test_run.py::test_an_interruption_keeps_the_record_and_leaves_nothing",
            "faults/test_faults.py::test_a_terminal_that_is_closed_is_a_ctrl_c",
            "cli/test_streams.py::test_who_prints_outlives_a_terminal",
            "host/test_interruption.py::test_once_is_a_wish_and_twice_an_order",
            "host/test_interruption.py::test_elsewhere_a_signal_is_a_ctrl_c",
        ),
    ),
    Promise(
        "Under `nohup` a closed terminal is nothing.",
        ("host/test_interruption.py::test_under_nohup_a_closed_terminal_is_nothing",),
    ),
    Promise(
        "An agent that hears nothing from golab for 10 s ends, with all that it started. Where golab stood still for that long the replicate is run again by the same run.",
        (
            "bench/test_neighbour.py::test_one_that_the_lab_left_alone_is_had_again_and_is_not_to_blame",
            "bench/test_execute.py::test_where_what_is_held_went_while_the_lab_stood_still_its_turns_come_again",
            "golang_side/test_agent_process.py::test_without_a_beat_the_agent_ends_with_all_that_it_started",
            "faults/test_faults.py::test_every_promise_is_kept_on_the_host",
        ),
    ),
    Promise(
        "A wall clock that jumps decides nothing while a run measures.",
        ("faults/test_faults.py::test_every_promise_is_kept_on_the_fake_engine",),
    ),
    Promise(
        "What a killed golab left (containers, volumes, images of its own, mounts, settings, folders, processes) is found by its owner"
        " and removed at the next start (of what is in engines, in the one that this uses) and by `golab clean`; `--dry-run` lists it. What cannot be removed, or may be another machine's, is told by its name.",
        (
            "faults/test_faults.py::test_every_promise_is_kept_on_the_host",
            "host/test_scratch.py::test_only_what_a_dead_golab_left_is_found",
            "host/test_scratch.py::test_who_was_started_there_is_ended_and_who_only_looks_is_not",
            "host/test_journal.py::test_a_setting_comes_back_after_a_kill_at_every_step",
            "host/test_journal.py::test_mounts_are_gone_after_a_kill_at_every_step",
            "host/test_scratch.py::test_what_is_mounted_there_is_unmounted_and_not_removed",
            "cli/test_words.py::test_clean_says_beforehand_what_it_would_remove",
            "golang_side/test_agent_process.py::test_an_agent_that_stands_still_does_not_outlive_the_next_start",
            "docker/test_sweeping.py::test_an_image_of_a_killed_run_is_swept_and_a_living_ones_is_not",
            "docker/test_sweeping.py::test_what_cannot_be_removed_bars_neither_a_start_nor_a_clean",
            "docker/test_sweeping.py::test_what_was_left_in_an_engine_that_is_no_more_the_first_choice_is_found",
            "docker/test_daemon.py::test_clean_ends_what_a_killed_engine_has_left_and_keeps_what_it_has",
        ),
    ),
    Promise(
        "Nothing that a living golab owns is ever removed, nor what another machine made.",
        (
            "docker/test_agent.py::test_sweeping_takes_the_dead_and_leaves_the_living",
            "docker/test_sweeping.py::test_an_image_of_a_killed_run_is_swept_and_a_living_ones_is_not",
            "cli/test_words.py::test_a_cache_is_not_removed_while_a_golab_measures",
            "engine/test_daemon.py::test_an_engine_that_a_golab_uses_is_not_ended",
            "engine/test_daemon.py::test_an_engine_that_gives_no_answer_is_ended_only_where_nobody_uses_it",
            "host/test_owner.py::test_another_host_cannot_be_judged",
            "host/test_scratch.py::test_only_what_a_dead_golab_left_is_found",
            "host/test_journal.py::test_what_the_living_changed_is_theirs",
        ),
    ),
)

_HEAD: Final = """\
# What golab promises, and how that is tested

Written by `python -m tests.faults page tests/faults/record.jsonl` from the record of the faults; not to be edited by hand.

## Promises

| promise | tests that would fail |
|---|---|
"""
_FORMATS: Final = ("format", "made_in")
_IN_FORMAT_1: Final = "It was made with an earlier tool (format 1): a loss of power cut files and took no names, nobody looked whether dumps were there, and how many phases runs on a real engine have is not known."
_METHOD: Final = """
## Faults that were done to it

Each line of the record is one run of golab in a folder of its own to which one thing happened, at one *point*: Python tells an audit hook of whatever a
process is about to do to the world (a file made, renamed, removed, synced; a process started; a request to the engine, an order to an agent), and the n-th of
these is the point. Where the run was by then is its phase. What the process cannot do to itself (fill a disk, kill its engine) is done while it stands still at that point. Then the fault is made good, `golab resume`
finishes what is there, `golab clean` runs, and it is checked that

* golab ended with a sentence and one of its own exit codes, or by the signal;
* every byte that an fsync had brought to the disk is there, and every replicate that an agent had answered for is in the record as it was measured, with its dump if it left one (but for those with a neighbour or a switched machine, of which more was to be found out);
* no position of the plan is there twice, or not at all, and the analysis is that of the same records, in the order in which they were measured, in a run to which nothing happened (on the fake engine, whose
  replicates are always the same: the records are those of that run, too), and it tells of no damage;
* nothing of what another golab owns that lives is gone (a folder, a half-made record, an entry of the journal, a volume), and nothing is there that was not there before: processes, mounts, loop devices, cgroups, containers, volumes, images of a run's own, temporary files and folders, entries of the journal, half-made
  records and files of records; with `--tune-host`, the machine's settings.

*What was not synced is lost* means: of the results, each file is as long as it was at its last fsync, and what no fsync of its folder has brought there by name is gone, or has the name that it had before.

*fake* is an engine without processes, for breadth; *host* and *docker* run real programs, the latter on a private engine of the test's own. *misbehave* is a scenario of the tests' own, whose programs end badly.
*(cold builds)* have no binaries to begin with, *(calibrating)* measures primitives first. *(resume)*: a run was killed and its record damaged, and the fault hit the golab that went on with it; another one went on after that.
*(clean)*: `golab clean` came before `golab resume`, and was to leave nothing but what the record still needs.

`nox -s faults -- FILE` does them all, and goes on where it was stopped; a fault that broke a promise is done again, and its last run counts. How far that came is what the last table says: in how many of a run's phases anything happened, and at how many of its points golab
was killed. A scenario that is not in it was not tried. The journal of host settings has tests of its own, with a kill at every step (`tests/host/test_journal.py`).
"""


def written(record: str) -> str:
    """The page of a record's text, whose first line says what it was made with. RecordError where that is none."""
    head, all_lines = recorded.parsed(record, "the record")
    lines = recorded.counted(all_lines)
    parts = [
        _HEAD.rstrip("\n"),
        *_promises(),
        _METHOD,
        *_made_with(head, lines),
        "",
        *_by_fault(lines),
        "",
        *_by_scenario(lines),
        "",
        *_lost(lines),
        "",
        *_never_done(lines),
    ]
    return "\n".join(parts) + "\n"


def _promises() -> Iterator[str]:
    for promise in PROMISES:
        yield f"| {promise.text} | {', '.join(f'`{test}`' for test in promise.tests)} |"


def _made_with(head: Line, lines: Sequence[Line]) -> Iterator[str]:
    facts = ", ".join(f"{name} {value}" for name, value in head.items() if name not in _FORMATS)
    yield f"Made with {facts}."
    if "made_in" in head:
        yield _IN_FORMAT_1
    stops = [line["patience"] for line in lines if line["fault"] == Fault.STOP.value]
    told = ", ".join(f"{seconds:g} s in {stops.count(seconds)}" for seconds in sorted({*stops}, reverse=True))
    if stops:
        yield f"An agent's patience is 10 s; of the {len(stops)} runs that were stopped for longer than their agents wait, it was {told}."
    if moved := sum(map(_is_elsewhere, lines)):
        yield f"{moved} of {len(lines)} faults hit another phase or point than was asked for, because no two runs on a real engine do exactly the same; the tables have what was hit."


def _is_elsewhere(line: Line) -> bool:
    return line["asked_phase"] != line["phase"] or line["asked_point"] not in (None, line["point"])


def _by_fault(lines: Sequence[Line]) -> Iterator[str]:
    engines = list(dict.fromkeys(line["engine"] for line in lines))
    yield f"| fault | {' | '.join(engines)} | phases | replicates safe before | run again | survived | not |"
    yield f"|---|{'---|' * (len(engines) + 5)}"
    for fault in Fault:
        found = [line for line in lines if line["fault"] == fault.value]
        if found:
            yield _row(fault.value, found, engines)
    yield _row("**all**", lines, engines)


def _row(name: str, found: Sequence[Line], engines: Sequence[str]) -> str:
    ill = sum(bool(line["wrong"]) for line in found)
    counts = [sum(line["engine"] == engine for line in found) for engine in engines]
    numbers = [
        *counts,
        len(_hit(found, "phase")),
        sum(line["before"] for line in found),
        sum(line["again"] for line in found),
        len(found) - ill,
        ill,
    ]
    return f"| {name} | {' | '.join(map(str, numbers))} |"


def _by_scenario(lines: Sequence[Line]) -> Iterator[str]:
    yield "| scenario | engine | phases of a run | killed at points | and what was not synced lost, at | faults | survived | not |"
    yield "|---|---|---|---|---|---|---|---|"
    for scenario, engine in sorted({(line["scenario"], line["engine"]) for line in lines}):
        found = [line for line in lines if (line["scenario"], line["engine"]) == (scenario, engine)]
        ill = sum(bool(line["wrong"]) for line in found)
        points = max(line["points"] for line in found)
        killed, powerless = (
            [line for line in found if line["fault"] == fault.value] for fault in (Fault.KILL, Fault.POWER)
        )
        hit, known = len(_hit(found, "phase")), max(line["phases"] or 0 for line in found)
        numbers = [
            _of(hit, known and max(known, hit)),  # on a terminal a run has one before the others
            _of(len(_hit(killed, "point")), points),
            _of(len(_hit(powerless, "point")), points),
            len(found),
            len(found) - ill,
            ill,
        ]
        yield f"| {scenario} | {engine} | {' | '.join(map(str, numbers))} |"


def _hit(lines: Sequence[Line], what: str) -> set[Any]:
    return {line[what] for line in lines}


def _of(some: int, all_of_them: int) -> str:
    """A part of a whole whose size an earlier record may not know."""
    return f"{some} of {all_of_them or '?'}"


def _lost(lines: Sequence[Line]) -> Iterator[str]:
    yield "## What was lost"
    yield ""
    found = [line for line in lines if line["wrong"]]
    if not found:
        yield f"Nothing: {sum(line['before'] for line in lines)} replicates were safe when {len(lines)} faults came, and all of them are in the records in the end."
    for line in found:
        first = " ".join(line["wrong"][0].split())
        yield f"* {line['fault']}, {line['scenario']} on {line['engine']}, phase {line['phase']} (point {line['point']}): {first}"


def _never_done(lines: Sequence[Line]) -> Iterator[str]:
    """What nobody can conclude from the tables: what the tool cannot do, and what of it this record does not have."""
    yield "## What no fault did"
    yield ""
    most = max((line["replicates"] for line in lines), default=0)
    yield "* The wall clock jumps back, never forth, and golab's own alone: those of agents, engine and machine go on."
    yield "* Of what is lost with the power, nothing that was removed comes back, and a file that was replaced is the new one; caches lose nothing. Agents and engines are killed, and never lose power."
    yield f"* No run is long: the longest here has {most} replicates. So captures never reach the 1 MiB from which on they are emptied while a run goes on, and as each run is told how many replicates it has, none ends because it is precise enough."
    yield "* Nothing happens twice to a golab, and but for *(resume)* nothing to whoever goes on, reports or cleans up."
    if missing := [fault.value for fault in Fault if fault.value not in _hit(lines, "fault")]:
        yield f"* Not in this record at all: {'; '.join(missing)}."
    if missing := [phase for phase in PHASES if phase not in _hit(lines, "phase")]:
        yield f"* Phases that nothing here has hit: {', '.join(missing)}."
