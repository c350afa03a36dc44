"""Instruments that the cells of any scenario can be looked at with: a factor of every scenario, at whose quiet level there is none.

Theory of operation
-------------------
``--with sched,dump`` keeps the chosen cells as they are, *plain*, and adds to each a cell for each instrument: the same levels but for the factor
``with``. So plain and instrumented replicates take turns in the same blocks, which is what the instrument's own disturbance is told by, and they can
not mix, because nothing mixes cells.

What an instrument is stands here and nowhere in a record: a record says by its levels which cell had which, and this module what to read of it. So its metrics
are known when a record is read back, and a record from before there were instruments has plain cells only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from lab.model.level import Levels
from lab.model.metric import Metric

Instrument = Literal["inittrace", "schedtrace", "metrics"]
"""What a replicate's standard error is read for (``lab.golang.inittrace``, ``lab.golang.schedtrace``, ``lab.golang.sampled``)."""

WITH: Final = "with"
"""The factor."""
PLAIN: Final = "plain"
SCHED: Final = "sched"
DUMP: Final = "dump"

NOT_PREDICTED: Final = "the simulator knows no instruments: what is predicted are the plain cells"
TRACE_EVERY_MS: Final = 10

_BUCKET: Final = "the upper end of a bucket of the runtime's histogram, which is at most a quarter too high, below 256 ns at most 64 ns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """What looking at a cell with an instrument takes.

    ``overlay`` names the file of ``go_templates/overlays/`` that the program is built over, beside that of its scenario. ``variables`` are set for
    its processes, ``reads`` is what their standard error is read for. ``metrics`` come beside the scenario's own. ``dumps``: each process is ended by
    SIGQUIT in the middle of its life, so that none of the scenario's own metrics is to be had of it.
    """

    title: str
    overlay: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    reads: tuple[Instrument, ...] = ()
    metrics: tuple[Metric, ...] = ()
    dumps: bool = False


def _shown(
    name: str, title: str, observation: str, statistic: Literal["p50", "max"], *, is_time: bool = False
) -> Metric:
    return Metric(
        name=name,
        title=title,
        observation=observation,
        unit="ns" if is_time else "count",
        statistic=statistic,
        not_predicted=NOT_PREDICTED,
        series=not is_time,
    )


ATTACHMENTS: Final[Mapping[str, Attachment]] = {
    PLAIN: Attachment(title="nothing"),
    SCHED: Attachment(
        title=f"GODEBUG=schedtrace={TRACE_EVERY_MS} and, at each of its lines, what runtime/metrics counts",
        overlay="sched",
        variables={"GODEBUG": f"schedtrace={TRACE_EVERY_MS}"},
        reads=("schedtrace", "metrics"),
        metrics=(
            _shown("sched_threads", "threads, the most in a line of schedtrace", "threads_traced", "max"),
            _shown("sched_idleprocs", "Ps without work, the median line", "idleprocs", "p50"),
            _shown(
                "sched_spinning", "threads that look for work, the most in a line", "spinningthreads", "max"
            ),
            _shown("sched_runqueue", "goroutines in the global queue, the most in a line", "runqueue", "max"),
            _shown(
                "sched_localqueues",
                "goroutines in the Ps' own queues together, the most in a line",
                "localqueues",
                "max",
            ),
            _shown(
                "sched_goroutines",
                "goroutines, the runtime's own not counted, the most in a sample (as runtime.NumGoroutine)",
                "goroutines_sampled",
                "max",
            ),
            _shown(
                "sched_runnable_p50_ns",
                f"time that a goroutine is runnable before it runs, over the whole life (/sched/latencies:seconds), median: {_BUCKET}",
                "runnable_p50_ns",
                "p50",
                is_time=True,
            ),
            _shown("sched_runnable_p99_ns", "the same, 99 %", "runnable_p99_ns", "p50", is_time=True),
        ),
    ),
    DUMP: Attachment(
        title="a goroutine dump that ends it, in the middle of its life",
        dumps=True,
    ),
}


def attached(levels: Levels) -> Attachment:
    """What a cell with these levels is looked at with."""
    return ATTACHMENTS[levels[WITH].text if WITH in levels else PLAIN]


def is_plain(levels: Levels) -> bool:
    """Whether it is looked at with nothing."""
    return WITH not in levels or levels[WITH].text == PLAIN
