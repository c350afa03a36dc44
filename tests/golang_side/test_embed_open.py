"""What one replicate of embed-open says under every release, and what an embed.FS is in a program's file."""

import json
import os
import struct
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab import catalogue, manifest
from lab.engine.host import HostEngine
from lab.golang import toolchain
from lab.golang.build import build
from lab.model.level import Level
from lab.model.matrix import Cell, product_cells
from lab.model.scenario import GO_RELEASE, Scenario
from lab.workshop import render_cell

pytestmark = [pytest.mark.go, pytest.mark.slow]

_RELEASES = ("1.22.10", "1.24.11", "1.27.3")
_NEWEST = _RELEASES[-1]
_ENTRY = struct.Struct("<QQQQ16s")
"""embed.file: name and data as Go strings (address, length), and a hash."""

Said = Mapping[str, list[int]]


@dataclass(frozen=True)
class Program:
    """What was built, of what, and by what."""

    path: Path
    files: Mapping[str, bytes]
    go: Path


Made = Callable[..., Program]


@pytest.fixture(scope="module")
def scenario(lab_root: Path) -> Scenario:
    """The manifest."""
    return manifest.load(lab_root / "scenarios/embed-open.toml")


@pytest.fixture(scope="module")
def made(scenario: Scenario, lab_root: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A function that builds a program by its levels."""
    folder = tmp_path_factory.mktemp("embed-open")

    def program(release: str = _NEWEST, **levels: str) -> Program:
        path = folder / "-".join((release, *levels.values()))
        cell = _cell(scenario, release, **levels)
        rendered = render_cell(catalogue.find(lab_root, lab_root), scenario, cell, cell)
        go = toolchain.fetch(release, cache, print)
        if not path.exists():
            path.write_bytes(build(HostEngine(cache=cache), go, rendered, cache).content)
            path.chmod(0o755)
        return Program(path, rendered.files, go.tree.path / "bin/go")

    return program


def _cell(scenario: Scenario, release: str, **levels: str) -> Cell:
    given = {name: (scenario.factor(name).level(text),) for name, text in levels.items()}
    (cell,) = product_cells(scenario, {**given, GO_RELEASE: (Level(release, release),)})
    return cell


def _said(program: Program, *flags: str) -> Said:
    """One replicate: what it observed, by name."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as lines:
        process = subprocess.Popen([program.path, *flags], pass_fds=(writing,), env={"LAB_FD": str(writing)})
        os.close(writing)
        said: dict[str, list[int]] = {}
        for line in map(json.loads, lines):
            if "o" in line:
                said.setdefault(line["o"], []).append(line["v"])
            if "m" in line:
                said.setdefault(f"start_to_{line['m']}_ns", []).append(line["t"])
    assert process.wait(60) == 0
    return said


@pytest.mark.parametrize("release", _RELEASES)
@pytest.mark.parametrize("store", ["embed", "zip"])
def test_a_replicate_says_all_that_the_manifest_asks_for(
    scenario: Scenario, made: Made, store: str, release: str
) -> None:
    """Wherever the pages are, whichever name is asked for; the files stand in the program as they were, or in an archive."""
    program = made(release, store=store, files="30")
    wanted = {metric.observation for metric in scenario.metrics_of(_cell(scenario, release).levels)}
    assert release in scenario.releases
    for flags in ((), ("-ask=first",), ("-pages=mapped",), ("-pages=dropped",)):
        said = _said(program, *flags)

        assert wanted <= set(said), flags
        assert said["binary_bytes"] == [program.path.stat().st_size]
        assert said["verbatim_files"] == [30 if store == "embed" else 0]
        assert (said["directory_entries"][0] >= 30) == (store == "zip")


def test_what_is_mapped_beforehand_does_not_fault(made: Made) -> None:
    """A search through ten thousand names reads pages that nobody has touched; afterwards, or if they are touched first, it reads none."""
    program = made(store="embed", files="10000")

    assert all(_said(program)["first_open_faults"][0] > 0 for _ in range(3))
    assert min(_said(program, "-pages=mapped")["first_open_faults"][0] for _ in range(3)) == 0


@pytest.mark.parametrize("flag", ["-ask=nonsense", "-pages=nonsense"])
def test_bad_flags_are_usage(made: Made, flag: str) -> None:
    """With a sentence."""
    done = subprocess.run(
        [made(store="embed", files="30").path, flag], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert done.stderr.startswith("embed-open: cannot do -ask=")


@pytest.mark.parametrize("release", _RELEASES)
def test_an_embed_fs_is_a_sorted_list_beside_the_files_as_they_were(
    made: Made, go_environment: dict[str, str], release: str
) -> None:
    """A slice's three words, then 48 bytes a name: where it stands, where the content stands, and 16 bytes of a hash."""
    program = made(release, store="embed", files="30")
    command = [str(program.go), "tool", "nm", str(program.path)]
    symbols = subprocess.run(command, env=go_environment, capture_output=True, text=True, check=True).stdout
    (at,) = (
        line.split()[0]
        for line in symbols.splitlines()
        if line.split(maxsplit=2)[-1] == "main.embedded.files"
    )

    found = list(_listed(program.path.read_bytes(), int(at, 16)))

    embedded = {path: text for path, text in program.files.items() if path.startswith("data/")}
    assert [name for name, _, _ in found] == ["data/", *sorted(embedded)]
    assert {name: data for name, data, _ in found} == {"data/": b"", **embedded}
    assert len({hash_ for _, _, hash_ in found}) == len(found)


def _listed(content: bytes, at: int) -> Iterator[tuple[str, bytes, bytes]]:
    """The entries of the list at an address."""
    start, length, capacity = struct.unpack_from("<QQQ", content, _offset(content, at))
    assert start == at + 24
    assert length == capacity
    for number in range(length):
        place = _offset(content, start) + number * _ENTRY.size
        name, name_length, data, data_length, hash_ = _ENTRY.unpack_from(content, place)
        yield (
            _text(content, name, name_length).decode(),
            _text(content, data, data_length) if data_length else b"",
            hash_,
        )


def _text(content: bytes, address: int, length: int) -> bytes:
    return content[(at := _offset(content, address)) : at + length]


def _offset(content: bytes, address: int) -> int:
    """Where in an ELF file stands what is at *address* once it is loaded: by its program headers."""
    (headers,) = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    for number in range(count):
        kind, _, offset, start, _, length = struct.unpack_from("<IIQQQQ", content, headers + number * size)
        if kind == 1 and start <= address < start + length:
            return int(offset + address - start)
    raise AssertionError(f"nothing is loaded at {address:#x}")
