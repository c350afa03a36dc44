"""Limits are found wherever they are set, in both versions of control groups; version 2 by files as the kernel writes them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from lab.host import cgroup
from lab.host.environment import available_memory

_MIB = 1 << 20
_NO_LIMIT = "9223372036854771712"


def _root(tmp_path: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def _meminfo(available_mib: int) -> str:
    return f"MemTotal:       {64 * 1024 * 1024} kB\nMemAvailable:   {available_mib * 1024} kB\n"


V1 = {
    "proc/self/cgroup": "5:memory:/user/one\n4:cpu,cpuacct:/user\n3:cpuset:/\n0::/\n",
    "proc/self/mountinfo": (
        "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
        "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:3 - cgroup cgroup rw,cpu,cpuacct\n"
        "34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
        "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
    ),
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
    "sys/fs/cgroup/cpu,cpuacct/user/cpu.cfs_quota_us": "150000\n",
    "sys/fs/cgroup/cpu,cpuacct/user/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/cpuset/cpuset.effective_cpus": "0-3\n",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": _NO_LIMIT,
    "sys/fs/cgroup/memory/memory.usage_in_bytes": "1",
    "sys/fs/cgroup/memory/user/memory.limit_in_bytes": f"{512 * _MIB}\n",
    "sys/fs/cgroup/memory/user/memory.usage_in_bytes": f"{300 * _MIB}\n",
    "sys/fs/cgroup/memory/user/memory.stat": f"inactive_file 1\ntotal_inactive_file {100 * _MIB}\n",
    "sys/fs/cgroup/memory/user/one/memory.limit_in_bytes": _NO_LIMIT,
    "sys/fs/cgroup/memory/user/one/memory.usage_in_bytes": "1",
    "proc/meminfo": _meminfo(8192),
}

V2 = {
    "proc/self/cgroup": "0::/user.slice/user-1000.slice/session-2.scope\n",
    "proc/self/mountinfo": "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n",
    "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma misc\n",
    "sys/fs/cgroup/user.slice/cpu.max": "max 100000\n",
    "sys/fs/cgroup/user.slice/memory.max": "max\n",
    "sys/fs/cgroup/user.slice/user-1000.slice/cpu.max": "50000 100000\n",
    "sys/fs/cgroup/user.slice/user-1000.slice/memory.max": f"{256 * _MIB}\n",
    "sys/fs/cgroup/user.slice/user-1000.slice/memory.current": f"{200 * _MIB}\n",
    "sys/fs/cgroup/user.slice/user-1000.slice/memory.stat": f"anon 7\ninactive_file {50 * _MIB}\n",
    "sys/fs/cgroup/user.slice/user-1000.slice/session-2.scope/memory.max": f"{1024 * _MIB}\n",
    "sys/fs/cgroup/user.slice/user-1000.slice/session-2.scope/memory.current": "0\n",
    "sys/fs/cgroup/user.slice/user-1000.slice/session-2.scope/memory.stat": "inactive_file 0\n",
    "proc/meminfo": _meminfo(8192),
}


@pytest.mark.parametrize(("files", "version"), [(V1, 1), (V2, 2), ({}, 0)])
def test_the_version_is_where_the_memory_controller_is(
    tmp_path: Path, files: Mapping[str, str], version: int
) -> None:
    """A version 2 hierarchy without controllers beside version 1 (hybrid) counts as 1."""
    assert cgroup.version(_root(tmp_path, files)) == version


def test_the_whole_chain_is_read_in_version_1(tmp_path: Path) -> None:
    """Each controller has its own path; the own group comes first."""
    described = cgroup.described(_root(tmp_path, V1))

    assert described["cpu"] == [
        {"version": 1, "cpu.cfs_quota_us": "150000", "cpu.cfs_period_us": "100000"},
        {"version": 1, "cpu.cfs_quota_us": "-1"},
    ]
    assert [group["memory.limit_in_bytes"] for group in described["memory"]] == [
        _NO_LIMIT,
        str(512 * _MIB),
        _NO_LIMIT,
    ]
    assert described["cpuset"] == [{"version": 1, "cpuset.effective_cpus": "0-3"}]


def test_the_whole_chain_is_read_in_version_2(tmp_path: Path) -> None:
    """One path for all controllers; the root group has no limits of its own."""
    described = cgroup.described(_root(tmp_path, V2))

    assert [group.get("cpu.max") for group in described["cpu"]] == [None, "50000 100000", "max 100000", None]
    assert [group.get("memory.max") for group in described["memory"]] == [
        str(1024 * _MIB),
        str(256 * _MIB),
        "max",
        None,
    ]


def test_memory_left_in_version_1_counts_cache_as_free(tmp_path: Path) -> None:
    """512 MiB limit, 300 used, of which 100 are page cache that can be given back."""
    assert available_memory(_root(tmp_path, V1)) == 312 * _MIB


def test_memory_left_in_version_2_is_the_tightest_of_the_chain(tmp_path: Path) -> None:
    """256 MiB limit above, 200 used, 50 of it cache, though the own group would allow 1 GiB."""
    assert available_memory(_root(tmp_path, V2)) == 106 * _MIB


def test_the_machine_may_be_tighter_than_its_groups(tmp_path: Path) -> None:
    """What a group allows need not be there."""
    assert available_memory(_root(tmp_path, V1 | {"proc/meminfo": _meminfo(64)})) == 64 * _MIB


def test_a_group_beyond_its_limit_leaves_nothing(tmp_path: Path) -> None:
    """Never a negative number of bytes: a limit may be lowered below what is used."""
    over = {"sys/fs/cgroup/memory/user/memory.usage_in_bytes": str(900 * _MIB)}

    assert available_memory(_root(tmp_path, V1 | over)) == 0


def test_a_container_sees_its_own_group_as_the_top(tmp_path: Path) -> None:
    """With the host's path in /proc/self/cgroup and only the own group mounted (version 1, no cgroup namespace)."""
    files = {
        "proc/self/cgroup": "5:memory:/docker/0123\n",
        "proc/self/mountinfo": "9 8 0:32 /docker/0123 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": str(64 * _MIB),
        "sys/fs/cgroup/memory/memory.usage_in_bytes": "0",
        "proc/meminfo": _meminfo(8192),
    }

    assert available_memory(_root(tmp_path, files)) == 64 * _MIB


def test_a_group_outside_the_namespace_is_the_top(tmp_path: Path) -> None:
    """With a cgroup namespace the path may lead above its root; what is mounted is what can be read."""
    files = V2 | {"proc/self/cgroup": "0::/../../other\n", "sys/fs/cgroup/memory.max": str(_MIB)}

    assert [group.get("memory.max") for group in cgroup.described(_root(tmp_path, files))["memory"]] == [
        str(_MIB)
    ]
