"""What is mounted, as the kernel has it and as a path."""

import os
from pathlib import Path

from lab.host import mounts

_MOUNTS = os.fsdecode(
    b"overlay / overlay rw 0 0\n"
    b"overlay /srv/golab/data overlay rw 0 0\n"
    b"tmpfs /srv/golab/data/x\\040y tmpfs rw 0 0\n"
    b"tmpfs /home/jos\xc3\xa9/.cache\\134 tmpfs rw 0 0\n"
    b"tmpfs /home/jos\xe9 tmpfs rw 0 0\n"
)


def test_a_mount_point_is_a_path() -> None:
    """A name may have any byte: some the kernel writes in octal, others as they are, be they UTF-8 or not."""
    assert [os.fsencode(point) for point in mounts.points(_MOUNTS)] == [
        b"/",
        b"/srv/golab/data",
        b"/srv/golab/data/x y",
        b"/home/jos\xc3\xa9/.cache\\",
        b"/home/jos\xe9",
    ]


def test_what_is_below_a_folder_is_found_innermost_first() -> None:
    """By whole names."""
    assert mounts.below(_MOUNTS, Path("/srv/golab/data")) == ["/srv/golab/data/x y", "/srv/golab/data"]
    assert mounts.below(_MOUNTS, Path("/srv/golab/da")) == []
    assert mounts.below(_MOUNTS, Path("/home/josé")) == ["/home/josé/.cache\\"]


def test_links_lead_to_what_is_mounted(tmp_path: Path) -> None:
    """The kernel lists where it is."""
    (tmp_path / "link").symlink_to("/proc")

    assert mounts.is_mounted(f"{tmp_path}/link")
    assert "/proc" in mounts.at(tmp_path / "link")
    assert not mounts.is_mounted(str(tmp_path))
