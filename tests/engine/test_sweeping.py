"""Leftovers in an engine, thing by thing: the dead's go, and what the engine will not remove is told and bars nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import docker.errors
import requests

from lab.engine.sweeping import Swept, sweep
from lab.host import scratch
from lab.host.owner import Owner

_US = Owner.of_this_process("sweep")
_DEAD = replace(_US, boot="another")
_FOREIGN = replace(_US, host="another - pid:[1]", boot="another")


def _refusal(code: int) -> docker.errors.APIError:
    response = requests.Response()
    response.status_code = code
    return docker.errors.APIError("no", response=response, explanation="it is\nbusy")


@dataclass
class _Api:
    """An engine with things in it; it refuses to remove or to list what it is told to, with that code."""

    things: Mapping[str, Sequence[Mapping[str, Any]]]
    refused: Mapping[str, int] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)

    def containers(self, **_: object) -> Any:
        return self._listed("containers")

    def volumes(self, **_: object) -> Any:
        return {"Volumes": self._listed("volumes") or None}

    def images(self, **_: object) -> Any:
        return self._listed("images")

    def remove_container(self, name: str, **_: object) -> None:
        self._removed(name)

    def remove_volume(self, name: str) -> None:
        self._removed(name)

    def remove_image(self, name: str) -> None:
        self._removed(name)

    def _listed(self, kind: str) -> Any:
        if kind in self.refused:
            raise _refusal(self.refused[kind])
        return self.things.get(kind, ())

    def _removed(self, name: str) -> None:
        if name in self.refused:
            raise _refusal(self.refused[name])
        self.gone.append(name)


def _container(name: str, owner: Owner) -> Mapping[str, Any]:
    return {"Id": name, "Names": [f"/{name}"], "Labels": owner.labels()}


def _volume(name: str, owner: Owner) -> Mapping[str, Any]:
    return {"Name": name, "Labels": owner.labels()}


def _image(owner: Owner) -> tuple[str, Mapping[str, Any]]:
    tag = f"{scratch.named('image', owner)}:0123"
    return tag, {"RepoTags": [f"golab:{'0' * 32}", tag]}


def _swept(api: _Api, *, dry: bool = False) -> Swept:
    client: Any = SimpleNamespace(api=api)
    return sweep(client, _US, dry=dry)


def test_the_dead_s_go_and_all_others_stay() -> None:
    """Of each kind; those that nobody here can judge are named. A dry sweep names the same and removes nothing."""
    (dead, of_dead), (_, of_living), (foreign, of_foreign) = (_image(each) for each in (_DEAD, _US, _FOREIGN))
    api = _Api(
        {
            "containers": [_container("c1", _DEAD), _container("c2", _US), _container("c3", _FOREIGN)],
            "volumes": [_volume("v1", _DEAD), _volume("v2", _US), _volume("v3", _FOREIGN)],
            "images": [of_dead, of_living, of_foreign, {"RepoTags": None}, {"RepoTags": ["<none>:<none>"]}],
        }
    )
    wanted = Swept(
        removed=("container c1", "volume v1", f"image {dead}"),
        foreign=("container c3", "volume v3", f"image {foreign}"),
    )

    assert (_swept(api, dry=True), api.gone) == (wanted, [])
    assert (_swept(api), api.gone) == (wanted, ["c1", "v1", dead])


def test_what_the_engine_will_not_remove_is_told_and_the_rest_goes() -> None:
    """By name, with what it said, in a sentence each."""
    tag, image = _image(_DEAD)
    api = _Api(
        {
            "containers": [_container("stuck", _DEAD), _container("c", _DEAD)],
            "volumes": [_volume("used", _DEAD), _volume("v", _DEAD)],
            "images": [image],
        },
        refused={"stuck": 500, "used": 409},
    )

    assert _swept(api) == Swept(
        removed=("container c", "volume v", f"image {tag}"),
        stuck=(
            "container stuck of a dead run stays: the engine would not remove it (500: it is busy)",
            "volume used of a dead run stays: the engine would not remove it (409: it is busy)",
        ),
    )


def test_what_the_engine_will_not_list_is_told_and_the_rest_goes() -> None:
    """A kind at a time."""
    api = _Api({"volumes": [_volume("v", _DEAD)]}, refused={"containers": 500})

    assert _swept(api) == Swept(
        removed=("volume v",),
        stuck=("containers of dead runs stay: the engine would not list any (500: it is busy)",),
    )


def test_what_somebody_else_removes_is_gone() -> None:
    """Two golabs that start at once find the same. A container that is half removed has no name."""
    api = _Api(
        {
            "containers": [
                {"Id": "going", "Names": None, "Labels": _DEAD.labels()},
                _container("gone", _DEAD),
            ],
            "volumes": [_volume("v", _DEAD)],
        },
        refused={"going": 409, "gone": 404, "v": 404},
    )

    assert _swept(api) == Swept(removed=("container going", "container gone", "volume v"))


def test_what_an_engine_calls_with_its_registry_is_known() -> None:
    """As some do with what was loaded into them."""
    tag, _ = _image(_DEAD)
    api = _Api({"images": [{"RepoTags": [f"localhost/{tag}"]}]})

    assert _swept(api).removed == (f"image localhost/{tag}",)
