"""What the adapter decides without an engine; the rest is in tests/docker."""

import subprocess
import sys
from pathlib import Path

import pytest

from lab.engine.base import Spec
from lab.engine.limits import refuse_beyond
from lab.errors import EnvironmentRefusedError

_ALL = {"CPUSet": True, "CPUQuota": True, "MemoryLimit": True}
_SAID = {"limits": _ALL, "cpus": 2}


def _spec(*, cpuset: str = "", quota: float | None = None, memory: bool = False) -> Spec:
    return Spec(
        files=(),
        agent=("/agent",),
        memory_bytes=1,
        pids=1,
        cpuset=cpuset,
        quota=quota,
        memory_is_asked=memory,
    )


@pytest.mark.parametrize(
    ("lacking", "named"), [("CPUSet", "cpuset 0-1"), ("CPUQuota", "quota 1.5"), ("MemoryLimit", "memory")]
)
def test_a_limit_that_would_be_dropped_is_refused(lacking: str, named: str) -> None:
    """An engine that cannot limit only warns; a measurement without its limit would be another one."""
    with pytest.raises(EnvironmentRefusedError, match=named):
        refuse_beyond(
            _spec(cpuset="0-1", quota=1.5, memory=True), {"limits": {**_ALL, lacking: False}, "cpus": 2}
        )


def test_what_is_not_asked_may_be_lacking() -> None:
    """A rootless engine is good enough for a run without limits."""
    refuse_beyond(_spec(), {"limits": dict.fromkeys(_ALL, False), "cpus": 2})
    refuse_beyond(_spec(cpuset="0", quota=0.5), _SAID)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (_spec(cpuset="2"), "cpuset 2 names CPU 2; the engine has 2, 0 to 1"),
        (_spec(cpuset="0-1,4-5"), "names CPU 4"),
        (_spec(quota=2.5), "a quota of 2.5 CPUs is more than the engine's 2"),
        (_spec(quota=0.001), "a quota of 0.001 CPUs is less than the kernel's least, 0.01"),
    ],
)
def test_what_the_machine_does_not_have_is_refused(spec: Spec, words: str) -> None:
    """By what the engine says that it has."""
    with pytest.raises(EnvironmentRefusedError, match=words):
        refuse_beyond(spec, _SAID)


@pytest.mark.slow
def test_the_host_engine_does_not_pay_for_the_sdk(lab_root: Path) -> None:
    """Choosing the host imports neither the SDK nor what it needs."""
    script = (
        "import os, pathlib, sys\n"
        "from lab.engine.choose import choose\n"
        "choose('host', pathlib.Path('cache'), environ=os.environ)\n"
        "print(sorted({'docker', 'requests', 'urllib3'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=lab_root
    )

    assert done.stdout == "[]\n"
