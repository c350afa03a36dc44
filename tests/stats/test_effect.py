"""What a factor does, predicted and measured."""

import random

import pytest

from lab.model.outcome import Inconclusive, Reason
from lab.model.quality import Sign
from lab.stats.effect import Pair, effects, order
from lab.stats.forecast import Forecast
from tests.stats.samples import held, known, log_normal, one_each


def _cell(name: str, measured: float, predicted: float, sigma: float = 0.05) -> Forecast:
    source = random.Random(name)  # noqa: S311 - a sample
    return Forecast(name, log_normal(source, predicted, sigma, 10), log_normal(source, measured, sigma, 10))


_SLOW = _cell("p1", 200, 190)
_FAST = _cell("p2", 100, 105)


@pytest.mark.parametrize(
    ("above", "below", "sign"),
    [
        (_SLOW, _FAST, Sign.AGREES),
        (_FAST, _SLOW, Sign.AGREES),
        (_SLOW, _cell("p3", 100, 300), Sign.DISAGREES),
        (_cell("p4", 100, 105), _FAST, Sign.UNDECIDED),
    ],
)
def test_a_sign_counts_where_it_was_measured(above: Forecast, below: Forecast, sign: Sign) -> None:
    """In the same direction, in the other, or too small to have one."""
    (found,) = effects([Pair("gomaxprocs 1 → 2", above, below)]).each

    assert found.sign is sign


def test_an_effect_has_a_size_and_its_error() -> None:
    """Twice as slow where 1.81 was foretold: 1.1 times the effect."""
    found = effects([Pair("gomaxprocs", _SLOW, _FAST)])

    (effect,) = found.each
    assert effect.measured.value == pytest.approx(2, rel=0.1)
    assert effect.predicted == pytest.approx(1.81, rel=0.1)
    assert effect.size.value == pytest.approx(effect.measured.value / effect.predicted)
    assert held(effect.size, effect.size.value)
    assert known(found.signs).value == 1


def test_pairs_without_a_ratio_or_a_sign() -> None:
    """A single process is left out with its reason; without any sign there is no share."""
    single = Forecast("one", one_each([1.0]), one_each([1.0]))
    found = effects([Pair("huge pages", single, _FAST)])

    assert found.left_out["huge pages"].reason is Reason.TOO_FEW
    assert isinstance(found.signs, Inconclusive)
    assert effects([]).each == ()


def test_the_order_of_cells() -> None:
    """1 where it is the predicted one, -1 where it is the opposite."""
    cells = [_cell(f"{n}", 10 * 2**n, 9 * 2**n) for n in range(6)]
    opposite = [Forecast(f"{n}", cells[-n - 1].predicted, cells[n].measured) for n in range(6)]

    assert known(order(cells)).tau == pytest.approx(1)
    assert known(order(opposite)).tau == pytest.approx(-1)
    assert known(order(cells)).p < 0.01


def test_cells_without_an_order() -> None:
    """Too few, or all alike."""
    alike = [Forecast(f"{n}", one_each([2.0]), one_each([float(n + 1)])) for n in range(5)]

    for found, reason in ((order([_SLOW, _FAST]), Reason.TOO_FEW), (order(alike), Reason.CONSTANT)):
        assert isinstance(found, Inconclusive)
        assert found.reason is reason
