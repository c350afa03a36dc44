"""Images made by hand: the same files give the same image id, which is known before an engine sees them.

An image is a docker-archive: a tar of layers (tars themselves) and a config. Order, owner, times and the
config's date are fixed, because ``docker build`` and ``import`` put the clock into the id. A tree of 250 MB
is never held in memory: an archive is a stream, and what it takes to know a layer's digest beforehand is
kept in a cache by :attr:`Tree.key`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import stat
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import Final

from lab.engine.base import FOLDER, File, Spec, Tree
from lab.errors import EnvironmentRefusedError
from lab.host import scratch
from lab.model.folder import laid_in

LABEL: Final = "golab.image"
"""Marks the images that the lab made."""

_EPOCH: Final = "1970-01-01T00:00:00Z"
_BLOCK: Final = tarfile.BLOCKSIZE
_CHUNK_BYTES: Final = 1 << 20
_CACHE_FORMAT: Final = 1
"""Goes up when the bytes of a tree's layer change."""
_WHOSE: Final = "/golab/whose"
"""In the lowest layer of a folder that holds something: by it this layer and all above it are no other image's."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A member of a tar: its header, and its content as a stream that can be had again."""

    header: tarfile.TarInfo
    content: Callable[[], Iterable[bytes]] = tuple


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: the digest and the length in bytes of its tar, and its entries."""

    diff_id: str
    size: int
    entries: Callable[[], Iterable[Entry]] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Image:
    """Layers, the lowest first, and nothing else: no command, no environment, no date. An engine keeps it in *repository*, which is no part of it."""

    layers: tuple[Layer, ...]
    repository: str = "golab"

    @cached_property
    def config(self) -> bytes:
        """The image's config as an engine stores it; its digest is the image's id."""
        config = {
            "architecture": "amd64",
            "config": {"Labels": {LABEL: "1"}},
            "created": _EPOCH,
            "history": [{"created": _EPOCH, "created_by": "golab"} for _ in self.layers],
            "os": "linux",
            "rootfs": {"diff_ids": [layer.diff_id for layer in self.layers], "type": "layers"},
        }
        return json.dumps(config, sort_keys=True, separators=(",", ":")).encode()

    @cached_property
    def id(self) -> str:
        """``sha256:…``, by which an engine knows the image."""
        return f"sha256:{hashlib.sha256(self.config).hexdigest()}"

    @property
    def tag(self) -> str:
        """A name made from the id, for engines whose store knows images by another digest than their config's."""
        return f"{self.repository}:{self.id.removeprefix('sha256:')[:32]}"

    def archive(self, above: int = 0) -> Iterator[bytes]:
        """The docker-archive, in pieces of about 1 MiB; without the *above* lowest layers, of which the engine has an image.

        It knows a layer by its digest and those below, and asks for the content of no other (moby: image/tarexport/load.go).
        """
        return pieces(tar(self._members(above)))

    def _members(self, above: int) -> Iterator[Entry]:
        names = [f"{layer.diff_id.removeprefix('sha256:')}.tar" for layer in self.layers]
        config_name = f"{self.id.removeprefix('sha256:')}.json"
        manifest = [{"Config": config_name, "RepoTags": [self.tag], "Layers": names}]
        yield file_entry(config_name, self.config)
        for name, layer in list(zip(names, self.layers, strict=True))[above:]:
            yield Entry(_header(name, size=layer.size), partial(_layer_tar, layer))
        yield file_entry("manifest.json", json.dumps(manifest).encode())


def is_own(spec: Spec) -> bool:
    """Whether the image of *spec* is one run's alone: the kernel keeps which names were looked up in a layer, also those that were not there.

    So names of a folder are new to it only where its layers are no other container's, of no run before.
    """
    return spec.folder.startswith("overlay:") and bool(spec.laid)


def of_spec(spec: Spec, cache: Path, run: str = "") -> Image:
    """The image of *spec*: its agent in one layer, which many images share, its other files in the next; below them its trees.

    The trees' digests are kept in the folder *cache*. Its folder is in the layers above: one for each that ``overlay:N`` asks for, or else, where it will be mounted, an empty one.
    Of an image of fewer layers than that the last ones are one. Where that folder holds something its layers are no other *run*'s, and no other spec's.
    EnvironmentRefusedError where its trees alone are as many.
    """
    agent = [file for file in spec.files if file.path == spec.agent[0]]
    others = [file for file in spec.files if file.path != spec.agent[0]]
    own = [files for files in (agent, others) if files]
    kind, _, number = spec.folder.partition(":")
    if kind == "overlay":
        most = int(number) - len(spec.trees)
        if most < 1:
            raise EnvironmentRefusedError(f"an image of {number} layers has no room beside what it holds")
        wanted = max(most - len(own), 1)
        own += [_folder_files(spec, k, wanted) for k in range(1, wanted + 1)]
        if is_own(spec):
            own[-wanted].append(_whose(spec, run))
        own[most - 1 :] = [[file for files in own[most - 1 :] for file in files]]
    elif kind != "tmpfs":
        own.append([layer_file(1)])
    layers = [layer_of_tree(tree, cache) for tree in spec.trees]
    return Image((*layers, *(layer_of_files(files) for files in own)))


def _folder_files(spec: Spec, number: int, wanted: int) -> list[File]:
    """What the layer with this number of as many as are *wanted* holds of the spec's folder."""
    found = [layer_file(number)]
    for laid in laid_in(number, wanted, spec.laid):
        first, *others = (
            File(path=f"{FOLDER}/{path}", content=laid.content, executable=False) for path in laid.paths
        )
        if laid.is_linked:
            others = [replace(file, content=b"", linked_to=first.path) for file in others]
        found += [first, *others]
    return found


def _whose(spec: Spec, run: str) -> File:
    limits = replace(spec, files=(), trees=())  # files and trees lie below
    return File(path=_WHOSE, content=f"{run}\n{limits}\n".encode(), executable=False)


def layer_file(number: int) -> File:
    """The file by which a layer of a spec's folder is known."""
    name = f"layer-{number}"
    return File(path=f"{FOLDER}/{name}", content=name.encode(), executable=False)


def of_trees(trees: Iterable[Tree], cache: Path) -> Image:
    """The image that shows *trees* at their places, the lowest first; their digests are kept in the folder *cache*."""
    return Image(tuple(layer_of_tree(tree, cache) for tree in trees))


def layer_of_files(files: Sequence[File]) -> Layer:
    """A layer of *files* and the folders above them."""
    entries = list(_file_entries(files))
    digest, size = _digest(entries)
    return Layer(digest, size, lambda: entries)


def layer_of_tree(tree: Tree, cache: Path) -> Layer:
    """A layer of *tree*. Its content is read only if *cache* does not hold its digest yet."""
    entries = partial(tree_entries, tree)
    place = hashlib.sha256(tree.at.encode()).hexdigest()[:8]
    known = cache / f"{tree.key}-{place}-{_CACHE_FORMAT}.json"
    if (found := _read_digest(known)) is not None:
        return Layer(*found, entries)
    digest, size = _digest(entries())
    with contextlib.suppress(OSError):  # a cache that cannot be written costs a second, not the run
        _keep(known, {"diff_id": digest, "size": size})
    return Layer(digest, size, entries)


def tar(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The entries as a tar, header by header and piece by piece."""
    for entry in entries:
        yield entry.header.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        yield from _exactly(entry)
        yield b"\0" * (-entry.header.size % _BLOCK)
    yield b"\0" * (2 * _BLOCK)


def file_entry(name: str, content: bytes, *, executable: bool = False, mtime: int = 0) -> Entry:
    """A regular file of a tar; *mtime* in seconds since 1970."""
    header = _header(name, size=len(content), mode=0o755 if executable else 0o644)
    header.mtime = mtime
    return Entry(header, lambda: (content,))


def _link_entry(name: str, to: str) -> Entry:
    """Another name of a file of the same tar."""
    header = _header(name)
    header.type = tarfile.LNKTYPE
    header.linkname = to
    return Entry(header)


def folder_entry(name: str) -> Entry:
    """A folder of a tar."""
    header = _header(name, mode=0o755)
    header.type = tarfile.DIRTYPE
    return Entry(header)


def parents(paths: Iterable[str]) -> list[str]:
    """Every folder above the relative *paths*, the upper ones first."""
    return sorted(
        {str(above) for path in paths for above in PurePosixPath(path).parents if str(above) != "."}
    )


def _header(name: str, *, size: int = 0, mode: int = 0o644) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)  # owner 0, time 0
    header.size = size
    header.mode = mode
    return header


def _layer_tar(layer: Layer) -> Iterator[bytes]:
    return tar(layer.entries())


def _exactly(entry: Entry) -> Iterator[bytes]:
    """The entry's content; a file that changes while it is read must not shift what follows it."""
    left = entry.header.size
    for chunk in entry.content():
        left -= len(chunk)
        if left < 0:
            break
        yield chunk
    if left:
        raise EnvironmentRefusedError(f"{entry.header.name} changed while it was read")


def _digest(entries: Iterable[Entry]) -> tuple[str, int]:
    digest = hashlib.sha256()
    size = 0
    for chunk in tar(entries):
        digest.update(chunk)
        size += len(chunk)
    return f"sha256:{digest.hexdigest()}", size


def _read_digest(known: Path) -> tuple[str, int] | None:
    try:
        found = json.loads(known.read_text())
        return str(found["diff_id"]), int(found["size"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # not there, or cut off: it is computed again


def _keep(known: Path, found: Mapping[str, str | int]) -> None:
    known.parent.mkdir(parents=True, exist_ok=True)
    scratch.write(known, json.dumps(found).encode())


def _file_entries(files: Sequence[File]) -> Iterator[Entry]:
    by_name = {file.path.lstrip("/"): file for file in files}
    for name in parents(by_name):
        yield folder_entry(name)
    for name in sorted(by_name, key=lambda name: (bool(by_name[name].linked_to), name)):
        file = by_name[name]
        if file.linked_to:
            yield _link_entry(name, file.linked_to.lstrip("/"))
        else:
            yield file_entry(name, file.content, executable=file.executable)


def tree_entries(tree: Tree) -> Iterator[Entry]:
    """What is in *tree*, at its place, with the folders above it."""
    at = tree.at.strip("/")
    if at:
        for name in parents([f"{at}/x"]):
            yield folder_entry(name)
    yield from _below(tree.path, at)


def _below(folder: Path, name: str) -> Iterator[Entry]:
    for path in sorted(folder.iterdir()):
        entry = _entry_of(path, f"{name}/{path.name}".lstrip("/"))
        yield entry
        if entry.header.isdir():
            yield from _below(path, entry.header.name)


def _entry_of(path: Path, name: str) -> Entry:
    status = path.lstat()
    if stat.S_ISDIR(status.st_mode):
        return folder_entry(name)
    if stat.S_ISLNK(status.st_mode):
        header = _header(name, mode=0o777)
        header.type = tarfile.SYMTYPE
        header.linkname = str(path.readlink())
        return Entry(header)
    if not stat.S_ISREG(status.st_mode):
        raise EnvironmentRefusedError(f"{path} is neither a file, a folder nor a link")
    mode = 0o755 if status.st_mode & 0o111 else 0o644
    return Entry(_header(name, size=status.st_size, mode=mode), partial(_read, path))


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer pieces: a header of 512 bytes is not worth a send of its own."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        if len(held) >= _CHUNK_BYTES:
            yield bytes(held)
            held.clear()
    yield bytes(held)
