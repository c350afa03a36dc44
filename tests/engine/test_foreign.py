"""What an image that somebody else made has to be, and what a job does not get of it."""

import pytest

from lab.engine.base import BaseImage
from lab.engine.foreign import base_of, environment, refuse_misnamed, unknown
from lab.errors import UsageError

_INSPECTED = {
    "Id": "sha256:12",
    "Os": "linux",
    "Architecture": "amd64",
    "RepoDigests": ["gcc@sha256:34"],
    "Config": {"Env": ["PATH=/opt/gcc/bin:/bin", "GOFLAGS=-x", "EMPTY="], "Entrypoint": ["/start"]},
}
"""The part of an engine's answer that is looked at."""


def test_an_image_is_its_id_its_digests_and_its_path() -> None:
    """What else it sets is known by name, so that it can be unset."""
    assert base_of("gcc", _INSPECTED) == BaseImage(
        image="sha256:12",
        path="/opt/gcc/bin:/bin",
        digests=("gcc@sha256:34",),
        variables=("EMPTY", "GOFLAGS", "PATH"),
    )


@pytest.mark.parametrize("config", [None, {}, {"Env": None}, {"Env": ["PATH="]}])
def test_an_image_without_a_path_has_the_usual_one(config: object) -> None:
    """Images made from nothing have no environment at all."""
    assert "/usr/bin" in base_of("bare", {**_INSPECTED, "Config": config}).path


@pytest.mark.parametrize(("system", "machine"), [("linux", "arm64"), ("windows", "amd64"), (None, None)])
def test_an_image_for_another_machine_is_refused(system: str | None, machine: str | None) -> None:
    """With the name of what it is for."""
    with pytest.raises(UsageError, match=f"'gcc' is for {system}/{machine}"):
        base_of("gcc", {**_INSPECTED, "Os": system, "Architecture": machine})


def test_an_images_variables_are_unset() -> None:
    """Unless the job sets them itself: None is how an engine is told so."""
    base = base_of("gcc", _INSPECTED)

    assert environment(base, {"PATH": "/go/bin", "HOME": "/tmp"}) == {  # noqa: S108 - a path inside
        "EMPTY": None,
        "GOFLAGS": None,
        "PATH": "/go/bin",
        "HOME": "/tmp",  # noqa: S108 - likewise
    }
    assert environment(None, {"A": "1"}) == {"A": "1"}


@pytest.mark.parametrize(
    "name", ["gcc", "gcc:14.2-bookworm", "host:5000/a/b_c@sha256:12ab", "sha256:12ab", "12ab"]
)
def test_a_name_may_be_any_reference(name: str) -> None:
    """With a registry, a tag, a digest, or an id alone."""
    refuse_misnamed(name)


@pytest.mark.parametrize(
    "name", ["", " ", "-x", "a b", "a\n", "../containers", "a/../b", "a//b", "a?b=c", "ä", "x" * 600]
)
def test_what_can_be_no_name_is_refused(name: str) -> None:
    """Before it becomes part of an address."""
    with pytest.raises(UsageError, match="can name no image"):
        refuse_misnamed(name)


def test_a_slip_is_told_the_nearest() -> None:
    """And what to do where it was no slip."""
    error = unknown("gcc:41", ["gcc:14", "debian:12"])

    assert str(error) == "the engine has no image 'gcc:41', and golab fetches none"
    assert str(error.hint).startswith("did you mean gcc:14? else docker pull gcc:41 or docker load")
    assert str(unknown("gcc", []).hint).startswith("docker pull gcc or")
