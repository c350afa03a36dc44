"""Colours of the page: readable in light and dark by WCAG 2's contrast, computed from the style sheet."""

import re
from importlib import resources
from typing import Final

import pytest

_CSS: Final = resources.files("lab.report").joinpath("page.css").read_text()
_TEXT, _GRAPHIC = 4.5, 3.0
"""AA for text of any size, and for what a picture is understood by."""
_PAPERS: Final = ("paper", "raised")
_TEXTS: Final = [
    *((ink, paper) for ink in ("ink", "dim", "link") for paper in _PAPERS),
    *((f"{verdict}", f"{verdict}-paper") for verdict in ("agrees", "disagrees", "inconclusive", "none")),
    *((verdict, "paper") for verdict in ("agrees", "disagrees", "inconclusive", "none", "predicted")),
    ("paper", "ink"),
    ("dim", "band"),
    ("predicted", "band"),
    ("dim", "margin"),
    ("disagrees", "raised"),
]
_GRAPHICS: Final = [
    *((mark, paper) for mark in ("measured", "predicted") for paper in ("paper", "band")),
    *(
        (verdict, paper)
        for verdict in ("agrees", "disagrees", "inconclusive")
        for paper in ("paper", "margin")
    ),
    ("predicted", "margin"),
]


def _scheme(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{6})", block))


_LIGHT, _DARK = (_scheme(block) for block in re.findall(r":root\{(.*?)\}", _CSS, re.DOTALL)[:2])


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_as_the_standard_says() -> None:
    """Black on white is 21; the standard's own example of a grey that just passes."""
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)
    assert _contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", [_LIGHT, _DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "paper", "least"),
    [
        *((ink, paper, _TEXT) for ink, paper in _TEXTS),
        *((ink, paper, _GRAPHIC) for ink, paper in _GRAPHICS),
    ],
)
def test_what_is_to_be_seen_can_be_seen(scheme: dict[str, str], ink: str, paper: str, least: float) -> None:
    """Every pair of colours that meet on the page."""
    assert _contrast(scheme[ink], scheme[paper]) >= least


def test_both_schemes_have_every_colour() -> None:
    """And no rule has a colour of its own."""
    assert _LIGHT.keys() == _DARK.keys()
    assert set(re.findall(r"var\(--([a-z-]+)\)", _CSS)) == _LIGHT.keys()
    assert len(re.findall(r"#[0-9a-f]{3,8}\b", _CSS)) == 2 * len(_LIGHT)
