"""What an engine that was killed leaves elsewhere than in its folder."""

from pathlib import Path

from lab.engine import remains


def test_only_sockets_in_containerds_own_folder_are_a_shims(tmp_path: Path) -> None:
    """An address is believed so far and no further: its file will be removed."""
    tasks = tmp_path / "containerd/daemon/io.containerd.runtime.v2.task/moby"
    for name, address in (("a", "unix:///run/containerd/s/0f"), ("b", "unix:///etc/passwd"), ("c", "")):
        (tasks / name).mkdir(parents=True)
        (tasks / name / "address").write_text(address)

    assert remains.shim_sockets(tmp_path) == [Path("/run/containerd/s/0f")]
    assert remains.shim_sockets(tmp_path / "none") == []
