"""What a build stands on, by its name; and what that changes of the build."""

import json
from pathlib import Path

import pytest

from lab.engine.base import BaseImage, Exited, Job, Tree
from lab.engine.host import HostEngine
from lab.errors import BuildError, EnvironmentRefusedError
from lab.golang.base import choose
from lab.golang.build import SCRATCH, Setting, build
from lab.golang.render import GoProgram
from lab.golang.toolchain import Toolchain
from lab.model.building import Building
from tests.fakes import FakeEngine

_GO = Toolchain("1.27.3", Tree(key="go", path=Path("/go"), at="/usr/local/go"))
_PROGRAM = GoProgram("p", {"go.mod": b"module p\n", "main.go": b"package main\n"})


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A cache with a base in it."""
    folder = tmp_path / "bases/debian"
    (folder / "root").mkdir(parents=True)
    base = {"format": 1, "key": "base-x", "suite": "bookworm", "packages": {"gcc": "12", "g++": "12"}}
    (folder / "base.json").write_text(json.dumps(base))
    return tmp_path


def test_nothing_is_asked_nothing_is_below(tmp_path: Path) -> None:
    """A program without C needs no base, made or not."""
    assert choose(FakeEngine(), "auto", tmp_path, cgo=False) is None
    assert choose(HostEngine(cache=tmp_path), "auto", tmp_path, cgo=True) is None


@pytest.mark.parametrize(("asked", "cgo"), [("golab", False), ("golab", True), ("auto", True)])
def test_golabs_own_base_has_packages(made: Path, asked: str, cgo: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """By name, or because there is C in the program."""
    base = choose(FakeEngine(), asked, made, cgo=cgo)

    assert base is not None
    assert base.described() == {
        "name": "golab",
        "image": base.image.image,
        "digests": [],
        "packages": {"gcc": "12", "g++": "12"},
    }
    assert str(base) == f"in golab ({base.image.image[:19]}, 2 packages)"


def test_an_image_is_known_by_its_id(tmp_path: Path) -> None:
    """Its packages are not."""
    base = choose(FakeEngine(), "gcc:14", tmp_path, cgo=True)

    assert base is not None
    assert (base.name, base.packages) == ("gcc:14", {})
    assert str(base) == f"in gcc:14 ({base.image.image[:19]})"


@pytest.mark.parametrize(("asked", "said"), [("golab", "is not made yet"), ("auto", "has C in it")])
def test_a_base_that_is_not_made_says_how_to_make_it(tmp_path: Path, asked: str, said: str) -> None:
    """One command, as root."""
    with pytest.raises(EnvironmentRefusedError, match=said) as caught:
        choose(FakeEngine(), asked, tmp_path, cgo=True)

    assert "golab engine base" in str(caught.value.hint)


@pytest.mark.parametrize("asked", ["golab", "gcc:14"])
def test_the_host_has_none(made: Path, asked: str) -> None:
    """Whatever is there."""
    with pytest.raises(EnvironmentRefusedError, match="the engine host has no base"):
        choose(HostEngine(cache=made), asked, made, cgo=False)


def test_a_build_says_what_it_stands_on(tmp_path: Path) -> None:
    """The job has the base, its PATH, a cache that builds from scratch never read; and each kind is kept apart."""
    engine = FakeEngine()
    base = BaseImage(image="sha256:" + "1" * 64, path="/opt/bin")
    settings = [
        SCRATCH,
        Setting(base=base),
        Setting(base=base, building=Building(cgo=True)),
        Setting(building=Building(cgo=True)),
    ]

    for setting in settings:
        build(engine, _GO, _PROGRAM, tmp_path, setting)
        build(engine, _GO, _PROGRAM, tmp_path, setting)  # is kept

    assert [job.base for job in engine.jobs] == [None, base, base, None]
    assert [job.environment["PATH"] for job in engine.jobs] == [
        "{tree}/bin",
        "{tree}/bin:/opt/bin",
        "{tree}/bin:/opt/bin",
        "{tree}/bin:/usr/local/bin:/usr/bin:/bin",
    ]
    assert [job.environment["CGO_ENABLED"] for job in engine.jobs] == ["0", "0", "1", "1"]
    assert [job.cache for job in engine.jobs] == [
        "go-build-1.27.3",
        "go-build-1.27.3-1111111111111111",
        "go-build-1.27.3-1111111111111111",
        "go-build-1.27.3",
    ]
    assert [any("-static" in word for word in job.argv) for job in engine.jobs] == [False, False, True, True]
    assert all({"-trimpath", "-buildvcs=false"} < set(job.argv) for job in engine.jobs)


@pytest.mark.parametrize(("name", "helps"), [("docker", "--base golab"), ("host", "apt-get install g++")])
def test_without_a_compiler_the_way_to_one_is_told(tmp_path: Path, name: str, helps: str) -> None:
    """Go's own words, and what helps where it ran."""

    def refuse(_job: Job) -> Exited:
        said = b'# runtime/cgo\ncgo: C compiler "gcc" not found: exec: "gcc": executable file not found in $PATH\n'
        return Exited(exit_code=1, stdout=b"", stderr=said)

    with pytest.raises(BuildError, match='C compiler "gcc" not found') as caught:
        build(
            FakeEngine(build=refuse, name=name), _GO, _PROGRAM, tmp_path, Setting(building=Building(cgo=True))
        )

    assert helps in str(caught.value.hint)
