"""Who runs when with one P: real Go and the simulator, each held to the same words."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from lab.sim import simulate
from tests.real.orders import ORDERS, Order

pytestmark = pytest.mark.slow


_RUNS = 9


@pytest.mark.go
@pytest.mark.parametrize("name", ORDERS)
def test_a_real_program_says_so(commands: Path, name: str) -> None:
    """The order is the runtime's, not chance's: the same in most of nine runs, for a busy machine may disturb some."""
    environment = {"CASE": name, "GOMAXPROCS": "1"}
    said = Counter(
        subprocess.run(
            [commands / "orders"], env=environment, capture_output=True, text=True, check=True
        ).stderr.strip()
        for _ in range(_RUNS)
    )

    assert said[ORDERS[name].says] > _RUNS // 2, said


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_its_twin_says_so(order: Order) -> None:
    """In every repetition, whatever things cost in it."""
    results = [simulate(order.main, gomaxprocs=1, repetition=number) for number in range(4)]

    assert {" ".join(result.observations["seen"]) for result in results} == {order.says}
