"""The same files give the same image, whatever the clock, the owner and the order say."""

import hashlib
import io
import json
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from lab.engine import images
from lab.engine.base import File, Spec, Tree
from lab.errors import EnvironmentRefusedError
from lab.model.folder import Laid

_AGENT = File(path="/agent", content=b"agent")
_PROGRAM = File(path="/bin/program", content=b"program")
_WORDS = File(path="/bin/words", content=b"words", executable=False)
_NOWHERE = Path("/nowhere")
"""Where no digest is kept: without a tree none is looked for."""


def _spec(*files: File) -> Spec:
    return Spec(files=files, agent=("/agent",), memory_bytes=1, pids=1)


def _image(*files: File) -> images.Image:
    return images.of_spec(_spec(*files), _NOWHERE)


def _tree(folder: Path, key: str = "t-1") -> Tree:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/go").write_bytes(b"\x7fELF")
    (folder / "bin/go").chmod(0o750)
    (folder / "VERSION").write_text("go1.27.3")
    (folder / "link").symlink_to("bin/go")
    return Tree(key=key, path=folder, at="/usr/local/go")


def _tar_of(layer: images.Layer) -> bytes:
    return b"".join(images.tar(layer.entries()))


def _members(content: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {member.name: member for member in archive}


def test_the_id_is_a_fixed_function_of_the_files() -> None:
    """The id of an image is a literal: if it changes, every cached image and every record's digest does."""
    image = _image(_AGENT, _PROGRAM)

    assert image.id == "sha256:5ac9b53698a5c5ceeb92460ffc367fb86c428ecd34a8642c2153fd53c5816359"
    assert image.id == f"sha256:{hashlib.sha256(image.config).hexdigest()}"


def test_the_name_of_its_repository_is_no_part_of_an_image() -> None:
    """It says whose it is where an engine has it: whoever owns it, records tell of the same image."""
    image = _image(_AGENT)
    owned = replace(image, repository="golab-image-whose")

    assert (owned.id, owned.layers) == (image.id, image.layers)
    assert owned.tag == image.tag.replace("golab:", "golab-image-whose:")
    assert owned.tag.encode() in b"".join(owned.archive())


def test_the_order_of_files_does_not_matter() -> None:
    """A layer is sorted, so a spec that lists its files otherwise is the same image."""
    assert _image(_AGENT, _PROGRAM, _WORDS).id == _image(_WORDS, _AGENT, _PROGRAM).id


@pytest.mark.parametrize(
    "other",
    [
        File(path="/bin/program", content=b"Program"),
        File(path="/bin/Program", content=b"program"),
        File(path="/bin/program", content=b"program", executable=False),
    ],
)
def test_content_name_and_mode_matter(other: File) -> None:
    """Any difference in what a file is gives another image."""
    assert _image(_AGENT, other).id != _image(_AGENT, _PROGRAM).id


def test_programs_share_the_agents_layer() -> None:
    """The agent is in a layer of its own, the lowest, so that an engine keeps it once."""
    one, other = _image(_AGENT, _PROGRAM), _image(_AGENT, _WORDS)

    assert one.layers[0] == other.layers[0]
    assert one.layers[1] != other.layers[1]


def test_trees_lie_below_the_files(tmp_path: Path) -> None:
    """The lowest first, in the layers that jobs have of them: an engine keeps each once."""
    base = replace(_tree(tmp_path / "base", "base"), at="/")
    go = _tree(tmp_path / "go", "go")
    image = images.of_spec(replace(_spec(_AGENT, _PROGRAM), trees=(base, go)), tmp_path / "digests")

    assert image.layers[:2] == images.of_trees([base, go], tmp_path / "digests").layers
    assert image.layers[2:] == _image(_AGENT, _PROGRAM).layers


def test_what_the_engine_has_is_not_sent_again(tmp_path: Path) -> None:
    """An archive above one layer names all of them, and has the content of the others; the id is that of the whole."""
    spec = replace(_spec(_AGENT, _PROGRAM), trees=(_tree(tmp_path / "go"),))
    image = images.of_spec(spec, tmp_path / "digests")
    whole, above = (_members(b"".join(image.archive(count))) for count in (0, 1))
    lowest = f"{image.layers[0].diff_id.removeprefix('sha256:')}.tar"

    assert set(whole) - set(above) == {lowest}
    with tarfile.open(fileobj=io.BytesIO(b"".join(image.archive(1)))) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        (named,) = json.load(manifest)
    assert len(named["Layers"]) == 3
    assert named["Layers"][0] == lowest
    assert named["Config"] == f"{image.id.removeprefix('sha256:')}.json"


def test_a_layer_holds_the_folders_above_its_files() -> None:
    """Folders come before what is in them; owner and time are 0, modes fixed."""
    members = _members(_tar_of(images.layer_of_files([_WORDS, _PROGRAM])))

    assert list(members) == ["bin", "bin/program", "bin/words"]
    assert [member.mode for member in members.values()] == [0o755, 0o755, 0o644]
    assert {(member.uid, member.gid, member.mtime) for member in members.values()} == {(0, 0, 0)}


def test_a_trees_digest_depends_on_its_content_alone(tmp_path: Path) -> None:
    """Two folders with the same content, made at other times and with other modes, are one layer."""
    one, other = _tree(tmp_path / "one"), _tree(tmp_path / "other", key="t-2")
    os.utime(other.path / "VERSION", (1, 1))
    (other.path / "VERSION").chmod(0o600)

    assert images.of_trees([one], tmp_path).id == images.of_trees([other], tmp_path).id


def test_a_tree_is_shown_at_its_place(tmp_path: Path) -> None:
    """The layer holds the folders above the place, files with their x bit, and links as links."""
    members = _members(_tar_of(images.layer_of_tree(_tree(tmp_path / "go"), tmp_path)))

    assert sorted(members) == [
        "usr",
        "usr/local",
        "usr/local/go",
        "usr/local/go/VERSION",
        "usr/local/go/bin",
        "usr/local/go/bin/go",
        "usr/local/go/link",
    ]
    assert members["usr/local/go/bin/go"].mode == 0o755
    assert members["usr/local/go/link"].linkname == "bin/go"


def test_a_trees_digest_is_remembered_by_its_key(tmp_path: Path) -> None:
    """With a known key the tree is not read again: here it is gone, and the digest is still had."""
    tree = _tree(tmp_path / "go")
    first = images.layer_of_tree(tree, tmp_path / "cache")
    (tree.path / "VERSION").unlink()

    assert images.layer_of_tree(tree, tmp_path / "cache") == first


def test_a_cut_off_note_is_made_again(tmp_path: Path) -> None:
    """A cache file that was cut off by a crash costs a computation, not a wrong digest."""
    tree = _tree(tmp_path / "go")
    first = images.layer_of_tree(tree, tmp_path / "cache")
    (note,) = (tmp_path / "cache").iterdir()
    note.write_text(note.read_text()[:20])

    assert images.layer_of_tree(tree, tmp_path / "cache") == first


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """Without a place to remember it, the digest is computed all the same."""
    blocked = tmp_path / "blocked"
    blocked.write_text("a file")

    assert images.layer_of_tree(_tree(tmp_path / "go"), blocked / "cache").size > 0


def test_what_is_no_file_is_refused_by_name(tmp_path: Path) -> None:
    """A pipe in a tree cannot be laid into an image."""
    tree = _tree(tmp_path / "go")
    os.mkfifo(tree.path / "pipe")

    with pytest.raises(EnvironmentRefusedError, match="go/pipe is neither"):
        images.layer_of_tree(tree, tmp_path)


def test_a_file_that_changes_between_stat_and_read_is_refused(tmp_path: Path) -> None:
    """A longer content would shift every later header of the archive."""
    tree = _tree(tmp_path / "go")
    entries = list(images.layer_of_tree(tree, tmp_path).entries())
    (tree.path / "VERSION").write_text("longer than before")

    with pytest.raises(EnvironmentRefusedError, match="VERSION changed while it was read"):
        b"".join(images.tar(entries))


def test_an_archive_says_what_it_holds(tmp_path: Path) -> None:
    """Manifest, config and layers fit each other: the layer's tar has the digest that the config names."""
    image = images.of_trees([_tree(tmp_path / "go")], tmp_path)
    content = b"".join(image.archive())
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        files = {member.name: file.read() for member in archive if (file := archive.extractfile(member))}

    (manifest,) = json.loads(files["manifest.json"])
    (layer,) = manifest["Layers"]
    assert manifest["RepoTags"] == [image.tag]
    assert files[manifest["Config"]] == image.config
    assert json.loads(image.config)["rootfs"]["diff_ids"] == [
        f"sha256:{hashlib.sha256(files[layer]).hexdigest()}"
    ]


def test_an_archive_comes_in_few_pieces(tmp_path: Path) -> None:
    """Thousands of small files are not sent header by header."""
    (tmp_path / "go").mkdir()
    for number in range(200):
        (tmp_path / f"go/{number}").write_bytes(b"x" * 10_000)

    pieces = list(images.of_trees([Tree(key="k", path=tmp_path / "go", at="/go")], tmp_path).archive())

    assert len(pieces) <= 4
    assert sum(map(len, pieces)) > 2_000_000


def test_a_folder_on_an_overlay_has_as_many_layers_as_asked() -> None:
    """Of which the lowest two are the agent's and the program's, whose digests others share."""
    files = (File(path="/golab/agent", content=b"a"), File(path="/golab/program", content=b"p"))
    specs = [
        Spec(files=files, agent=("/golab/agent",), memory_bytes=1, pids=1, folder=folder)
        for folder in ("tmpfs", "overlay:3", "overlay:125", "bind", "overlay-mount:9")
    ]
    layers = [[layer.diff_id for layer in images.of_spec(spec, _NOWHERE).layers] for spec in specs]

    assert [len(each) for each in layers] == [2, 3, 125, 3, 3]
    assert all(each[:2] == layers[0] for each in layers)
    assert len(set(layers[2])) == 125


def _laying(folder: str, *laid: Laid) -> list[dict[str, tarfile.TarInfo]]:
    """The members of each layer, the lowest first."""
    files = (File(path="/golab/agent", content=b"a"), File(path="/golab/program", content=b"p"))
    spec = Spec(files=files, agent=("/golab/agent",), memory_bytes=1, pids=1, folder=folder, laid=laid)
    return [_members(_tar_of(layer)) for layer in images.of_spec(spec, _NOWHERE).layers]


def test_an_image_of_one_or_two_layers_has_all_in_them() -> None:
    """The agent's is the lowest, the last one is what is left; where trees take them all, there is none."""
    one, two = _laying("overlay:1"), _laying("overlay:2")

    assert [{"golab/agent", "golab/program", "golab/fs/layer-1"} <= set(each) for each in one] == [True]
    assert [set(each) - {"golab", "golab/fs"} for each in two] == [
        {"golab/agent"},
        {"golab/program", "golab/fs/layer-1"},
    ]


def test_trees_that_are_all_layers_there_may_be_leave_no_room(tmp_path: Path) -> None:
    """For the program."""
    spec = replace(_spec(_AGENT, _PROGRAM), trees=(_tree(tmp_path / "a"),), folder="overlay:1")

    with pytest.raises(EnvironmentRefusedError, match="an image of 1 layers has no room"):
        images.of_spec(spec, tmp_path)


def test_what_a_folder_is_to_hold_lies_in_the_layer_that_is_named() -> None:
    """The lowest of the folder's own, or the top one; linked files are names of the first, and take no room."""
    low = Laid(path="a/b/file-{}", size=10, count=2)
    top = Laid(path="big-{}", size=9, count=11, layer="top", is_linked=True)
    *_, lowest, _, highest = _laying("overlay:5", low, top)

    assert lowest.pop("golab/whose").isfile()
    assert {name: member.size for name, member in lowest.items() if member.isfile()} == {
        "golab/fs/layer-1": 7,
        "golab/fs/a/b/file-0": 10,
        "golab/fs/a/b/file-1": 10,
    }
    links = {name: member.linkname for name, member in highest.items() if member.islnk()}
    assert links == {f"golab/fs/big-{number}": "golab/fs/big-0" for number in range(1, 11)}
    assert list(highest).index("golab/fs/big-0") < list(highest).index("golab/fs/big-1")
    assert highest["golab/fs/big-0"].size == 9
    assert [len(low.content), len(top.content)] == [10, 9]
    assert 0 not in top.content


def _chains(spec: Spec, run: str) -> set[tuple[str, ...]]:
    """What an engine keeps a spec's folder layers by: each with all that lies below it."""
    ids = [layer.diff_id for layer in images.of_spec(spec, _NOWHERE, run).layers]
    return {tuple(ids[: count + 1]) for count in range(2, len(ids))}


def test_a_folder_that_holds_something_shares_its_layers_with_nobody() -> None:
    """Neither with one of more layers, nor of other limits, nor of another run: the kernel would know the names that were looked up there."""
    files = (File(path="/golab/agent", content=b"a"), File(path="/golab/program", content=b"p"))
    laid = (Laid(path="new-{}", size=0, count=3),)
    eight = Spec(files=files, agent=("/golab/agent",), memory_bytes=1, pids=1, folder="overlay:8", laid=laid)
    others = [replace(eight, folder="overlay:32"), replace(eight, quota=0.5), replace(eight, cpuset="0")]
    found = [_chains(eight, "a run"), _chains(eight, "another"), *(_chains(each, "a run") for each in others)]

    assert [len(each) for each in found] == [6, 6, 30, 6, 6]
    assert len(set[tuple[str, ...]]().union(*found)) == 54
    assert images.of_spec(eight, _NOWHERE, "a run").id == images.of_spec(eight, _NOWHERE, "a run").id


def test_an_empty_folder_is_anybodys() -> None:
    """What is looked up there is named by who looks: its image is kept, and is every run's."""
    empty = Spec(files=(_AGENT,), agent=("/agent",), memory_bytes=1, pids=1, folder="overlay:8")

    assert not images.is_own(empty)
    assert _chains(empty, "a run") == _chains(empty, "another")
