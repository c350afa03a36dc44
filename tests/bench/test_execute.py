"""Going through a plan: what is ordered together, and what a lost agent costs."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from lab import captured
from lab.bench.agent import Command
from lab.bench.berth import MOST_LOSSES, Berth, Kept
from lab.bench.execute import SHEAF_NS, UNKNOWN_LIFE, Pace, Seat, execute
from lab.bench.plan import blocks
from lab.engine.base import Spec
from lab.errors import EngineUnavailableError, EnvironmentRefusedError, LeftAloneError, NotPutBackError
from lab.model.run import Capture, Turn
from lab.model.units import Nanos
from tests.fakes import DONE, AgentEndsError, FakeEngine, Reply
from tests.faults.keeping import KeepingEngine

_SPEC = Spec(files=(), agent=("/agent",), memory_bytes=1, pids=1)


@dataclass
class _Kept:
    """A file that agents keep things in: what a test writes."""

    path: Path = Path("kept")
    written: list[bytes] = field(default_factory=list)
    opened: int = 0

    @contextlib.contextmanager
    def opening(self) -> Iterator[None]:
        self.opened += 1
        yield

    def lines(self) -> list[bytes]:
        return self.written

    def forget(self) -> None:
        self.written.clear()


def _seat(berth: Berth, cell: str, *, settle: bool = False) -> Seat:
    command = Command(argv=(cell,), environment=(), directory="/", timeout=Nanos(10**9), settle=settle)
    return Seat(berth, lambda _: command, lambda _: command)


def _lost(capture: Capture) -> str:
    found = json.loads(capture.raw)
    return str(found["message"]) if found["ev"] == "lost" else ""


def _never() -> bool:
    return False


def _sheaves(
    turns: Sequence[Turn], seats: Mapping[str, Seat], walls: Mapping[str, int], judged_from: int = 0
) -> list[list[str]]:
    """The cells of each sheaf, where all has been seen to take as long as *walls* say."""
    found = execute(turns, seats, stop=_never, pace=Pace(dict(walls)), judged_from=judged_from)
    return [[capture.turn.cell for capture in sheaf] for sheaf in found]


def test_replicates_of_one_container_go_together_as_long_as_they_are_expected_to_be_short() -> None:
    """Up to a quarter of a second; another container, and a replicate that waits for its quota, end a sheaf."""
    with contextlib.ExitStack() as stack:
        one, two = (_berth(stack, FakeEngine(), _Kept()) for _ in range(2))
        seats = {
            "a": _seat(one, "a"),
            "b": _seat(one, "b"),
            "c": _seat(two, "c"),
            "q": _seat(one, "q", settle=True),
        }
        turns = [Turn(position=at, block=0, cell=cell) for at, cell in enumerate("abaacabqb")]
        short = {"a": 1000, "b": SHEAF_NS // 2, "c": 1000, "q": 1000}

        assert _sheaves(turns, seats, short) == [list("abaa"), ["c"], list("ab"), list("qb")]
        assert _sheaves(turns, seats, short | {"a": SHEAF_NS // 2}) == [
            *(list("ab"), list("aa"), ["c"], list("ab"), list("qb"))
        ]
        assert _sheaves(turns, seats, short | {"a": SHEAF_NS}) == [
            *(["a"], ["b"], ["a"], ["a"], ["c"], ["a"], ["b"], list("qb"))
        ]
        assert _sheaves(turns[:4], seats, {"b": 1}) == [["a"], ["b"], ["a"], ["a"]], (
            "nobody knows how long a takes"
        )


def test_where_another_block_is_decided_on_the_sheaf_ends() -> None:
    """Before that it may go on into the next block."""
    with contextlib.ExitStack() as stack:
        seats = {"a": _seat(_berth(stack, FakeEngine(), _Kept()), "a")}

        assert _sheaves(blocks(["a"], 6, 1), seats, {"a": 1}, judged_from=4) == [["a"] * 4, ["a"], ["a"]]


def test_what_a_cell_needs_is_held_while_its_replicates_run_and_no_others() -> None:
    """A sheaf is of cells that need the same; what cannot be held costs its replicates, and the rest runs."""
    seen: list[str] = []

    @contextlib.contextmanager
    def held() -> Iterator[None]:
        seen.append("held")
        if len(seen) > 6:
            raise EnvironmentRefusedError("somebody else has it", hint="ask him")
        yield
        seen.append("let go")

    def script(run: Mapping[str, Any]) -> Reply:
        seen.append(run["argv"][0])
        return DONE

    with contextlib.ExitStack() as stack:
        one = _berth(stack, FakeEngine(script), _Kept())
        seats = {
            "a": _seat(one, "a"),
            "h": replace(_seat(one, "h"), held=held),
            "i": replace(_seat(one, "i"), held=held),
        }
        turns = [Turn(position=at, block=0, cell=cell) for at, cell in enumerate("ahiahi")]
        sheaves = list(execute(turns, seats, stop=_never, pace=Pace({"a": 1, "h": 1, "i": 1})))

    assert seen == ["a", "held", "h", "i", "let go", "a", "held"]
    assert [[capture.turn.cell for capture in sheaf] for sheaf in sheaves] == [["a"], ["h", "i"]] * 2
    assert [_lost(capture) for capture in sheaves[-1]] == ["somebody else has it (ask him)"] * 2


def test_what_was_measured_while_it_was_held_stays_where_it_cannot_be_let_go() -> None:
    """What comes after is lost, as long as it cannot be held again; a machine that did not stay so costs the sheaf."""
    ends: list[Exception] = [NotPutBackError("it is stuck"), EnvironmentRefusedError("it did not stay so")]

    @contextlib.contextmanager
    def held() -> Iterator[None]:
        if not ends:
            raise EnvironmentRefusedError("it cannot be held")
        yield
        raise ends.pop(0)

    with contextlib.ExitStack() as stack:
        one = _berth(stack, FakeEngine(), _Kept())
        seats = {"a": _seat(one, "a"), "h": replace(_seat(one, "h"), held=held)}
        turns = [Turn(position=at, block=0, cell=cell) for at, cell in enumerate("hhahhah")]
        sheaves = list(execute(turns, seats, stop=_never, pace=Pace({"a": 1, "h": 1})))

    assert [[_lost(capture) for capture in sheaf] for sheaf in sheaves] == [
        *([""] * 2, [""], ["it did not stay so"] * 2, [""], ["it cannot be held"])
    ]


def test_where_what_is_held_went_while_the_lab_stood_still_its_turns_come_again() -> None:
    """In their order; of what the agent has kept of them meanwhile nothing is taken for theirs."""
    still = [LeftAloneError("golab stood still for 11 s, so its agent ended")]
    kept = _Kept()

    @contextlib.contextmanager
    def held() -> Iterator[None]:
        yield
        if still:
            kept.written += [_done("0"), _done("1")]
            raise still.pop()

    with contextlib.ExitStack() as stack:
        one = _berth(stack, FakeEngine(), kept)
        seats = {"a": _seat(one, "a"), "h": replace(_seat(one, "h"), held=held)}
        turns = [Turn(position=at, block=0, cell=cell) for at, cell in enumerate("hha")]
        sheaves = list(execute(turns, seats, stop=_never, pace=Pace({"a": 1, "h": 1})))

    assert [[(capture.turn.position, capture.again) for capture in sheaf] for sheaf in sheaves] == [
        [(0, True)],
        [(0, False), (1, False)],
        [(2, False)],
    ]
    assert _lost(sheaves[0][0]) == "golab stood still for 11 s, so its agent ended"
    assert kept.written == []


def test_without_a_file_to_keep_them_in_replicates_go_one_by_one() -> None:
    """What only an agent knows is lost with it."""
    with contextlib.ExitStack() as stack:
        seats = {"a": _seat(_berth(stack, FakeEngine(), None), "a")}

        assert _sheaves(blocks(["a"], 3, 1), seats, {"a": 1}, judged_from=3) == [["a"]] * 3


def test_a_lost_agent_costs_the_replicate_that_it_ran() -> None:
    """Another one is greeted, and runs what follows in the plan's order."""
    begun = []

    def script(run: Mapping[str, Any]) -> Reply:
        begun.append(run["id"])
        if run["id"] == "2" and begun.count("2") == 1:
            raise AgentEndsError
        return {}

    engine, kept = FakeEngine(script), _Kept()
    with contextlib.ExitStack() as stack:
        seats = {"a": _seat(_berth(stack, engine, kept), "a")}
        captures = [
            capture
            for sheaf in execute(blocks(["a"], 5, 1), seats, stop=_never, pace=Pace({"a": 1}), judged_from=5)
            for capture in sheaf
        ]

    assert [capture.turn.position for capture in captures] == [0, 1, 2, 3, 4]
    assert [_lost(capture) for capture in captures] == ["", "", "the agent is gone: it is a fake", "", ""]
    assert begun == ["0", "1", "2", "3", "4"]
    assert len(engine.containers) == 2
    assert all(container.closed for container in engine.containers)
    assert kept.opened == 2


def test_what_a_lost_agent_had_kept_is_not_run_again() -> None:
    """It says its answers when the sheaf is whole, which never comes: they are in the file."""
    kept = _Kept(written=[_done("0"), _done("1")])
    begun: list[str] = []

    def script(run: Mapping[str, Any]) -> Reply:
        begun.append(run["id"])
        if len(begun) == 1:
            raise AgentEndsError
        return {}

    with contextlib.ExitStack() as stack:
        seats = {"a": _seat(_berth(stack, FakeEngine(script), kept), "a")}
        found = list(execute(blocks(["a"], 4, 1), seats, stop=_never, pace=Pace({"a": 1}), judged_from=4))

    assert [[bool(_lost(capture)) for capture in sheaf] for sheaf in found] == [[False, False, True], [False]]
    assert begun == ["0", "3"]


def test_half_a_line_in_what_was_kept_costs_nobody_but_who_left_it(tmp_path: Path) -> None:
    """An agent is killed in the middle of it; what the next ones keep behind it is found when another one is lost."""
    path = tmp_path / "kept"
    begun: list[str] = []

    def script(run: Mapping[str, Any]) -> Reply:
        begun.append(run["id"])
        if run["id"] in {"1", "4"}:
            with path.open("ab") as kept:
                kept.write(_done(run["id"])[:40])
            raise AgentEndsError
        return {}

    with contextlib.ExitStack() as stack:
        kept = stack.enter_context(captured.made(path))
        seats = {"a": _seat(_berth(stack, KeepingEngine(script), kept), "a")}
        found = list(execute(blocks(["a"], 6, 1), seats, stop=_never, pace=Pace({"a": 1}), judged_from=6))

        assert [json.loads(line)["id"] for line in kept.lines() if line.endswith(b"}")] == [
            "0",
            "2",
            "3",
            "5",
        ]
    assert begun == ["0", "1", "2", "3", "4", "5"]
    assert [[bool(_lost(capture)) for capture in sheaf] for sheaf in found] == [
        [False, True],
        [False, False, True],
        [False],
    ]


def test_a_cell_that_loses_its_agent_again_and_again_is_given_up_and_the_others_run() -> None:
    """Three times: then it is the cell that does it."""

    def script(run: Mapping[str, Any]) -> Reply:
        if run["argv"] == ["bad"]:
            raise AgentEndsError
        return {}

    engine = FakeEngine(script)
    with contextlib.ExitStack() as stack:
        berth = _berth(stack, engine, _Kept())
        seats = {cell: _seat(berth, cell) for cell in ("bad", "good")}
        captures = [
            capture
            for sheaf in execute(
                blocks(["bad", "good"], 6, 1), seats, stop=_never, pace=Pace({"bad": 1, "good": 1})
            )
            for capture in sheaf
        ]

    said = {cell: [_lost(each) for each in captures if each.turn.cell == cell] for cell in seats}
    assert said["good"] == [""] * 6
    gone, given_up = (
        "the agent is gone: it is a fake",
        "3 agents were lost while it ran: no more of its replicates are started",
    )
    assert said["bad"] == [gone] * MOST_LOSSES + [given_up] * (6 - MOST_LOSSES)
    assert len(engine.containers) == 1 + MOST_LOSSES


@pytest.mark.parametrize("cells", [["a"], ["a", "b"]])
def test_an_engine_that_went_away_too_is_asked_once(cells: list[str]) -> None:
    """Every replicate of its containers says why the first was lost, and nothing waits for it any more."""

    class Mortal(FakeEngine):
        @contextlib.contextmanager
        def opened(self, spec: Spec, captures: Path | None = None, /) -> Iterator[Any]:
            if self.containers:
                raise EngineUnavailableError("no engine answers")
            with super().opened(spec, captures) as container:
                yield container

    def script(_run: Mapping[str, Any]) -> Reply:
        raise AgentEndsError

    engine = Mortal(script)
    with contextlib.ExitStack() as stack:
        berth = _berth(stack, engine, None)
        seats = {cell: _seat(berth, cell) for cell in cells}
        captures = [each for sheaf in execute(blocks(cells, 3, 1), seats, stop=_never) for each in sheaf]

    assert [_lost(each) for each in captures] == ["the agent is gone: it is a fake"] * (3 * len(cells))
    assert len(engine.containers) == 1


def _berth(stack: contextlib.ExitStack, engine: FakeEngine, kept: Kept | None) -> Berth:
    berth = Berth(engine, _SPEC, kept)
    stack.callback(berth.close)
    return berth


def _done(number: str) -> bytes:
    return json.dumps({**DONE, "id": number}).encode()


def test_a_dump_is_asked_for_in_the_middle_of_the_shortest_life_yet() -> None:
    """That of the plain cell's replicates; where it has none, of a life that nobody knows. Others are not asked."""
    asked: list[tuple[str, int]] = []

    def script(run: Mapping[str, Any]) -> Reply:
        asked.append((run["argv"][0], run["dump_after_ns"]))
        return DONE

    with contextlib.ExitStack() as stack:
        one = _berth(stack, FakeEngine(script), _Kept())
        seats = {
            "a": _seat(one, "a"),
            "d": replace(_seat(one, "d"), dumped_as="a"),
            "e": replace(_seat(one, "e"), dumped_as=""),
        }
        turns = [Turn(position=at, block=0, cell=cell) for at, cell in enumerate("adead")]
        pace = Pace()
        lives = iter([4 * SHEAF_NS, 900, 900, 2 * SHEAF_NS, 900])
        for sheaf in execute(turns, seats, stop=_never, pace=pace):
            for capture in sheaf:
                pace.saw(capture.turn.cell, next(lives))

    assert asked == [
        ("a", 0),
        ("d", 2 * SHEAF_NS),
        ("e", UNKNOWN_LIFE // 2),
        ("a", 0),
        ("d", SHEAF_NS),
    ]


def test_what_is_held_anew_for_each_is_ordered_alone() -> None:
    """A machine that has forgotten its caches remembers the first replicate by the second."""
    held: list[str] = []

    @contextlib.contextmanager
    def forgetting() -> Iterator[None]:
        held.append("held")
        yield

    with contextlib.ExitStack() as stack:
        one = _berth(stack, FakeEngine(), _Kept())
        seats = {"a": replace(_seat(one, "a"), held=forgetting, is_alone=True)}
        turns = [Turn(position=at, block=at, cell="a") for at in range(3)]

        assert _sheaves(turns, seats, {"a": 1000}, judged_from=9) == [["a"]] * 3
        assert held == ["held"] * 3
        shared = {"a": replace(seats["a"], is_alone=False)}
        assert _sheaves(turns, shared, {"a": 1000}, judged_from=9) == [list("aaa")]
