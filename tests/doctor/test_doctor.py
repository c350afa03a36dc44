"""Every finding of the doctor, both ways; what it does with a machine that says nothing; and the command itself."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lab.doctor import Facts, Finding, exit_code, findings
from lab.host import facts as read
from lab.published import SCHEMAS
from tests.doctor.good import ENGINE, GOOD, MACHINE


def _machine(**changes: Any) -> Facts:
    return replace(GOOD, machine={**MACHINE, **changes})


def _engine(**changes: Any) -> Facts:
    return replace(GOOD, engine={**ENGINE, **changes})


def _of(facts: Facts, subject: str) -> Finding:
    return next(each for each in findings(facts) if each.subject == subject)


def test_a_good_machine_has_nothing_to_put_right() -> None:
    """Every line is ok, without a remedy, and the code is 0."""
    found = findings(GOOD)

    assert {each.verdict for each in found} == {"ok"}
    assert [each.remedy for each in found if each.remedy] == []
    assert exit_code(found) == 0


_CASES = [
    (replace(GOOD, system="Darwin", architecture="arm64"), "platform", "prevents", "Darwin"),
    (replace(GOOD, engine=None, engine_why="no engine is at …"), "engine", "spoils", "no engine"),
    (replace(GOOD, engine_elsewhere="kernel 5"), "engine's machine", "spoils", "another: kernel 5"),
    (_engine(url="tcp://127.0.0.1:2375"), "engine's address", "note", "127.0.0.1:2375, without TLS"),
    (
        _engine(security=["name=seccomp,profile=builtin", "name=rootless"]),
        "engine's rights",
        "note",
        "rootless",
    ),
    (_engine(security=[]), "seccomp", "note", "off"),
    (_engine(storage_driver="vfs"), "storage driver", "spoils", "vfs"),
    (_engine(storage_driver="overlayfs"), "storage driver", "note", "containerd's"),
    (_engine(limits={"CPUQuota": False, "MemoryLimit": True}), "engine's limits", "spoils", "CPUQuota"),
    (replace(GOOD, containers=3), "other containers", "spoils", "3 running"),
    (replace(GOOD, is_root=False), "rights", "note", "plain user"),
    (
        _machine(cgroup={"version": 2, "cpu": [{"cpu.max": "max 100000"}, {"cpu.max": "150000 100000"}]}),
        "cgroup limits",
        "spoils",
        "version 2: 1.5 CPUs by quota (1 above)",
    ),
    (
        _machine(
            cgroup={"version": 1, "cpu": [{"cpu.cfs_quota_us": "50000", "cpu.cfs_period_us": "100000"}]}
        ),
        "cgroup limits",
        "spoils",
        "version 1: 0.5 CPUs by quota",
    ),
    (
        _machine(cgroup={"version": 1, "memory": [{"memory.limit_in_bytes": str(1 << 30)}]}),
        "cgroup limits",
        "note",
        "1.00 GiB of memory",
    ),
    (_machine(cpu={**MACHINE["cpu"], "count": 1, "online": "0"}), "CPUs", "spoils", "1 online"),
    (_machine(cpu={**MACHINE["cpu"], "allowed": "3"}), "CPUs", "spoils", "8 online (0-7), 3 allowed"),
    (_machine(cpu={**MACHINE["cpu"], "smt": True}), "SMT", "note", "two threads"),
    (_machine(cpu={**MACHINE["cpu"], "governors": ["powersave"]}), "CPU frequency", "spoils", "powersave"),
    (_machine(virtualisation="kvm"), "virtual machine", "note", "kvm"),
    (replace(GOOD, steal=0.04), "steal", "spoils", "4.0%"),
    (replace(GOOD, steal=None), "steal", "note", "unknown"),
    (replace(GOOD, pressure=20.0), "load", "spoils", "20 %"),
    (replace(GOOD, pressure=None, load=3.0), "load", "spoils", "3 threads"),
    (replace(GOOD, pressure=None, load=None), "load", "note", "unknown"),
    (_machine(clock_source="hpet"), "clock", "spoils", "hpet"),
    (_machine(kernel={"release": "6.1.0", "timer_slack_ns": 1}), "timer slack", "note", "0.001 µs"),
    (_machine(thp={"enabled": "never"}), "THP", "note", "never"),
    (_machine(hugepages={}), "huge pages", "note", "no pool"),
    (replace(GOOD, ptrace_scope=3, is_root=False), "ptrace", "note", "scope 3"),
    (replace(GOOD, has_tracefs=False), "tracefs", "note", "not to be reached"),
    (replace(GOOD, has_hardware_counters=False), "perf", "note", "software"),
    (replace(GOOD, perf_paranoid=3, is_root=False), "perf", "note", "not allowed"),
    (
        _engine(security=["name=seccomp,profile=builtin", "name=apparmor"]),
        "AppArmor, SELinux",
        "note",
        "AppArmor confines",
    ),
    (replace(GOOD, tools={}), "C compiler", "note", "neither"),
    (replace(GOOD, go_releases=[]), "Go releases", "note", "none"),
    (replace(GOOD, is_cache_writable=False), "disk", "prevents", "may not write in /cache"),
    (replace(GOOD, free_bytes=1 << 20), "disk", "spoils", "1.00 MiB free in /cache (ext4)"),
]


@pytest.mark.parametrize(("facts", "subject", "verdict", "said"), _CASES)
def test_a_fault_is_found(facts: Facts, subject: str, verdict: str, said: str) -> None:
    """Its verdict, its words, and a reason."""
    found = _of(facts, subject)

    assert (found.verdict, said in found.found) == (verdict, True), found
    assert found.why
    assert exit_code(findings(facts)) == {"prevents": 4, "spoils": 1, "note": 0}[verdict]


def test_every_finding_can_be_both() -> None:
    """No line is a constant."""
    assert {subject for _, subject, _, _ in _CASES} == {each.subject for each in findings(GOOD)}


def test_a_machine_that_says_nothing_is_unknown(tmp_path: Path) -> None:
    """Readers give None or nothing, and do not fail."""
    assert (read.load(tmp_path), read.pressure(tmp_path), read.steal(0, tmp_path)) == (None, None, None)
    assert (read.ptrace_scope(tmp_path), read.perf_paranoid(tmp_path)) == (None, None)
    for reads in (read.has_tracefs, read.has_hardware_counters, read.has_apparmor):
        assert not reads(tmp_path)
    assert read.file_system(tmp_path, tmp_path) is None


def test_a_recorded_machine_is_read(tmp_path: Path) -> None:
    """Load, pressure, steal's place among the ticks, the file system nearest above."""
    for name, text in {
        "proc/loadavg": "1.25 0.80 0.40 2/345 6789\n",
        "proc/pressure/cpu": "some avg10=7.50 avg60=1.00 avg300=0.10 total=1\n",
        "proc/stat": "cpu  10 0 10 70 0 0 0 10 0 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n",
        "proc/sys/kernel/yama/ptrace_scope": "2\n",
        "proc/self/mounts": "/dev/a / ext4 rw 0 0\n/dev/b /var/cache xfs rw 0 0\n/dev/c /my\\040own btrfs rw 0 0\n",
        "sys/module/apparmor/parameters/enabled": "Y\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    assert (read.load(tmp_path), read.pressure(tmp_path), read.ptrace_scope(tmp_path)) == (1.25, 7.5, 2)
    assert read.steal(0, tmp_path) == 0
    assert read.has_apparmor(tmp_path)
    assert read.file_system(Path("/var/cache/golab"), tmp_path) == "xfs"
    assert read.file_system(Path("/home"), tmp_path) == "ext4"
    assert read.file_system(Path("/my own/cache"), tmp_path) == "btrfs"
    mounts = tmp_path / "proc/self/mounts"
    mounts.write_bytes(mounts.read_bytes() + b"none /mnt/jos\xe9 tmpfs rw 0 0\n")
    assert read.file_system(Path("/home"), tmp_path) == "ext4"


@pytest.mark.slow
def test_the_command_prints_and_its_json_keeps_its_schema() -> None:
    """On whatever machine this is: a known exit code, the same in the JSON, and a line for each finding."""
    command = [sys.executable, "-m", "lab", "doctor"]
    root = Path(__file__).parents[2]

    text = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    as_json = subprocess.run([*command, "--json"], cwd=root, capture_output=True, text=True, check=False)

    result = json.loads(as_json.stdout)
    jsonschema.validate(result, SCHEMAS["doctor"].model_json_schema())
    assert text.returncode in {0, 1, 4}
    assert as_json.returncode == result["exit_code"]
    assert all(each["subject"] in text.stdout for each in result["findings"])
    assert (text.stderr, as_json.stderr) == ("", "")
