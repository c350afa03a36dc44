"""How often each method is wrong, by simulation: the rows of the table in docs/statistics.md.

Every row has its own seed, so it is the same on every machine, and the bounds that its rate must keep: the nominal
rate and three standard errors of so many simulations, or, where the method falls short of it, what it was measured at.
"""

import math
from collections.abc import Iterator
from functools import partial

import numpy as np

from lab.model.outcome import Prediction, Verdict
from lab.stats.censored import Durations, logrank
from lab.stats.compare import compare, compare_runs, predicted
from lab.stats.correlation import correlation
from lab.stats.drift import drifts
from lab.stats.estimate import centre, centre_ratio
from lab.stats.family import all_agree, holm
from lab.stats.process import PerProcess, Repetitions
from lab.stats.rank import rank_test
from lab.stats.shape import shape
from lab.stats.share import compare_shares, share
from lab.stats.stopping import is_precise
from lab.stats.tail import name_of, tail
from lab.stats.trend import moves, trend
from lab.stats.welch import difference, spread
from tests.stats.rate import Rate, Source, at_most, between, rate
from tests.stats.rates_over_cells import rates_over_cells
from tests.stats.samples import clustered, held, known, one_each

_MARGIN = 0.15
_EDGE = 1 + _MARGIN


def _processes(source: Source, ratio: float, cv: float, n: int) -> PerProcess:
    sigma = math.sqrt(math.log1p(cv * cv))
    return one_each((ratio * np.exp(source.normal(0, sigma, n))).tolist())


def _prediction(value: float = 1.0, log_se: float = 0.0) -> Prediction:
    return Prediction(value=value, low=value, high=value, log_se=log_se, calibrations=8, n=32)


def _pooled(source: Source, repetitions: int) -> bool:
    samples = [clustered(source, 10, repetitions) for _ in range(2)]
    logs = [[math.log(value) for each in sample.processes for value in each] for sample in samples]
    found = difference(spread(logs[0]), spread(logs[1]))
    return abs(found.value) > found.half_width(0.95)


def _by_process(source: Source) -> bool:
    found = known(centre_ratio(*(clustered(source, 10, 200).reduced("p50") for _ in range(2))))
    return not held(found, 1.0)


def _ranked(source: Source) -> bool:
    return rank_test(*(_processes(source, 1, 0.3, 10) for _ in range(2)))[0] <= 0.05


def _verdict(source: Source, verdict: Verdict, *, ratio: float, cv: float, n: int) -> bool:
    return known(compare(_processes(source, ratio, cv, n), _prediction(), _MARGIN)).verdict is verdict


def _calibrated(source: Source, verdict: Verdict, *, ratio: float) -> bool:
    """A calibration that is 5 % off, resampled 8 times with as much spread, 4 simulated processes each."""
    off = np.exp(source.normal(0, 0.05) + source.normal(0, 0.05, 8))
    foretold = known(predicted([_processes(source, each, 0.08, 4) for each in off.tolist()]))
    return known(compare(_processes(source, ratio, 0.08, 10), foretold, _MARGIN)).verdict is verdict


def _runs(source: Source, verdict: Verdict, *, ratio: float, cv: float, n: int) -> bool:
    new, old = _processes(source, ratio, cv, n), _processes(source, 1, cv, n)
    return known(compare_runs(new, old, _MARGIN)).comparison.verdict is verdict


def _stopped(source: Source, verdict: Verdict, *, ratio: float, cv: float) -> bool:
    values = _processes(source, ratio, cv, 40).values
    for n in range(1, 41):
        sample = one_each(values[:n])
        if n == 40 or is_precise(sample, _MARGIN):
            return known(compare(sample, _prediction(), _MARGIN)).verdict is verdict
    raise AssertionError


def _centre_holds(source: Source) -> bool:
    return held(known(centre(_processes(source, 1, 0.5, 10))), 1.0)


def _tail_holds(source: Source, q: float, z: float, processes: int, repetitions: int) -> bool:
    seed = int(source.integers(2**31))
    found = known(tail(clustered(source, processes, repetitions), q, seed=seed, resamples=300))
    return held(found, math.exp(0.5 * z))


def _icc_holds(source: Source) -> bool:
    found = known(correlation(clustered(source, 10, 20)))
    assert found.low is not None
    assert found.high is not None
    return found.low <= 0.35 <= found.high


def _any_differs(source: Source, *, corrected: bool) -> bool:
    p_values = [
        rank_test(*(one_each(source.normal(9, 1, 8).tolist()) for _ in range(2)))[0] for _ in range(40)
    ]
    return min(holm(p_values) if corrected else p_values) <= 0.05


def _family_disagrees(source: Source) -> bool:
    """40 cells, all at the edge of the margin; Holm on how surely each is beyond it."""
    p_values = [
        known(compare(_processes(source, _EDGE, 0.08, 10), _prediction(), _MARGIN)).p_disagrees
        for _ in range(40)
    ]
    return min(holm([known(p) for p in p_values])) < 0.05


def _all_agree(source: Source) -> bool:
    """40 cells, one of them at the edge of the margin."""
    ratios = [_EDGE] + [1.0] * 39
    found = (known(compare(_processes(source, ratio, 0.05, 10), _prediction(), _MARGIN)) for ratio in ratios)
    return all_agree(each.verdict for each in found) is Verdict.AGREES


def _steady_moves(source: Source) -> bool:
    return moves(trend(clustered(source, 10, 20)))


def _warming_moves(source: Source) -> bool:
    """The first half of each process is 20 % slower."""
    factors = 1 + 0.2 * (np.arange(60) < 30)
    processes = np.array(clustered(source, 10, 60, sigma=0.3).processes) * factors
    return moves(trend(Repetitions(processes.tolist())))


def _shapes_differ(source: Source, scale: float) -> bool:
    one = clustered(source, 10, 30)
    other = np.exp(np.log(np.array(clustered(source, 10, 30).processes)) * scale)
    found = known(shape(one, Repetitions(other.tolist()), seed=int(source.integers(2**31)), permutations=199))
    return found.energy_p <= 0.05


def _drifts(source: Source, by: float) -> bool:
    """40 metrics of 20 processes, which get slower by the factor *by* from first to last."""
    course = np.linspace(0, math.log(by), 20)
    samples = {n: one_each(np.exp(course + source.normal(0, 0.1, 20)).tolist()) for n in range(40)}
    return bool(drifts(samples))


def _shares_differ(source: Source, p: float, q: float) -> bool:
    k, j = source.binomial(20, p), source.binomial(20, q)
    return known(compare_shares((int(k), 20), (int(j), 20))).p <= 0.05


def _share_holds(source: Source) -> bool:
    return held(known(share(int(source.binomial(20, 0.2)), 20)), 0.2)


def _durations(source: Source, ratio: float) -> Durations:
    times = (ratio * source.exponential(1, 20)).tolist()
    return Durations(
        one_each([each for each in times if each < 1.5]), one_each([1.5 for each in times if each >= 1.5])
    )


def _durations_differ(source: Source, ratio: float) -> bool:
    return known(logrank(_durations(source, ratio), _durations(source, 1))) <= 0.05


def rates() -> Iterator[Rate]:
    """The rows, in the table's order."""
    aa = "A/A finds a difference"
    for repetitions, bounds in ((25, (0.43, 0.63)), (200, (0.71, 0.91))):
        yield between(
            aa + ", pooled (golab cannot)",
            f"10 + 10 processes of {repetitions}",
            bounds,
            partial(_pooled, repetitions=repetitions),
            nominal="5%",
            n=400,
        )
    yield rate(aa + ", by process", "10 + 10 processes of 200", 0.05, _by_process, n=600)
    yield at_most(aa + ", ranks", "10 + 10 processes", 0.05, _ranked, n=1000)
    for cv, n in ((0.08, 10), (0.15, 10), (0.15, 20)):
        setting = f"at the margin, CV {cv:.0%}, n {n}"
        yield at_most(
            "agrees, falsely",
            setting,
            0.05,
            partial(_verdict, verdict=Verdict.AGREES, ratio=_EDGE, cv=cv, n=n),
        )
        yield rate(
            "disagrees, falsely",
            setting,
            0.05,
            partial(_verdict, verdict=Verdict.DISAGREES, ratio=_EDGE, cv=cv, n=n),
        )
    both = (Verdict.AGREES, Verdict.DISAGREES)
    for verdict in both:
        yield between(
            f"{verdict.value}, falsely",
            "at the margin, calibration 5 % off, CV 8 %, n 10",
            (0.03, 0.09),
            partial(_calibrated, verdict=verdict, ratio=_EDGE),
            nominal="5%",
        )
    for verdict in both:
        yield at_most(
            f"two runs: {verdict.value}, falsely",
            "at the margin, CV 8 %, n 10 + 10",
            0.05,
            partial(_runs, verdict=verdict, ratio=_EDGE, cv=0.08, n=10),
        )
    for cv, n, bounds in (
        (0.08, 10, (0.97, 1.0)),
        (0.15, 10, (0.7, 0.85)),
        (0.15, 20, (0.96, 1.0)),
        (0.3, 20, (0.2, 0.5)),
    ):
        yield between(
            "agrees, rightly",
            f"ratio 1, CV {cv:.0%}, n {n}",
            bounds,
            partial(_verdict, verdict=Verdict.AGREES, ratio=1.0, cv=cv, n=n),
        )
    for cv, n, bounds in ((0.15, 10, (0.95, 1.0)), (0.3, 10, (0.5, 0.8)), (0.3, 20, (0.8, 0.97))):
        yield between(
            "disagrees, rightly",
            f"ratio 1.4, CV {cv:.0%}, n {n}",
            bounds,
            partial(_verdict, verdict=Verdict.DISAGREES, ratio=1.4, cv=cv, n=n),
        )
    for verdict in both:
        yield between(
            f"{verdict.value}, falsely, stopped when precise",
            "at the margin, CV 15 %, n up to 40",
            (0.04, 0.08),
            partial(_stopped, verdict=verdict, ratio=_EDGE, cv=0.15),
            nominal="5%",
            n=1000,
        )
    yield rate("the centre's 95 % interval holds it", "CV 50 %, n 10", 0.95, _centre_holds)
    for q, z, processes, repetitions, bounds in (
        (0.90, 1.2816, 30, 1, (0.92, 0.99)),
        (0.90, 1.2816, 10, 100, (0.91, 0.99)),
        (0.95, 1.6449, 72, 1, (0.92, 0.99)),
        (0.95, 1.6449, 20, 100, (0.88, 0.98)),
        (0.99, 2.3263, 368, 1, (0.91, 0.99)),
        (0.99, 2.3263, 30, 100, (0.87, 0.98)),
        (0.99, 2.3263, 30, 200, (0.87, 0.98)),
        (0.999, 3.0902, 50, 100, (0.8, 0.93)),
    ):
        setting = f"{processes} processes of {repetitions}" if repetitions > 1 else f"one-shot, n {processes}"
        yield between(
            f"{name_of(q)}'s 95 % interval holds it",
            setting,
            bounds,
            partial(_tail_holds, q=q, z=z, processes=processes, repetitions=repetitions),
            nominal="95%",
            n=300 if processes * repetitions > 1000 or processes > 100 else 600,
        )
    yield rate(
        "the intra-class correlation's 95 % interval holds it", "10 processes of 20", 0.95, _icc_holds, n=1000
    )
    yield between(
        "one of 40 like cells differs, uncorrected",
        "8 + 8 processes",
        (0.7, 0.95),
        partial(_any_differs, corrected=False),
        n=100,
    )
    yield at_most(
        "one of 40 like cells differs, Holm",
        "8 + 8 processes",
        0.05,
        partial(_any_differs, corrected=True),
        n=400,
    )
    yield at_most(
        "one of 40 cells disagrees, Holm", "all at the margin, CV 8 %, n 10", 0.05, _family_disagrees, n=300
    )
    yield at_most(
        "all of 40 cells agree, falsely", "one at the margin, CV 5 %, n 10", 0.05, _all_agree, n=500
    )
    yield at_most("a trend is warned of, falsely", "10 processes of 20", 0.01, _steady_moves)
    yield between(
        "a trend is warned of, rightly",
        "first half 20 % slower, 10 processes of 60",
        (0.9, 1.0),
        _warming_moves,
        n=500,
    )
    yield rate(
        "shapes differ, falsely", "10 + 10 processes of 30", 0.05, partial(_shapes_differ, scale=1.0), n=600
    )
    yield between(
        "shapes differ, rightly",
        "2.5 times the spread, 10 + 10 processes of 30",
        (0.5, 1.0),
        partial(_shapes_differ, scale=2.5),
        n=200,
    )
    yield at_most(
        "a run is told to drift, falsely", "40 metrics of 20 processes", 0.05, partial(_drifts, by=1.0), n=500
    )
    yield between(
        "a run is told to drift, rightly",
        "the same, 30 % slower at its end",
        (0.9, 1.0),
        partial(_drifts, by=1.3),
        n=200,
    )
    yield from rates_over_cells()
    yield at_most(
        "two shares differ, falsely", "both 20 %, 20 + 20", 0.05, partial(_shares_differ, p=0.2, q=0.2), n=200
    )
    yield between(
        "two shares differ, rightly",
        "20 % and 70 %, 20 + 20",
        (0.8, 1.0),
        partial(_shares_differ, p=0.2, q=0.7),
        n=200,
    )
    yield between("a share's 95 % interval holds it", "20 %, n 20", (0.93, 0.98), _share_holds, nominal="95%")
    yield between(
        "durations differ, falsely",
        "20 + 20, a fifth times out",
        (0.03, 0.08),
        partial(_durations_differ, ratio=1.0),
        nominal="5%",
        n=1000,
    )
    yield between(
        "durations differ, rightly",
        "twice as long, 20 + 20",
        (0.3, 0.7),
        partial(_durations_differ, ratio=2.0),
        n=300,
    )
