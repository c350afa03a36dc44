"""Files on their way into a container through its engine's API: as a tar, whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from lab.engine import images
from lab.engine.base import Tree
from lab.engine.places import relative

WHOLE: Final = ".golab-whole"
"""The last file of a tree that was unpacked: without it, the unpacking was cut off."""


def packed(files: Mapping[str, bytes]) -> bytes:
    """A job's files, dated now: a build tool takes a file of the same name, length and time for the same."""
    now = int(time.time())
    entries = [images.folder_entry(name) for name in images.parents(files)]
    entries += [images.file_entry(name, files[name], mtime=now) for name in relative(files)]
    return b"".join(images.tar(entries))


def packed_tree(tree: Tree) -> Iterator[bytes]:
    """What is in *tree*, and last of all the file :data:`WHOLE`, in pieces of about 1 MiB."""
    return images.pieces(images.tar(_entries(tree)))


def _entries(tree: Tree) -> Iterator[images.Entry]:
    yield from images.tree_entries(replace(tree, at="/"))
    yield images.file_entry(WHOLE, tree.key.encode())
