"""What is made of the records of cells that an instrument looks at."""

from dataclasses import replace
from pathlib import Path
from statistics import median

import msgspec
import pytest

from lab import reported
from lab.analysis import Analysis, analyse
from lab.exported import benchfmt
from lab.looking import MOST_SAMPLES
from lab.model.dump import Frame
from lab.model.instrument import DUMP, SCHED
from lab.model.looked import Looked, SeenGroup
from lab.model.run import Ending, Output, Record, Termination, Turn
from lab.model.units import Nanos
from lab.store import RunFolder
from tests.recorded import SERIES, STRANGE, Recipe, decide_otherwise, record, rewrite


def _looked(found: Analysis, cell: str) -> Looked:
    looked = next(each for each in found.cells if each.id == cell).looked
    assert looked is not None
    return looked


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run of one cell, plain and with each instrument."""
    return record(tmp_path, Recipe(replicates=6, only=("s1",), instruments=(SCHED, DUMP)))


def test_instrumented_replicates_never_mix_with_plain_ones(folder: RunFolder) -> None:
    """Each cell has its own values; of a dump's the scenario's metrics are none; neither is predicted or judged."""
    cells = {cell.id: cell for cell in analyse(folder).cells}

    plain, sched, dump = (cells[name] for name in ("s1", "s1-with_sched", "s1-with_dump"))
    assert plain.looked is None
    assert [metric.name for metric in plain.metrics] == ["wait_ns", "wait_p90_ns", "grown_bytes"]
    assert plain.metrics[0].prediction is not None
    assert [metric.processes for metric in (*plain.metrics, *sched.metrics)] == [6] * 14
    for cell in (plain, sched):
        own = [each for each in folder.records() if each.turn.cell == cell.id]
        assert cell.metrics[0].values == tuple(median(each.observations["wait_ns"]) for each in own)
    assert all(metric.prediction is None for metric in sched.metrics)
    assert dump.metrics == ()
    assert dump.unexpected == {}


def test_the_first_series_is_shown_with_its_instants(folder: RunFolder) -> None:
    """Schedtrace counts from its first line, beside which the first sample is taken."""
    found = _looked(analyse(folder), "s1-with_sched")

    assert found.course is not None
    lines = {line.name: line for line in found.course.lines}
    assert lines["idleprocs"].at_ns == (100_000, 400_000, 700_000)
    assert lines["idleprocs"].values == SERIES["idleprocs"]
    assert lines["goroutines_sampled"].at_ns == SERIES["sampled_at_ns"]
    assert (lines["wait_p99_ns"].unit, lines["waits"].unit) == ("ns", "count")


def test_a_format_that_nobody_knows_is_told_and_the_rest_is_used(folder: RunFolder) -> None:
    """How many lines in all replicates, and the first of them."""
    found = _looked(analyse(folder), "s1-with_sched")

    assert found.unread == {"schedtrace": 6}
    assert found.first_unread == {"schedtrace": STRANGE.strip()}
    assert found.course is not None


def test_each_kind_of_line_has_its_first_one(folder: RunFolder) -> None:
    """Whichever came first."""
    torn = "METRICS of another format"

    def change(found: Record) -> Record:
        if found.turn.cell != "s1-with_sched":
            return found
        text = f"{torn}\n{STRANGE}"
        return replace(
            found,
            observations={**found.observations, "metrics_unread": (1,)},
            stderr=Output(text=text, total_bytes=len(text)),
        )

    rewrite(folder, change)
    found = _looked(analyse(folder), "s1-with_sched")

    assert found.unread == {"schedtrace": 6, "metrics": 6}
    assert found.first_unread == {"schedtrace": STRANGE.strip(), "metrics": torn}


def test_the_course_is_that_of_a_replicate_that_behaved(folder: RunFolder) -> None:
    """What the lab or the machine broke shows nothing of the program."""
    turn = next(each.turn for each in folder.records() if each.turn.cell == "s1-with_sched")

    def change(found: Record) -> Record:
        broken = found.turn == turn
        return replace(found, termination=Termination(ending=Ending.INFRA_FAILED)) if broken else found

    rewrite(folder, change)
    course = _looked(analyse(folder), "s1-with_sched").course

    assert course is not None
    assert course.ending == "exit"
    assert course.position != turn.position


def test_what_it_costs_is_a_ratio_with_its_interval(folder: RunFolder) -> None:
    """Of each metric that both cells have, and of what the kernel accounts for; where there is none it says why."""
    found = _looked(analyse(folder), "s1-with_sched")

    assert found.plain == "s1"
    ratios = {each.metric: each for each in found.disturbances}
    assert list(ratios) == ["wait_ns", "wait_p90_ns", "grown_bytes", "wall_ns", "cpu_ns"]
    wait = ratios["wait_ns"].ratio
    assert wait is not None
    assert wait.low is not None
    assert wait.high is not None
    assert wait.low < 1 < wait.high
    assert (ratios["wait_ns"].n_with, ratios["wait_ns"].n_plain) == (6, 6)
    assert ratios["cpu_ns"].ratio is None
    assert ratios["cpu_ns"].why == "no process gave a value, so there is no ratio"


def test_a_life_that_its_limit_ended_is_no_value(folder: RunFolder) -> None:
    """Of it only is known that it is longer: then there is no ratio of lives; one that ended otherwise is one."""

    def ended(ending: Ending) -> None:
        def change(found: Record) -> Record:
            late = found.turn == turn
            return replace(found, termination=Termination(ending=ending)) if late else found

        rewrite(folder, change)

    turn = next(each.turn for each in folder.records() if each.turn.cell == "s1-with_sched")
    ended(Ending.TIMEOUT)
    late = {each.metric: each for each in _looked(analyse(folder), "s1-with_sched").disturbances}
    ended(Ending.DEADLOCK)
    dead = {each.metric: each for each in _looked(analyse(folder), "s1-with_sched").disturbances}

    assert (late["wall_ns"].ratio, late["cpu_ns"].ratio) == (None, None)
    assert late["wall_ns"].why == "1 of their replicates timed out: what those would have taken is not known"
    assert dead["wall_ns"].ratio is not None
    assert dead["wall_ns"].n_with == 6


def test_what_it_costs_in_the_tail_is_not_what_it_costs_in_the_middle(tmp_path: Path) -> None:
    """Of what happens once in a process's life, where the slowest fifth of the processes takes twice as long with the instrument."""
    folder = record(
        tmp_path, Recipe(replicates=60, repetitions=1, only=("s1",), instruments=(SCHED,), predicted=False)
    )

    def slowed(found: Record) -> Record:
        by = 2 if found.turn.cell == "s1-with_sched" and found.turn.block % 5 == 0 else 1
        waits = tuple(by * value for value in found.observations["wait_ns"])
        return replace(found, observations={**found.observations, "wait_ns": waits})

    rewrite(folder, slowed)
    ratios = {each.metric: each.ratio for each in _looked(analyse(folder), "s1-with_sched").disturbances}

    middle, tail = ratios["wait_ns"], ratios["wait_p90_ns"]
    assert middle is not None
    assert tail is not None
    assert middle.value < 1.3
    assert tail.value == pytest.approx(2, rel=0.15)


def test_dumps_of_a_cell_are_taken_together(folder: RunFolder) -> None:
    """In how many of them each group is; nothing before the signal can be disturbed."""
    found = _looked(analyse(folder), "s1-with_dump")

    assert found.disturbances == ()
    assert found.undisturbed.startswith("nothing before its signal")
    dumps = found.dumps
    assert dumps is not None
    assert (dumps.replicates, dumps.dumped, dumps.whole, dumps.early, dumps.mute) == (6, 6, 6, 0, 0)
    assert dumps.asked_ns == 500_000
    assert dumps.groups == (
        SeenGroup(
            state="select (no cases)",
            at=Frame("main.wait", file="/src/main.go", line=9),
            functions=("main.wait",),
            of_runtime=False,
            dumps=6,
            fewest=2,
            most=2,
        ),
        SeenGroup(
            state="sync.WaitGroup.Wait",
            at=Frame("main.main", file="/src/main.go", line=20),
            functions=("main.main",),
            of_runtime=False,
            dumps=6,
            fewest=1,
            most=1,
        ),
    )


def _ended(folder: RunFolder, **changes: object) -> None:
    """One replicate more, behind all that were planned."""
    plan = folder.plan()
    turn = Turn(position=len(plan.turns), block=9, cell="s1-with_dump")
    longer = replace(plan, turns=(*plan.turns, turn))
    decide_otherwise(folder, "plan.json", msgspec.json.encode(longer))
    usual = Record(
        turn=turn,
        termination=Termination(ending=Ending.EXIT, exit_code=0),
        started_at_ns=1,
        wall_ns=next(iter(folder.records())).wall_ns,
    )
    RunFolder(folder.path).append(replace(usual, **changes))  # type: ignore[arg-type]


def test_who_left_no_dump_is_counted(folder: RunFolder) -> None:
    """Who had ended before, who was asked in vain; what never ran, and what is put aside, is neither."""
    _ended(folder)
    _ended(folder, observations={"dump_asked_ns": (7,)})
    _ended(folder, termination=Termination(ending=Ending.INFRA_FAILED))
    _ended(folder, excluded="busy")

    dumps = _looked(analyse(folder), "s1-with_dump").dumps
    assert dumps is not None
    assert (dumps.replicates, dumps.dumped, dumps.early, dumps.mute) == (8, 6, 1, 1)


def test_a_dump_in_an_unknown_format_is_told(folder: RunFolder) -> None:
    """The rest of it, and the other dumps, are counted all the same."""
    text = folder.dump(next(each for each in folder.records() if each.dump is not None))
    text.write_text(text.read_text() + "\ngoroutine 9 (asleep):\nmain.odd()\n\t/src/main.go:1 +0x1\n")

    dumps = _looked(analyse(folder), "s1-with_dump").dumps
    assert dumps is not None
    assert (dumps.whole, dumps.unread, dumps.first_unread) == (6, 1, "goroutine 9 (asleep):")
    assert [group.dumps for group in dumps.groups] == [6, 6]


def test_without_a_plain_cell_nothing_is_held_against_it(tmp_path: Path) -> None:
    """What it was like is told all the same."""
    folder = record(tmp_path, Recipe(replicates=2, only=("s1",), instruments=(SCHED,)))
    plan = msgspec.json.decode((folder.path / "plan.json").read_bytes())
    plan["cells"] = [cell for cell in plan["cells"] if cell["id"] != "s1"]
    decide_otherwise(folder, "plan.json", msgspec.json.encode(plan))

    found = _looked(analyse(folder), "s1-with_sched")
    assert found.plain == ""
    assert found.undisturbed == "the run has no cell with the same levels without it"
    assert found.course is not None


def test_a_record_from_before_there_were_instruments_is_read(tmp_path: Path) -> None:
    """Its cells are plain: their levels do not say so."""
    folder = record(tmp_path, Recipe(replicates=3))
    usual = analyse(folder)
    plan = msgspec.json.decode((folder.path / "plan.json").read_bytes())
    for cell in plan["cells"]:
        del cell["levels"]["with"]
    decide_otherwise(folder, "plan.json", msgspec.json.encode(plan | {"format": 3}))

    found = analyse(folder)
    assert found.cells == usual.cells
    assert len(list(benchfmt(folder, found))) > len(found.cells)
    assert reported.report(folder, found).startswith("<!doctype html>")


def test_metrics_that_an_instrument_has_got_since_are_had_of_older_records(folder: RunFolder) -> None:
    """What was predicted of them needs no looking up; a metric of the manifest that is not there is damage."""
    kept = msgspec.json.decode((folder.path / "predictions.json").read_bytes())
    usual = analyse(folder).cells
    kept["predictions"] = [each for each in kept["predictions"] if not each["metric"].startswith("sched_")]
    decide_otherwise(folder, "predictions.json", msgspec.json.encode(kept))

    assert analyse(folder).cells == usual


def test_a_long_series_is_thinned(tmp_path: Path) -> None:
    """An analysis keeps so many samples that a page stays small; the record keeps all."""
    folder = record(tmp_path, Recipe(replicates=1, only=("s1",), instruments=(SCHED,)))
    count = 10 * MOST_SAMPLES
    many = {name: tuple(range(count)) for name in ("sampled_at_ns", "goroutines_sampled")}
    (folder.path / "runs.jsonl").unlink()
    RunFolder(folder.path).append(
        Record(
            turn=Turn(position=1, block=0, cell="s1-with_sched"),
            termination=Termination(ending=Ending.TIMEOUT),
            started_at_ns=1,
            wall_ns=Nanos(10**9),
            observations=many,
            stderr=Output(text="", total_bytes=0),
        )
    )

    course = _looked(analyse(folder), "s1-with_sched").course
    assert course is not None
    assert course.ending == "timeout"
    (line,) = course.lines
    assert (line.count, len(line.values), line.values[1]) == (count, MOST_SAMPLES, 10)
