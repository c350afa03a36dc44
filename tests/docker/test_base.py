"""Programs with C in them, built on golab's own base and on an image that somebody else made, with all that such a one says."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import docker
import pytest

from lab.engine import debian, images
from lab.engine.base import BaseImage, Exited, Job, Tree
from lab.engine.docker import CACHE_LABEL, DockerEngine
from lab.errors import BuildError, UsageError
from lab.golang import build
from lab.golang.render import GoProgram
from lab.golang.toolchain import Toolchain
from lab.model.building import Building

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]

_ROOT = Path(__file__).parents[2]
_PROGRAM = b"""package main

/*
#include <stdlib.h>
static int twice(int n) { return abs(n) * 2; }
*/
import "C"

func main() {
	println(int(C.twice(-21)))
}
"""
_WITH_C = GoProgram("c", {"go.mod": b"module c\n\ngo 1.22\n", "main.go": _PROGRAM})
_PLAIN = GoProgram("p", {"go.mod": b"module p\n\ngo 1.22\n", "main.go": b"package main\n\nfunc main() {}\n"})
_SPOILT: Mapping[str, Any] = {
    "Entrypoint": ["/bin/false"],
    "User": "1000:1000",
    "WorkingDir": "/nowhere",
    "Env": ["PATH=/usr/bin:/bin", "GOFLAGS=-no-such-flag", "CC=/no/such/compiler", "MINE=1"],
    "Healthcheck": {"Test": ["CMD", "/bin/false"], "Interval": 1_000_000_000},
    "Volumes": {"/usr/local/go/src": {}, "/tmp": {}},  # noqa: S108 - a path inside
}
"""What an image may say, and a build must not hear."""


@pytest.fixture(scope="session")
def foreign(engine: DockerEngine, own: debian.Base, client: docker.DockerClient) -> Iterator[str]:
    """The name of an image with compilers that says all sorts of things about how to run it."""
    ours = engine._ensured(images.of_trees([own.tree], engine._cache))
    name = f"golab-test-compilers:{uuid.uuid4().hex[:8]}"
    repository, _, tag = name.partition(":")
    made = client.containers.create(ours, ["-"], network_mode="none")
    try:
        made.commit(repository=repository, tag=tag, conf=dict(_SPOILT))
    finally:
        made.remove()
    yield name
    for volume in client.volumes.list(filters={"name": str(client.images.get(name).id)[7:23]}):
        volume.remove()  # its build cache
    client.images.remove(name, force=True)


def _ran(binary: build.Binary, folder: Path) -> tuple[int, str]:
    program = folder / binary.sha256[:8]
    program.write_bytes(binary.content)
    program.chmod(0o755)
    done = subprocess.run([str(program)], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_a_program_with_c_is_built_on_both(
    engine: DockerEngine, go_toolchain: Toolchain, own: debian.Base, foreign: str, tmp_path: Path
) -> None:
    """The same bytes from the same compilers, whoever packed them, also twice; and the program runs without a library."""
    built = {}
    for name, base in (("own", engine.base(own.tree)), ("foreign", engine.base(foreign))):
        for number in range(2):
            kept = tmp_path / f"{name}-{number}"
            setting = build.Setting(base=base, building=Building(cgo=True))
            built[kept.name] = build.build(engine, go_toolchain, _WITH_C, kept, setting)

    assert len({binary.sha256 for binary in built.values()}) == 1, built
    assert _ran(built["own-0"], tmp_path) == (0, "42\n")


def test_a_program_of_cpp_alone_is_built_from_its_cc_files(
    engine: DockerEngine, go_toolchain: Toolchain, own: debian.Base, tmp_path: Path
) -> None:
    """It runs without a library; where it does not compile, the compiler's words are shown, and where there is none, what helps."""
    setting = build.Setting(base=engine.base(own.tree), building=Building(language="c++"))
    source = b"#include <mutex>\nint main() { std::once_flag f; int n = 0; std::call_once(f, [&] { n = 3; }); return n; }\n"
    good = GoProgram("cpp", {"cpp/main.cc": source, "main.go": b"package main\n"})
    bad = GoProgram("cpp", {"cpp/main.cc": b"int main() { return x; }\n"})

    binary = build.build(engine, go_toolchain, good, tmp_path, setting)

    assert _ran(binary, tmp_path) == (3, "")
    with pytest.raises(BuildError, match=r"g\+\+ refuses the program"):
        build.build(engine, go_toolchain, bad, tmp_path, setting)
    with pytest.raises(BuildError) as caught:
        build.build(engine, go_toolchain, good, tmp_path / "none", dataclasses.replace(setting, base=None))
    assert "golab engine base" in str(caught.value.hint)


def test_without_c_a_base_changes_nothing(
    engine: DockerEngine, go_toolchain: Toolchain, foreign: str, tmp_path: Path
) -> None:
    """Go needs nothing below it, so the binary is that of a build from scratch."""
    setting = build.Setting(base=engine.base(foreign))

    on_it = build.build(engine, go_toolchain, _PLAIN, tmp_path / "a", setting)

    assert on_it.sha256 == build.build(engine, go_toolchain, _PLAIN, tmp_path / "b").sha256


@pytest.fixture
def probing(engine: DockerEngine, probe_tree: Tree, probe_build: Job, probe_cache: str, foreign: str) -> Job:
    """The probe as a job on the image of somebody else."""
    return dataclasses.replace(
        probe_build,
        tree=probe_tree,
        files={},
        environment={"PLACE": "{work}"},
        cache=probe_cache,
        outputs=(),
        base=engine.base(foreign),
    )


def _probed(engine: DockerEngine, job: Job, *argv: str) -> Exited:
    return engine.run_job(dataclasses.replace(job, argv=("{tree}/probe", *argv)))


def test_a_job_gets_an_images_files_and_not_its_words(engine: DockerEngine, probing: Job) -> None:
    """None of its variables, no right, no network, nothing to write but what every job may write."""
    found = set(_probed(engine, probing, "environment").stdout.decode().splitlines())
    status = _probed(engine, probing, "status").stdout.decode()
    words = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    paths = ("/golab/work/x", "/golab/cache/x", "/tmp/x", "/x", "/usr/bin/gcc", "/golab/tree/x")  # noqa: S108 - a path inside
    written = _probed(engine, probing, "write", *paths).stdout.decode()

    assert {entry.partition("=")[0] for entry in found} <= {"PLACE", "PATH", "HOSTNAME", "HOME"}
    assert [int(words[name], 16) for name in ("CapPrm", "CapEff", "CapBnd")] == [0, 0, 0]
    assert (words["NoNewPrivs"], words["Seccomp"], words["Uid"].split()[0]) == ("1", "2", "0")
    assert _probed(engine, probing, "interfaces").stdout == b"lo\n"
    allowed = dict(line.split() for line in written.splitlines())
    assert allowed == dict.fromkeys(paths[:3], "true") | dict.fromkeys(paths[3:], "false")


def test_a_tree_that_was_half_unpacked_is_unpacked_again(
    engine: DockerEngine, probing: Job, client: docker.DockerClient, probe_tree: Tree
) -> None:
    """It is whole when its last file is there; and `clean` finds its volume by the label."""
    tree = dataclasses.replace(probe_tree, key=f"probe-{uuid.uuid4().hex[:8]}")
    assert probing.base is not None
    half = client.containers.create(
        probing.base.image,
        entrypoint=["-"],
        mounts=[docker.types.Mount("/golab/tree", f"golab-tree-{tree.key}", no_copy=True)],
    )
    half.remove(v=True)

    done = _probed(engine, dataclasses.replace(probing, tree=tree), "say", "0")

    assert (done.exit_code, done.stdout) == (0, b"said\n")
    found = client.volumes.list(filters={"name": f"golab-tree-{tree.key}"})
    found[0].remove()
    labelled = client.volumes.list(filters={"label": CACHE_LABEL})
    assert f"golab-tree-{probe_tree.key}" in {volume.name for volume in labelled}


@pytest.mark.parametrize("name", ["golab-no-such", "golab-no-such:1", "sha256:" + "0" * 64])
def test_an_image_that_is_not_there_is_a_sentence(engine: DockerEngine, foreign: str, name: str) -> None:
    """With what to do; and the nearest one that there is."""
    with pytest.raises(UsageError, match="the engine has no image") as caught:
        engine.base(name)
    with pytest.raises(UsageError) as near:
        engine.base(f"{foreign}x")

    assert f"docker pull {name} or docker load -i FILE" in str(caught.value.hint)
    assert f"did you mean {foreign}" in str(near.value.hint)


def _run(caches: Path, results: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lab", "--root", str(_ROOT / "tests/labs/withc")]
    command += ["run", "scenario", "withc", "--results", str(results), *options]
    return subprocess.run(
        command,
        cwd=_ROOT,
        env={**os.environ, "XDG_CACHE_HOME": str(caches)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("asked", ["auto", "golab", "IMAGE"])
def test_a_scenario_with_c_is_run(
    own: debian.Base, foreign: str, engine: DockerEngine, tmp_path: Path, asked: str
) -> None:
    """C's answer is in the table, what it was built on in the record: by its id, and golab's own by its packages, too."""
    name = foreign if asked == "IMAGE" else asked

    done = _run(own.tree.path.parents[3], tmp_path, "--engine", "docker", "--base", name, "--json")

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["cells"][0]["metrics"]["twice_count"]["measured"]["values"] == [42, 42]
    base = result["provenance"]["base"]
    assert base["name"] == (foreign if asked == "IMAGE" else "golab")
    wanted: str | Tree = foreign if asked == "IMAGE" else own.tree
    assert base["image"] == engine.base(wanted).image
    assert base["packages"] == ({} if asked == "IMAGE" else dict(own.packages))
    assert json.loads((Path(result["record"]) / "plan.json").read_text())["provenance"]["base"] == base


def test_the_cpp_original_and_a_program_with_c_in_it_are_run(own: debian.Base, tmp_path: Path) -> None:
    """Beside a program of Go alone, whose deadlock the runtime sees; nobody predicts what is no Go."""
    cells = ("cpp_nested", "cpp_reentrant", "cpp_mutex", "crossed", "crossed-cgo")
    command = [sys.executable, "-m", "lab", "run", "scenario", "once-deadlock", "--engine", "docker"]
    command += ["--json", "--runs", "1", "--costs", "packaged", "--no-calibrate"]

    done = subprocess.run(
        [*command, "--results", str(tmp_path), *(f"--only={cell}" for cell in cells)],
        cwd=_ROOT,
        env={**os.environ, "XDG_CACHE_HOME": str(own.tree.path.parents[3])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    told = {cell["id"]: cell["outcome"] for cell in json.loads(done.stdout)["cells"]}
    assert {name: (each["measured"], each["predicted"]) for name, each in told.items()} == {
        "cpp_nested": ({"exit": 1}, None),
        "cpp_reentrant": ({"hang": 1}, None),
        "cpp_mutex": ({"hang": 1}, None),
        "crossed": ({"deadlock": 1}, {"deadlock": 32}),
        "crossed-cgo": ({"hang": 1}, {"hang": 32}),
    }
    assert told["cpp_mutex"]["not_predicted"].startswith("a program in C++ has no Go scheduler")


def test_a_run_without_its_base_says_what_to_do(caches: Path, foreign: str, tmp_path: Path) -> None:
    """No such image, none made yet, a name that can be none, an engine without a root; nothing is recorded."""
    empty = tmp_path / "empty"
    (empty / "golab").mkdir(parents=True)
    shutil.copytree(caches / "golab/go", empty / "golab/go", symlinks=True)
    results = tmp_path / "results"
    tried = {
        ("docker", f"{foreign}x"): (2, f"the engine has no image '{foreign}x', and golab fetches none"),
        ("docker", "golab"): (4, "golab's own base for builds is not made yet"),
        ("docker", "auto"): (4, "is not made yet, and the program has C in it"),
        ("docker", "../containers"): (2, "'../containers' can name no image"),
        ("host", foreign): (4, "the engine host has no base for builds"),
        ("host", "golab"): (4, "the engine host has no base for builds"),
    }

    for (engine, base), (code, said) in tried.items():
        done = _run(empty, results, "--engine", engine, "--base", base)

        assert (done.returncode, done.stdout) == (code, ""), (engine, base, done.stderr)
        assert said in done.stderr, (engine, base, done.stderr)
        assert "hint: " in done.stderr
    assert not results.exists()


def test_a_base_without_a_compiler_says_which_has_one(
    engine: DockerEngine, go_toolchain: Toolchain, probe_tree: Tree, tmp_path: Path
) -> None:
    """In the compiler's own words, and with a hint."""
    bare = BaseImage(image="sha256:" + "0" * 64, tree=probe_tree)

    with pytest.raises(BuildError, match='C compiler "gcc" not found') as caught:
        build.build(
            engine, go_toolchain, _WITH_C, tmp_path, build.Setting(base=bare, building=Building(cgo=True))
        )

    assert "--base golab" in str(caught.value.hint)
