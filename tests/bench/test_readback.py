"""What a container was given, against what was asked for it."""

import pytest

from lab.bench.readback import not_as_asked, not_as_set, not_where
from lab.engine.base import Spec

_LIMITS = {"quota_us": 50_000, "period_us": 100_000, "memory_bytes": 64 << 20, "cpus": "0-1"}


def _spec(*, cpuset: str = "", quota: float | None = None, memory: int = 0) -> Spec:
    return Spec(
        files=(),
        agent=("/agent",),
        memory_bytes=memory or 1 << 30,
        pids=1,
        cpuset=cpuset,
        quota=quota,
        memory_is_asked=bool(memory),
    )


@pytest.mark.parametrize(
    "spec",
    [
        _spec(),
        _spec(quota=0.5),
        _spec(cpuset="0-1"),
        _spec(cpuset="0,1"),
        _spec(memory=64 << 20),
        _spec(memory=(64 << 20) + 7),
    ],
)
def test_what_took_effect_is_no_flaw(spec: Spec) -> None:
    """Also as the kernel rounds and writes it; a bound that nobody asked for is not looked at."""
    assert not_as_asked(spec, {"limits": _LIMITS}) == ""


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (_spec(quota=0.25), "a quota of 0.25 CPUs was asked for, the container has 0.5 CPUs"),
        (_spec(cpuset="1"), "cpuset 1 was asked for, the container has 0-1"),
        (_spec(memory=32 << 20), "32.0 MiB of memory were asked for, the container has 64.0 MiB"),
    ],
)
def test_what_is_otherwise_is_told(spec: Spec, words: str) -> None:
    """With both."""
    assert not_as_asked(spec, {"limits": _LIMITS}) == words


def test_no_limit_at_all_is_told() -> None:
    """Also where the agent could read none."""
    spec = _spec(quota=0.25, cpuset="1", memory=32 << 20)
    none = {"limits": {"quota_us": 0, "period_us": 100_000, "memory_bytes": 0, "cpus": ""}}

    for hello in (none, {}, {"limits": None}):
        said = not_as_asked(spec, hello)
        assert "the container has no quota" in said
        assert "the container has none" in said
        assert "the container has no limit" in said


_SEEN = {"gogc": 100, "gomemlimit": 2**63 - 1, "godebug": ""}


@pytest.mark.parametrize(
    ("environment", "seen"),
    [
        ((), {}),
        (("HOME=/tmp", "GOGC=50"), {"gogc": 50}),
        (("GOGC=off",), {"gogc": -1}),
        (("GOMEMLIMIT=512MiB",), {"gomemlimit": 512 << 20}),
        (("GOMEMLIMIT=1000B",), {"gomemlimit": 1000}),
        (("GOMEMLIMIT=1000",), {"gomemlimit": 1000}),
        (("GODEBUG=madvdontneed=1,gctrace=1",), {"godebug": "madvdontneed=1,gctrace=1"}),
    ],
)
def test_a_process_that_sees_its_environment_has_no_flaw(
    environment: tuple[str, ...], seen: dict[str, object]
) -> None:
    """As the runtime reads it: what is not set is the runtime's own default."""
    assert not_as_set(environment, _SEEN | seen) == ""


def test_a_process_that_sees_something_else_is_told() -> None:
    """Each setting with both values."""
    said = not_as_set(("GODEBUG=gctrace=1",), _SEEN | {"gogc": 200})

    assert (
        said
        == "GOGC is 200 in a process, where 100 was to be; GODEBUG is '' in a process, where 'gctrace=1' was to be"
    )


def test_a_mount_that_the_engine_does_not_see_is_a_flaw() -> None:
    """It shows the folder below; what is in the image, or a folder of the machine, needs no mount of ours."""
    mounts = ["/ overlay", "/golab/fs overlay", "/proc proc"]

    assert not_where("overlay-mount:8", {"mounts": mounts}) == ""
    assert not_where("overlay-mount:8", {"mounts": ["/ overlay", "/golab/fs ext4"]}) == (
        "its folder was to be on overlay-mount:8, and is on ext4: the engine does not see what is mounted here"
    )
    assert "is on nothing of its own" in not_where("overlay-mount:8", {"mounts": ["/ overlay"]})
    assert [not_where(folder, {"mounts": []}) for folder in ("tmpfs", "bind", "overlay:8")] == [""] * 3
