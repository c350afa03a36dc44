"""The same on a container engine of the test's own, which is killed, too."""

import pytest

from tests.faults.fault import Fault
from tests.faults.sampled import broken, sampled

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow, pytest.mark.usefixtures("go_toolchain")]


def test_every_promise_is_kept_on_an_engine_that_is_killed() -> None:
    """Each fault once: no container, volume, mount or cgroup is left, and the run can be gone on with."""
    lines = sampled("docker", "--most", str(len(Fault)), "--seed", "22")

    assert broken(lines) == []
    assert [line["fault"] for line in lines] == [fault.value for fault in Fault]
