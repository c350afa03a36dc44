"""A calibration by rounds and groups, on an engine that only says what it is told; and what is refused."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import pytest

from lab.calibrate import GROUPS, Sitting, giving, measure, refusal
from lab.calibrate.conditions import quota
from lab.errors import EnvironmentRefusedError, MeasurementError
from lab.golang.build import Binary
from lab.sim.costs import from_json
from tests.fakes import FakeContainer, FakeEngine, Reply

_BINARY = Binary(b"a program")
_TWO = tuple(group for group in GROUPS if group.name in ("runtime", "naps"))


def _sitting(processes: int = 4) -> Sitting:
    return Sitting(release="1.27.3", processes=processes, groups=_TWO)


def _engine(answers: Callable[[int, str], Reply]) -> FakeEngine:
    """*answers* gets the number of the process and the group that it is asked for."""
    asked: list[str] = []

    def script(run: Mapping[str, Any]) -> Reply:
        asked.append(run["argv"][1])
        return answers(len(asked) - 1, asked[-1])

    return FakeEngine(script=script)


def _observing(values: Mapping[str, int], **reply: Any) -> Reply:
    lines = [json.dumps({"o": name, "v": value}) for name, value in values.items()]
    return {"lines": ['{"wire":2}', '{"e":{"gomaxprocs":2,"cpus":"0-1"}}', *lines], **reply}


def _steady(_number: int, group: str) -> Reply:
    return _observing({"osyield/10_ns": 5000} if group == "runtime" else {"break_call{gap=20000}_ns": 8000})


def test_a_round_is_a_fresh_process_of_each_group() -> None:
    """The groups take turns, each in its own surroundings; what they saw becomes costs of as many processes."""
    engine = _engine(_steady)

    calibration, moved = measure(engine, _BINARY, _BINARY, _sitting(), fingerprint="machine")

    runs = [message for message in engine.containers[0].sent if message["op"] == "run"]
    assert [run["argv"][1] for run in runs] == ["runtime", "naps"] * 4
    assert [any("asyncpreemptoff" in entry for entry in run["env"]) for run in runs] == [False, True] * 4
    assert calibration.costs.costs["osyield"].points[0].processes == ((500.0,),) * 4
    assert calibration.costs.costs["break_call"].n == 4
    assert moved == ()
    (was,) = calibration.sittings
    assert (was.groups, was.processes, was.cpus) == (("runtime", "naps"), 4, "0-1")


def test_a_calibrations_text_has_both_its_costs_and_its_conditions() -> None:
    """Whoever reads costs reads it as before."""
    calibration, _ = measure(_engine(_steady), _BINARY, _BINARY, _sitting(), fingerprint="machine")
    text = calibration.to_json()

    assert from_json(text, source="a test", fingerprint="machine").costs == calibration.costs.costs
    (was,) = json.loads(text)["sittings"]
    assert was["groups"] == ["runtime", "naps"]
    assert was["tick_hz"] > 0


def test_a_machine_that_changes_meanwhile_is_found_out_and_told_with_its_state() -> None:
    """By the two halves of the rounds; steal and waiting for a CPU are those of the calibration's own processes."""

    def changing(number: int, _group: str) -> Reply:
        value = 5000 + number + (2500 if number >= 8 else 0)
        signals = ({"psi_cpu_some_us": 0, "steal_ticks": 0}, {"psi_cpu_some_us": 250, "steal_ticks": 0})
        return _observing({"osyield/10_ns": value}, before=signals[0], after=signals[1])

    calibration, moved = measure(_engine(changing), _BINARY, _BINARY, _sitting(8), fingerprint="machine")

    assert [drift.name for drift in moved] == ["osyield"]
    assert calibration.sittings[0].drifted == ("osyield",)
    error = refusal(calibration, moved)
    assert "1 of 1 primitives moved by more than 10%" in str(error)
    assert "most of all osyield: 1.50 times what it was (1." in str(error)
    assert "steal 0.0%, waiting for a CPU 25.0%" in str(error)
    assert "--accept-drift" in (error.hint or "")
    assert "osyield" in list(calibration.sittings[0].in_words())[-1]


def test_a_process_that_fails_ends_it_by_name() -> None:
    """A calibration of less than was asked is none."""

    def failing(number: int, group: str) -> Reply:
        return {"exit_code": 2} if number == 3 else _steady(number, group)

    with pytest.raises(MeasurementError, match="of the group naps ended in exit-nonzero"):
        measure(_engine(failing), _BINARY, _BINARY, _sitting(), fingerprint="machine")


def test_nothing_is_measured_under_a_quota() -> None:
    """Of the container's own group, or of one above that nobody sees but by the throttling."""

    def throttled(number: int, group: str) -> Reply:
        was, grew = {"throttled_periods": 3}, {"throttled_periods": 4}
        return {**_steady(number, group), "before": was, "after": grew if number == 1 else was}

    with pytest.raises(EnvironmentRefusedError, match="round 0 was throttled") as caught:
        measure(_engine(throttled), _BINARY, _BINARY, _sitting(), fingerprint="machine")
    assert "the simulator knows quotas" in (caught.value.hint or "")

    with pytest.raises(EnvironmentRefusedError, match="50000 µs a period for its container"):
        measure(_Limited(), _BINARY, _BINARY, _sitting(), fingerprint="machine")


class _Limited(FakeEngine):
    """An engine whose containers have half a CPU."""

    def opened(self, spec: Any, _shown: Path | None = None, /) -> Any:
        """A container whose agent has found a quota."""
        container = _Half(self.image_of(spec), self.script)
        self.containers.append(container)
        return container


class _Half(FakeContainer):
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def _say(self, message: Mapping[str, Any]) -> None:
        super()._say({**message, "limits": {"quota_us": 50_000, "period_us": 100_000}})


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("cpu.max", "max 100000", ""),
        ("cpu.max", "50000 100000", "cpu.max is 50000 100000 in /"),
    ],
)
def test_a_quota_around_this_process_is_read(tmp_path: Path, name: str, text: str, said: str) -> None:
    """Of its control group and of every one above it."""
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (group / "cgroup.controllers").write_text("cpu memory")
    (group / name).write_text(text)
    proc = tmp_path / "proc/self"
    proc.mkdir(parents=True)
    (proc / "mountinfo").write_text("30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
    (proc / "cgroup").write_text("0::/\n")

    assert quota(tmp_path) == said


def test_a_group_of_several_folders_has_a_process_in_each_and_says_which_there_are_not() -> None:
    """The machine's own folders are the host engine's; what several saw of one cost is one."""

    def looking(run: Mapping[str, Any]) -> Reply:
        (folder,) = (entry.partition("=")[2] for entry in run["env"] if entry.startswith("LAB_FOLDER="))
        fs = folder.partition(":")[0]
        return _observing({f"open_present{{fs={fs}}}_ns": 4000, "open_start_ns": 20_000})

    class Plain(FakeEngine):
        def refuse(self, spec: Any, /) -> None:
            if spec.folder.startswith("overlay-mount"):
                raise EnvironmentRefusedError(f"a folder on {spec.folder} is mounted by root alone")

    engine = Plain(script=looking)
    sitting = Sitting(release="1.27.3", processes=2, groups=giving({"open_present"}))

    calibration, _ = measure(engine, _BINARY, _BINARY, sitting, fingerprint="machine")

    found = calibration.costs.costs
    assert {spec.folder for spec in engine.specs} == {
        "tmpfs",
        "bind",
        *(f"overlay:{n}" for n in (3, 5, 10, 34, 102)),
    }
    assert {point.levels["fs"] for point in found["open_present"].points} == {
        "tmpfs",
        "bind",
        "overlay",
    }
    assert [len(values) for values in found["open_start"].points[0].processes] == [7, 7]
    rounds = [entry for run in engine.containers[0].sent if run["op"] == "run" for entry in run["env"]]
    assert [entry for entry in rounds if "ROUND" in entry] == ["LAB_ROUND=0", "LAB_ROUND=1"]
    directories = {run["dir"] for each in engine.containers for run in each.sent if run["op"] == "run"}
    assert directories == {"/fake/tmp", "/fake/golab/fs"}
    (was,) = calibration.sittings
    assert len(was.refused) == 5
    assert (
        list(was.in_words())[-1]
        == "not measured: overlay-mount:100: a folder on overlay-mount:100 is mounted by root alone"
    )


def test_where_no_folder_can_be_had_the_first_reason_is_told() -> None:
    """A calibration of nothing is none."""

    class Shut(FakeEngine):
        def refuse(self, spec: Any, /) -> None:
            raise EnvironmentRefusedError(f"no {spec.folder} here")

    with pytest.raises(EnvironmentRefusedError, match="no tmpfs here"):
        measure(Shut(), _BINARY, _BINARY, _sitting(), fingerprint="machine")
