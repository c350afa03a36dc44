"""What one replicate of mmap-large says: the names that the manifest asks for, and what must hold on any machine."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lab.engine.host import HostEngine
from lab.golang.build import build
from lab.golang.render import render_program
from lab.golang.toolchain import Toolchain
from lab.manifest import load
from lab.model.level import Level
from lab.model.scenario import Scenario

pytestmark = [pytest.mark.go, pytest.mark.slow]

_MIB = 1 << 20
_BATCHED = 2 * 31 * 4096
"""Pages that each of two CPUs may hold back before it counts them as LazyFree: PAGEVEC_SIZE, linux/pagevec.h."""
_SIZE = 16 * _MIB

Replicate = Callable[..., Mapping[str, list[int]]]


@pytest.fixture(scope="module")
def scenario(lab_root: Path) -> Scenario:
    """The manifest."""
    return load(lab_root / "scenarios/mmap-large.toml")


@pytest.fixture(scope="module")
def replicate(
    scenario: Scenario,
    lab_root: Path,
    cache: Path,
    go_toolchain: Toolchain,
    tmp_path_factory: pytest.TempPathFactory,
) -> Replicate:
    """A function that runs one replicate and gives its observations by name."""
    templates = lab_root / "go_templates"
    values = {factor.name: factor.default.value for factor in scenario.factors}
    program = render_program(templates, "mmap-large", tools=templates, go_line="1.27", values=values)
    binary = tmp_path_factory.mktemp("mmap-large") / "mmap-large"
    binary.write_bytes(build(HostEngine(cache=cache), go_toolchain, program, cache).content)
    binary.chmod(0o755)

    def run(*flags: str, environment: Mapping[str, str] | None = None) -> Mapping[str, list[int]]:
        reading, writing = os.pipe()
        with os.fdopen(reading) as lines:
            process = subprocess.Popen(
                [binary, *flags], pass_fds=(writing,), env={"LAB_FD": str(writing), **(environment or {})}
            )
            os.close(writing)
            said = [json.loads(line) for line in lines]
        assert process.wait() == 0
        assert said[0] == {"wire": 2}
        found: dict[str, list[int]] = {}
        for line in said:
            if "o" in line:
                found.setdefault(line["o"], []).append(line["v"])
        return found

    return run


@pytest.mark.parametrize(
    ("mode", "thp"),
    [
        ("reserve", "never"),
        ("touch", "never"),
        ("touch", "madvise"),
        ("touch", "always"),
        ("heap", "never"),
        ("ticker", "never"),
        ("ticker", "madvise"),
    ],
)
def test_each_mode_gives_its_metrics(scenario: Scenario, replicate: Replicate, mode: str, thp: str) -> None:
    """All that the manifest wants of it, but what the kernel may refuse; durations are positive."""
    found = replicate(f"-mode={mode}", f"-size={_SIZE * 4}", f"-thp={thp}")
    levels = {factor.name: factor.default for factor in scenario.factors}
    levels |= {"mode": Level(mode, mode), "thp": Level(thp, thp)}
    wanted = {metric.observation for metric in scenario.metrics_of(levels)}

    assert wanted - {"mmap_rw_64g_ns"} <= set(found)
    assert all(value > 0 for name in wanted & set(found) if name.endswith("_ns") for value in found[name])


def test_mapping_adds_nothing_and_touching_all(replicate: Replicate) -> None:
    """Neither resident memory nor page tables before the first touch; both after it."""
    mapped = replicate("-mode=reserve")
    touched = replicate("-mode=touch", f"-size={_SIZE}")

    assert mapped["rss_grown_by_mmap_bytes"][0] < _MIB
    assert mapped["page_tables_grown_by_mmap_bytes"][0] < _MIB
    assert _SIZE <= touched["rss_grown_by_touch_bytes"][0] < _SIZE + _MIB
    assert touched["page_tables_grown_by_touch_bytes"][0] >= _SIZE // 512


def test_a_refused_mapping_is_an_observation(replicate: Replicate) -> None:
    """Per kind, and in all; a reservation is never refused."""
    found = replicate("-mode=reserve")

    assert found["mmap_none_64g_errno"] == found["mmap_noreserve_64g_errno"] == [0]
    assert found["mmap_errno"] == found["mmap_rw_64g_errno"]
    assert ("mmap_rw_64g_ns" in found) is (found["mmap_errno"] == [0])


@pytest.mark.parametrize(("thp", "huge"), [("never", 0), ("madvise", _SIZE)])
def test_huge_pages_are_those_that_were_asked_for(replicate: Replicate, thp: str, huge: int) -> None:
    """Whatever the machine's own setting is, but `never`."""
    setting = Path("/sys/kernel/mm/transparent_hugepage/enabled").read_text()
    if "[never]" in setting and thp == "madvise":
        pytest.skip("this machine has no transparent huge pages")

    assert replicate("-mode=touch", f"-size={_SIZE}", f"-thp={thp}")["huge_bytes"] == [huge]


@pytest.mark.parametrize(
    ("level", "lazily"), [("", False), ("madvdontneed=1", False), ("madvdontneed=0", True)]
)
def test_unset_is_one(replicate: Replicate, level: str, lazily: bool) -> None:  # noqa: FBT001 - a column of the table
    """Memory given back is gone at once, unless madvdontneed=0 leaves it to the kernel's leisure."""
    found = replicate("-mode=heap", f"-size={_SIZE}", environment={"GODEBUG": level} if level else None)

    assert (found["heap_lazyfree_bytes"][0] >= _SIZE - _BATCHED) is lazily
    assert (found["heap_rss_released_bytes"][0] < _MIB) is lazily


def test_bad_flags_are_usage(replicate: Replicate) -> None:
    """With a sentence, and exit code 2."""
    with pytest.raises(AssertionError):
        replicate("-mode=nothing")
