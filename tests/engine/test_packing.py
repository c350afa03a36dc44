"""Files as a tar: a job's are dated, a tree ends with the mark that it is whole."""

import io
import tarfile
import time
from pathlib import Path

from lab.engine.base import Tree
from lab.engine.packing import WHOLE, packed, packed_tree


def test_a_jobs_files_are_dated_now() -> None:
    """With their folders, plain, not executable; Go trusts name, length and time of a file in its index."""
    before = int(time.time())
    with tarfile.open(fileobj=io.BytesIO(packed({"a/b.go": b"package b", "go.mod": b"module a"}))) as archive:
        members = {member.name: member for member in archive}

    assert list(members) == ["a", "a/b.go", "go.mod"]
    assert members["a/b.go"].mode == 0o644
    assert before <= members["a/b.go"].mtime <= time.time()


def test_a_tree_is_whole_when_its_last_file_is_there(tmp_path: Path) -> None:
    """Its files are at the top, wherever an image would show them; its key is in the mark."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/go").write_bytes(b"go")
    (tmp_path / "bin/go").chmod(0o700)
    tree = Tree(key="go-1", path=tmp_path, at="/usr/local/go")

    content = b"".join(packed_tree(tree))

    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert [(member.name, member.mode) for member in archive] == [
            ("bin", 0o755),
            ("bin/go", 0o755),
            (WHOLE, 0o644),
        ]
        mark = archive.extractfile(WHOLE)
        assert mark is not None
        assert mark.read() == b"go-1"
