"""The vocabulary of rules: each kind is read, and each mistake is named where it is made, before anything is measured."""

from pathlib import Path

import pytest

from lab import manifest
from lab.errors import ManifestError
from lab.manifest.vocabulary import KINDS
from lab.model.rule import (
    Bounds,
    Crossing,
    Difference,
    Largest,
    Operand,
    Order,
    Quantity,
    Ratio,
    ShareEnding,
    ShareWithin,
    Slope,
    Value,
)
from lab.model.run import Ending
from lab.report.scenario import rule_in_words

_SCENARIO = """
format = 1
title = "t"
blocks = "b"
look_for = "l"
releases = ["1.27.3"]
[limits]
time = "1s"
memory = "1MiB"
pids = 4
[[factors]]
name = "mode"
title = "m"
kind = "text"
levels = ["one", "two"]
default = "one"
reaches = "flag"
[[factors]]
name = "size"
title = "s"
kind = "integer"
levels = ["1", "10", "100"]
default = "1"
reaches = "flag"
prefix = "s"
[[cells]]
name = "all"
levels = { mode = ["one", "two"], size = ["1", "10", "100"] }
[[cells]]
name = "procs"
levels = { gomaxprocs = ["auto", "2"] }
[[metrics]]
name = "wait_ns"
title = "w"
observation = "wait_ns"
unit = "ns"
[[metrics]]
name = "work_ns"
title = "w"
observation = "work_ns"
unit = "ns"
[[metrics]]
name = "only_two_ns"
title = "w"
observation = "only_two_ns"
unit = "ns"
where = { mode = ["two"] }
[[metrics]]
name = "grown_bytes"
title = "g"
observation = "grown_bytes"
unit = "bytes"
[[claims]]
id = "9.1"
statement = "a wait takes 10 to 20 ns"
figure = { text = "10-20 ns", from = 10, to = 20, unit = "ns" }
"""


def _text(rule: str, claim: str = "") -> str:
    return f"{_SCENARIO}{claim}[[claims.rules]]\nsays = 'it'\n{rule}\n"


def _mistakes(text: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        manifest.read(text.encode(), name="example", path=Path("example.toml"))
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


_OF = Operand("one", "wait_ns")
_RULES: list[tuple[str, Quantity, Bounds]] = [
    ("cell = 'one'\nmetric = 'wait_ns'\nsupported_from = 1", Value(_OF), Bounds(supported_from=1)),
    (
        "cell = 'one'\nmetric = 'wait_ns'\nover_cell = 'two'\nsupported_from = 1",
        Ratio(_OF, Operand("two", "wait_ns")),
        Bounds(supported_from=1),
    ),
    (
        "kind = 'value'\ncell = 'one'\nmetric = 'wait_ns'\nsupported_to = 1\nrefuted_from = 2",
        Value(_OF),
        Bounds(supported_to=1, refuted_from=2),
    ),
    (
        (
            "kind = 'ratio'\ncell = 'one'\nmetric = 'wait_ns'\nover_metric = 'work_ns'\nsupported_from = 0.9\n"
            "supported_to = 1.1\nrefuted_from = 1.2\nrefuted_to = 0.8"
        ),
        Ratio(_OF, Operand("one", "work_ns")),
        Bounds(supported_from=0.9, supported_to=1.1, refuted_from=1.2, refuted_to=0.8),
    ),
    (
        "kind = 'difference'\ncell = 'two'\nmetric = 'wait_ns'\nless_cell = 'one'\nrefuted_to = 0",
        Difference(Operand("two", "wait_ns"), _OF),
        Bounds(refuted_to=0),
    ),
    (
        "kind = 'figure'\ncell = 'one'\nmetric = 'wait_ns'\ntolerance = 0.25",
        Value(_OF),
        Bounds(supported_from=8, supported_to=25, refuted_from=25, refuted_to=8),
    ),
    (
        "kind = 'figure'\ncell = 'one'\nmetric = 'wait_ns'\ntail = 'p95'\ntolerance = 0.25",
        Value(_OF, "p95"),
        Bounds(supported_from=8, supported_to=25, refuted_from=25, refuted_to=8),
    ),
    (
        "kind = 'figure'\ncell = 'two'\nmetric = 'wait_ns'\nless_cell = 'one'\ntolerance = 0\nrefuted_beyond = 1",
        Difference(Operand("two", "wait_ns"), _OF),
        Bounds(supported_from=10, supported_to=20, refuted_from=40, refuted_to=5),
    ),
    (
        "kind = 'slope'\nfactor = 'size'\ncells = ['one-s10', 'one', 'one-s100']\nmetric = 'wait_ns'\nsupported_from = 1",
        Slope(((1, _OF), (10, Operand("one-s10", "wait_ns")), (100, Operand("one-s100", "wait_ns"))), "log"),
        Bounds(supported_from=1),
    ),
    (
        "kind = 'slope'\nscale = 'linear'\ncell = 'one'\nmetrics = ['wait_ns', 'work_ns']\nat = [0, 1]\nsupported_from = 1",
        Slope(((0, _OF), (1, Operand("one", "work_ns"))), "linear"),
        Bounds(supported_from=1),
    ),
    (
        "kind = 'share'\ncell = 'one'\nendings = ['deadlock', 'timeout']\nsupported_from = 0.6",
        ShareEnding("one", (Ending.DEADLOCK, Ending.TIMEOUT)),
        Bounds(supported_from=0.6),
    ),
    (
        "kind = 'share'\ncell = 'one'\nmetric = 'wait_ns'\nat_most = 1000\nsupported_from = 0.6",
        ShareWithin(_OF, None, 1000),
        Bounds(supported_from=0.6),
    ),
    (
        "kind = 'largest'\ncell = 'two'\nparts = ['wait_ns']\nrest = ['work_ns']\nless_cell = 'one'\nsupported_from = 0.5",
        Largest("two", ("wait_ns",), ("work_ns",), "one"),
        Bounds(supported_from=0.5),
    ),
    (
        "kind = 'order'\ncell = 'one'\nmetrics = ['wait_ns', 'work_ns']\nsupported_from = 1\nrefuted_to = 1",
        Order((_OF, Operand("one", "work_ns"))),
        Bounds(supported_from=1, refuted_to=1),
    ),
    (
        "kind = 'order'\ncells = ['one', 'two']\nmetric = 'wait_ns'\nsupported_from = 1",
        Order((_OF, Operand("two", "wait_ns"))),
        Bounds(supported_from=1),
    ),
    (
        "kind = 'crossing'\nfactor = 'size'\ncells = ['one', 'one-s10']\nmetric = 'wait_ns'\nbelow = 0.8\nsupported_to = 10",
        Crossing(((1, _OF), (10, Operand("one-s10", "wait_ns"))), 0.8, "count"),
        Bounds(supported_to=10),
    ),
]


@pytest.mark.parametrize(("rule", "quantity", "bounds"), _RULES)
def test_each_kind_is_read(rule: str, quantity: Quantity, bounds: Bounds) -> None:
    """A quantity, and where its interval has to lie; each can be said in words."""
    scenario = manifest.read(_text(rule).encode(), name="example", path=Path("example.toml"))

    (found,) = scenario.claims[0].rules
    assert (found.quantity, found.bounds) == (quantity, bounds)
    assert rule_in_words(found, scenario).startswith("it: ")


def test_every_kind_is_tried_above() -> None:
    """Nothing of the vocabulary goes without a test."""
    assert {kind for kind in KINDS for rule, _, _ in _RULES if f"kind = '{kind}'" in rule} == set(KINDS)


_VALUE = "cell = 'one'\nmetric = 'wait_ns'\n"


@pytest.mark.parametrize(
    ("rule", "mistake"),
    [
        (
            f"kind = 'rato'\n{_VALUE}supported_from = 1",
            ".kind: there is no rule of kind 'rato'; did you mean ratio?",
        ),
        (f"{_VALUE}suported_from = 1", ".suported_from: there is no such key; did you mean supported_from?"),
        ("metric = 'wait_ns'\nsupported_from = 1", ".cell: is missing"),
        (
            "cell = 'three'\nmetric = 'wait_ns'\nsupported_from = 1",
            ": no default cell is called 'three' (there are: one, one-s10, one-s100, two, two-s10, two-s100, one-p2)",
        ),
        (
            "cell = 'one'\nmetric = 'wai_ns'\nsupported_from = 1",
            ": no metric is called 'wai_ns'; did you mean wait_ns?",
        ),
        (
            "cell = 'one'\nmetric = 'only_two_ns'\nsupported_from = 1",
            ": only_two_ns is not measured in cell one",
        ),
        (
            f"{_VALUE}over_metric = 'grown_bytes'\nsupported_from = 1",
            ": its metrics have different units (bytes, ns)",
        ),
        (
            f"{_VALUE}over_cell = 'one'\nsupported_from = 1",
            ": over_cell or over_metric has to name another cell or metric than the first",
        ),
        (
            _VALUE,
            ": has no bounds, so it can never decide (supported_from, supported_to, refuted_from, refuted_to)",
        ),
        (
            f"{_VALUE}supported_from = 1\nrefuted_to = 2",
            ": what lies from 1 to 2 would support and refute",
        ),
        (
            f"{_VALUE}supported_from = 10\nsupported_to = 5\nrefuted_from = 4\nrefuted_to = 6",
            ": what lies from 4 to 5 would support and refute",
        ),
        (
            f"{_VALUE}supported_to = -1",
            ": its supported bounds lie outside 0 to inf, where such a quantity is: they never decide",
        ),
        (f"{_VALUE}supported_from = nan", ".supported_from: is nan; should be a finite number"),
        (
            f"{_VALUE}over_cell = 'two'\nrefuted_to = 0",
            ": its refuted bounds lie outside 0 to inf, where such a quantity is: they never decide",
        ),
        (
            "kind = 'share'\ncell = 'one'\nendings = ['timeout']\nsupported_from = 0.9",
            ": 10 replicates show a share to be above 0.72 or below 0.28 at best: its supported bounds never decide",
        ),
        (
            "kind = 'share'\ncell = 'one'\nendings = ['timeout']\nrefuted_to = 0.1",
            ": 10 replicates show a share to be above 0.72 or below 0.28 at best: its refuted bounds never decide",
        ),
        (
            "kind = 'share'\ncell = 'one'\nsupported_from = 0.5",
            ": a share is of a metric (with at_least, at_most or neither) or of endings",
        ),
        (
            "kind = 'share'\ncell = 'one'\nendings = ['hang']\nsupported_from = 0.5",
            (
                ".endings.0: is 'hang'; should be 'exit', 'exit-nonzero', 'signal', 'deadlock', 'timeout', 'oom',"
                " 'contaminated', 'refused', 'build-failed' or 'infra-failed'"
            ),
        ),
        (
            "kind = 'share'\ncell = 'tow'\nendings = ['timeout']\nsupported_from = 0.5",
            ": no default cell is called 'tow'; did you mean two?",
        ),
        (
            f"kind = 'figure'\n{_VALUE}tolerance = 0.5\nrefuted_beyond = 0.25",
            ": what lies from 6.66667 to 8 would support and refute",
        ),
        (
            "kind = 'figure'\ncell = 'one'\nmetric = 'grown_bytes'\ntolerance = 0.5",
            ": is in bytes, and the article's figure in ns",
        ),
        (f"kind = 'figure'\n{_VALUE}supported_from = 1", ".tolerance: is missing"),
        (
            "kind = 'slope'\nfactor = 'mode'\ncells = ['one', 'two']\nmetric = 'wait_ns'\nsupported_from = 1",
            ".factor: the levels of mode are no numbers",
        ),
        (
            "kind = 'slope'\nfactor = 'sise'\ncells = ['one', 'two']\nmetric = 'wait_ns'\nsupported_from = 1",
            ".factor: no factor is called 'sise'; did you mean size?",
        ),
        (
            "kind = 'slope'\nfactor = 'size'\ncells = ['one', 'two-s10']\nmetric = 'wait_ns'\nsupported_from = 1",
            ".cells: differ in more than size",
        ),
        (
            "kind = 'slope'\nfactor = 'size'\ncells = ['one']\nmetric = 'wait_ns'\nsupported_from = 1",
            ".cells: are two or more with different size",
        ),
        (
            "kind = 'slope'\nfactor = 'gomaxprocs'\ncells = ['one', 'one-p2']\nmetric = 'wait_ns'\nsupported_from = 1",
            ".cells: one has gomaxprocs auto, which is no number",
        ),
        (
            "kind = 'slope'\ncell = 'one'\nmetrics = ['wait_ns', 'work_ns']\nat = [1, 1]\nsupported_from = 1",
            ".at: has a number for each of metrics, two or more, none twice",
        ),
        (
            "kind = 'slope'\ncell = 'one'\nmetrics = ['wait_ns', 'work_ns']\nat = [0, 1]\nsupported_from = 1",
            ".scale: a number of 0 or less has no logarithm: take scale = 'linear'",
        ),
        (
            "kind = 'slope'\ncell = 'one'\nmetric = 'wait_ns'\nsupported_from = 1",
            ": a slope has factor, cells and metric (one metric over cells), or cell, metrics and at (metrics at numbers)",
        ),
        (
            "kind = 'order'\ncell = 'one'\nmetrics = ['wait_ns']\nsupported_from = 1",
            ": an order has metric and cells, or cell and metrics: two or more, none twice",
        ),
        (
            "kind = 'largest'\ncell = 'one'\nparts = ['wait_ns']\nrest = ['wait_ns']\nsupported_from = 0.5",
            ".rest: names a metric that is among the parts, or one is named twice",
        ),
        (
            (
                "kind = 'crossing'\nfactor = 'size'\ncells = ['one', 'one-s10']\nmetric = 'wait_ns'\nbelow = 0.8\n"
                "tolerance = 1\nsupported_from = 2"
            ),
            ": is decided by bounds or by a tolerance around the article's figure, not by both",
        ),
        (
            "kind = 'value'\ncell = 'one'\nmetric = 'grown_bytes'\ntail = 'p95'\nsupported_from = 1",
            ".tail: is of a p50 in ns, and grown_bytes is a p50 in bytes",
        ),
        (
            "kind = 'figure'\ncell = 'two'\nmetric = 'wait_ns'\nless_cell = 'one'\ntail = 'p95'\ntolerance = 0",
            ".tail: is of one metric, not of a difference",
        ),
    ],
)
def test_a_rule_that_cannot_be_is_named(rule: str, mistake: str) -> None:
    """What is unknown, what contradicts itself, and what could never decide."""
    assert f"claims[0].rules[0]{mistake}" in _mistakes(_text(rule))


@pytest.mark.parametrize(
    ("figure", "mistake"),
    [
        (
            "",
            "claims[0].rules[0]: is about the article's figure, and the claim has none with a number and a unit",
        ),
        (
            'figure = { text = "µs" }',
            "claims[0].rules[0]: is about the article's figure, and the claim has none with a number and a unit",
        ),
        (
            'figure = { text = "5 ns", value = 5, unit = "ns" }',
            "claims[0].rules[0].tolerance: is 0 around one number, in which no interval lies",
        ),
        (
            'figure = { text = "5", value = 5 }',
            "claims[0].figure: has a unit ('ns', 'bytes' or 'count') where it is a number or a range, and only there",
        ),
        (
            'figure = { text = "5", from = 5, unit = "ns" }',
            "claims[0].figure: is a value, or from and to, or a text alone",
        ),
        (
            'figure = { text = "5-4", from = 5, to = 4, unit = "ns" }',
            "claims[0].figure: goes from the smaller to the larger number, neither below 0",
        ),
        ('figure = { text = "0", value = 0, unit = "ns" }', "claims[0].figure: is above 0"),
    ],
)
def test_a_rule_about_the_figure_needs_one(figure: str, mistake: str) -> None:
    """A number or a range, in the metric's unit."""
    claim = _SCENARIO[_SCENARIO.index("figure = ") :]
    text = _text(f"kind = 'figure'\n{_VALUE}tolerance = 0").replace(claim, f"{figure}\n")

    assert mistake in _mistakes(text)


def test_all_mistakes_of_all_rules_are_said_at_once() -> None:
    """Also where the cells cannot be known for another mistake: then what they would say is left out."""
    text = (
        _text("cell = 'nowhere'\nmetric = 'nothing_ns'\nsupported_from = 1")
        + "[[claims.rules]]\nsays = 'x'\nkind = 'zzz'\n"
        + "[[claims]]\nid = '9.1'\nstatement = 's'\n[[claims.rules]]\nsays = 'y'\n"
    ).replace('title = "t"', 'titel = "t"')

    assert _mistakes(text) == [
        "title: is missing",
        "titel: there is no such key; did you mean title?",
        "claims[0].id: '9.1' is there twice",
        "claims[0].rules[0]: no metric is called 'nothing_ns' (there are: wait_ns, work_ns, only_two_ns, grown_bytes)",
        (
            "claims[0].rules[1].kind: there is no rule of kind 'zzz' (there are: value, ratio, difference, figure, slope,"
            " share, largest, order, crossing)"
        ),
        "claims[1].id: '9.1' is there twice",
        "claims[1].rules[0].cell: is missing",
        "claims[1].rules[0].metric: is missing",
    ]
