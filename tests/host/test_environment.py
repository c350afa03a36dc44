"""What a machine is comes from its files; what they do not say is None, never a guess."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lab.host import environment

_CPU = """processor\t: {number}
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz
microcode\t: 0xd0003d1
flags\t\t: fpu vme {flags}
"""

MACHINE: Mapping[str, str] = {
    "proc/cpuinfo": "\n".join(_CPU.format(number=number, flags="hypervisor ht") for number in range(4)),
    "proc/cmdline": "BOOT_IMAGE=/vmlinuz root=UUID=secret mitigations=off isolcpus=2-3 quiet\n",
    "proc/meminfo": "MemTotal:       16384 kB\nMemAvailable:   8192 kB\nSwapTotal:      0 kB\nSwapFree:       0 kB\n",
    "proc/self/status": "Name:\tpython\nCpus_allowed_list:\t0-2\n",
    "proc/self/timerslack_ns": "50000\n",
    "proc/sys/kernel/osrelease": "6.1.0-28-amd64\n",
    "proc/sys/kernel/version": "#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1\n",
    "proc/sys/vm/overcommit_memory": "0\n",
    "sys/class/dmi/id/product_name": "Standard PC (Q35 + ICH9, 2009)\n",
    "sys/class/dmi/id/sys_vendor": "QEMU\n",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "kvm-clock\n",
    "sys/devices/system/cpu/online": "0-2,5\n",
    "sys/devices/system/cpu/smt/active": "1\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "powersave\n",
    "sys/devices/system/cpu/vulnerabilities/meltdown": "Mitigation: PTI\n",
    "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
    "sys/kernel/mm/transparent_hugepage/defrag": "always defer defer+madvise [madvise] never\n",
    "sys/kernel/mm/transparent_hugepage/use_zero_page": "1\n",
    "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "8\n",
    "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "6\n",
    "sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages": "0\n",
}
"""A virtual machine as Debian 12 shows one."""


@pytest.fixture
def machine(tmp_path: Path) -> Callable[..., Path]:
    """Lays a recorded machine, with changes; a change to the empty string takes a file away."""

    def lay(changes: Mapping[str, str] | None = None) -> Path:
        for name, text in {**MACHINE, **(changes or {})}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text) if text else path.unlink(missing_ok=True)
        return tmp_path

    return lay


def test_the_cpu(machine: Callable[..., Path]) -> None:
    """Online CPUs are counted by their list, not by cpuinfo, and every governor in use is named."""
    assert environment.cpu(machine()) == {
        "model": "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz",
        "microcode": "0xd0003d1",
        "online": "0-2,5",
        "count": 4,
        "allowed": "0-2",
        "smt": True,
        "governors": ["performance", "powersave"],
        "mitigations": {"meltdown": "Mitigation: PTI"},
    }


def test_the_kernel_keeps_its_secrets(machine: Callable[..., Path]) -> None:
    """Of the command line only what bears on a measurement gets into a record."""
    assert environment.kernel(machine()) == {
        "release": "6.1.0-28-amd64",
        "version": "#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1",
        "parameters": ["mitigations=off", "isolcpus=2-3"],
        "timer_slack_ns": 50000,
    }


def test_the_memory_is_in_bytes(machine: Callable[..., Path]) -> None:
    """The kernel's kB are KiB."""
    memory = environment.memory(machine())

    assert (memory["total_bytes"], memory["available_bytes"]) == (16 << 20, 8 << 20)
    assert memory["overcommit"] == "0"


def test_huge_pages_of_both_kinds(machine: Callable[..., Path]) -> None:
    """The chosen word of a setting, and each pool by its size."""
    root = machine()

    assert environment.thp(root) == {
        "enabled": "madvise",
        "defrag": "madvise",
        "shmem_enabled": None,
        "use_zero_page": "1",
        "khugepaged/defrag": None,
    }
    assert environment.hugepages(root) == {"2048kB": {"total": 8, "free": 6, "overcommit": 0}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "kvm"),
        ({"sys/class/dmi/id/sys_vendor": "Amazon EC2"}, "amazon"),
        ({"sys/class/dmi/id/sys_vendor": ""}, "unknown hypervisor"),
        ({"sys/class/dmi/id/sys_vendor": "", "sys/hypervisor/type": "xen\n"}, "xen"),
        (
            {"sys/class/dmi/id/sys_vendor": "Dell Inc.", "proc/cpuinfo": _CPU.format(number=0, flags="ht")},
            "none",
        ),
    ],
)
def test_the_hypervisor(machine: Callable[..., Path], changes: Mapping[str, str], expected: str) -> None:
    """By the firmware's names, else by the CPU's flag, which does not say whose it is."""
    assert environment.virtualisation(machine(changes)) == expected


def test_a_container_is_told_by_its_pid_namespace(machine: Callable[..., Path]) -> None:
    """Files such as /.dockerenv are in a virtual machine too that was made from an image."""
    root = machine({".dockerenv": "x"})
    namespace = root / "proc/self/ns/pid"
    namespace.parent.mkdir()
    namespace.symlink_to("pid:[4026531836]")
    assert environment.virtualisation(root) == "kvm"

    namespace.unlink()
    namespace.symlink_to("pid:[4026532201]")
    assert environment.virtualisation(root) == "kvm, in a container"


def test_a_machine_that_says_nothing(tmp_path: Path) -> None:
    """Every reader answers, with None for what is not known, and all of it is JSON."""
    described = environment.describe(tmp_path)

    assert described["cpu"]["model"] is None
    assert described["clock_source"] is None
    assert json.loads(json.dumps(described)) == described


@pytest.mark.parametrize(
    "changes",
    [
        {"proc/cpuinfo": _CPU.format(number=0, flags="").replace("Gold", "Silver")},
        {"proc/cpuinfo": _CPU.format(number=0, flags="hypervisor").replace("0xd0003d1", "0xd0003d2")},
        {"sys/devices/system/cpu/online": "0-1"},
        {"proc/sys/kernel/osrelease": "6.1.0-29-amd64"},
        {"sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc"},
        {"sys/kernel/mm/transparent_hugepage/enabled": "[always] madvise never"},
        {"sys/class/dmi/id/sys_vendor": "VMware, Inc."},
    ],
)
def test_the_fingerprint_changes_with_what_matters(
    machine: Callable[..., Path], changes: Mapping[str, str]
) -> None:
    """CPU, microcode, count, kernel, clock, THP, virtualisation: costs measured under another are not these."""
    assert environment.fingerprint(machine()) != environment.fingerprint(machine(changes))


def test_the_fingerprint_stays_with_what_passes(machine: Callable[..., Path]) -> None:
    """Free memory, the governor of the moment and this process's affinity do not make another machine."""
    passing = {
        "proc/meminfo": "MemTotal:       16384 kB\nMemAvailable:   1 kB\n",
        "proc/self/status": "Cpus_allowed_list:\t0\n",
    }

    assert environment.fingerprint(machine()) == environment.fingerprint(machine(passing))


def test_this_machine_can_be_read() -> None:
    """The real one: it has a kernel, a CPU and memory."""
    described = environment.describe()

    assert described["kernel"]["release"]
    assert described["cpu"]["count"] >= 1
    assert 0 < environment.available_memory() <= described["memory"]["total_bytes"]


def test_who_halts_an_idle_cpu(machine: Callable[..., Path]) -> None:
    """Its driver and its governor, where the kernel has any."""
    folder = "sys/devices/system/cpu/cpuidle"
    both = {f"{folder}/current_driver": "haltpoll\n", f"{folder}/current_governor": "haltpoll\n"}

    assert environment.cpuidle(machine()) == {"driver": None, "governor": None}
    assert environment.cpuidle(machine(both)) == {"driver": "haltpoll", "governor": "haltpoll"}
