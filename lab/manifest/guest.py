"""The manifest of a user's own program, written by the lab: from then on it is a scenario like any other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from lab.model.units import Nanos

INSTRUMENT: Final = "instrument"
"""The factor that keeps what is measured through an instrument apart from what is not."""
PLAIN: Final = "plain"
RUNTIME: Final = "runtime"
SCHEDTRACE: Final = "schedtrace"
INITS: Final = "inits"
MEASURED: Final = (PLAIN, RUNTIME, SCHEDTRACE)
"""The levels that a run has where its user names none."""
OVERLAY: Final = "program"
"""The file of go_templates/overlays/ by which a program tells of its start and its end."""

NO_TWIN: Final = "golab has no simulated twin of a user's own program"
_LINES: Final = 1000
"""Lines of schedtrace in a replicate that runs for as long as it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """What a user says of his own program, and what its module says."""

    title: str
    releases: Sequence[str]
    time_limit: Nanos
    replicates: int = 10
    quick_replicates: int = 5
    stop_after: Nanos | None = None
    cgo: bool = False
    arguments: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A metric, where its observation is called otherwise, how it is taken together, and in which cells it is had."""

    name: str
    title: str
    where: tuple[str, ...] = ()
    observation: str = ""
    statistic: str = "p50"

    @property
    def unit(self) -> str:
        return next((unit for unit in ("ns", "bytes") if self.name.endswith(f"_{unit}")), "count")


_HISTOGRAM: Final = "the upper end of a bucket of the runtime's histogram, which is at most a quarter too high, below 256 ns at most 64 ns"
_METRICS: Final = (
    _Shown(name="wall_ns", title="from just before the process is made until it is reaped"),
    _Shown(name="cpu_ns", title="CPU time of the process, its own and the kernel's for it (rusage)"),
    _Shown(name="max_rss_bytes", title="the most memory that it had resident (rusage)"),
    _Shown(name="minor_faults", title="page faults without a disk (rusage)", where=(PLAIN,)),
    _Shown(name="major_faults", title="page faults that waited for a disk (rusage)", where=(PLAIN,)),
    _Shown(
        name="voluntary_switches", title="how often a thread of it gave its CPU away (rusage)", where=(PLAIN,)
    ),
    _Shown(
        name="involuntary_switches", title="how often a thread of it lost its CPU (rusage)", where=(PLAIN,)
    ),
    _Shown(
        name="startup_ns",
        title="from just before the process is made to the first statement of main.main",
        where=(RUNTIME, INITS),
        observation="start_to_main_ns",
    ),
    _Shown(name="goroutines", title="goroutines at its end, the runtime's own not counted", where=(RUNTIME,)),
    _Shown(name="threads", title="threads at its end", where=(RUNTIME,)),
    _Shown(name="gc_cycles", title="collections (/gc/cycles/total:gc-cycles)", where=(RUNTIME,)),
    _Shown(
        name="gc_pauses_ns", title="all stop-the-world pauses of the collector together", where=(RUNTIME,)
    ),
    _Shown(
        name="gc_pause_max_ns",
        title=f"the longest of them (/sched/pauses/total/gc:seconds): {_HISTOGRAM}",
        where=(RUNTIME,),
    ),
    _Shown(
        name="mutex_wait_ns",
        title="time that goroutines waited for locks, all together (/sync/mutex/wait/total:seconds)",
        where=(RUNTIME,),
    ),
    _Shown(
        name="sched_latency_p50_ns",
        title=f"time that a goroutine is runnable before it runs (/sched/latencies:seconds), median: {_HISTOGRAM}",
        where=(RUNTIME,),
    ),
    _Shown(name="sched_latency_p99_ns", title="the same, 99 %", where=(RUNTIME,)),
    _Shown(
        name="threads_traced",
        title="threads, the most in a line of schedtrace",
        where=(SCHEDTRACE,),
        statistic="max",
    ),
    _Shown(name="idleprocs", title="Ps without work, the median line", where=(SCHEDTRACE,)),
    _Shown(
        name="spinningthreads",
        title="threads that look for work, the most in a line",
        where=(SCHEDTRACE,),
        statistic="max",
    ),
    _Shown(
        name="runqueue",
        title="goroutines in the global queue, the most in a line",
        where=(SCHEDTRACE,),
        statistic="max",
    ),
    _Shown(
        name="localqueues",
        title="goroutines in the Ps' own queues together, the most in a line",
        where=(SCHEDTRACE,),
        statistic="max",
    ),
    _Shown(name="schedtrace_unread", title="lines of schedtrace that could not be read", where=(SCHEDTRACE,)),
)


def stated(guest: Guest) -> bytes:
    """The manifest as TOML."""
    return "\n".join(_lines(guest)).encode() + b"\n"


def trace_interval_ms(time_limit: Nanos) -> int:
    """How often schedtrace prints: so that the longest replicate has a thousand lines, and every millisecond at the most."""
    return max(1, time_limit // (_LINES * 1_000_000))


def _lines(guest: Guest) -> Iterator[str]:
    yield from (
        "format = 1",
        f"title = {_text(guest.title)}",
        'blocks = "Whatever this program waits for: it is its user\'s own, and the lab knows nothing of it."',
        'look_for = "wall_ns of the instrumented cells beside that of the plain one: the difference is what the instrument costs."',
        f"releases = {_texts(guest.releases)}",
        f"replicates = {guest.replicates}",
        f"quick_replicates = {guest.quick_replicates}",
        f"reads = {_texts([SCHEDTRACE])}",
        "",
        "[limits]",
        f"time = {_text(f'{guest.time_limit}ns')}",
        'memory = "1GiB"',
        "pids = 1024",
        "",
        "[process]",
        "speaks = false",
        f"arguments = {_texts(guest.arguments)}",
    )
    if guest.stop_after is not None:
        yield f"stop_after = {_text(f'{guest.stop_after}ns')}"
    if guest.cgo:
        yield from ("", "[build]", "cgo = true")
    yield from (
        "",
        "[[factors]]",
        f'name = "{INSTRUMENT}"',
        'title = "what the program is looked at with: nothing; what its runtime tells; schedtrace; each package before its init"',
        'kind = "text"',
        f"levels = {_texts((*MEASURED, INITS))}",
        f'default = "{PLAIN}"',
        'reaches = "build"',
        "",
        "[[builds]]",
        f"where = {{ {INSTRUMENT} = {_texts((RUNTIME, INITS))} }}",
        f'overlay = "{OVERLAY}"',
    )
    if guest.variables:
        yield from _environment(guest.variables)
    every = trace_interval_ms(guest.time_limit)
    yield from _environment({"GODEBUG": f"schedtrace={every}"}, where=(SCHEDTRACE,))
    # A goroutine that runs has no stack in a dump unless each thread writes its own: an init may be busy for ever.
    yield from _environment({"GOTRACEBACK": "crash", "LAB_INITS": "1"}, where=(INITS,))
    yield from (
        "",
        "[[cells]]",
        'name = "instruments"',
        f"levels = {{ {INSTRUMENT} = {_texts(MEASURED)} }}",
        "quick = true",
    )
    for metric in _METRICS:
        yield from _metric(metric)


def _environment(variables: Mapping[str, str], where: Sequence[str] = ()) -> Iterator[str]:
    given = ", ".join(f"{_text(name)} = {_text(value)}" for name, value in variables.items())
    yield from ("", "[[environment]]", f"variables = {{ {given} }}")
    if where:
        yield f"where = {{ {INSTRUMENT} = {_texts(where)} }}"


def _metric(metric: _Shown) -> Iterator[str]:
    yield from (
        "",
        "[[metrics]]",
        f'name = "{metric.name}"',
        f"title = {_text(metric.title)}",
        f'observation = "{metric.observation or metric.name}"',
        f'unit = "{metric.unit}"',
        f'statistic = "{metric.statistic}"',
        f"not_predicted = {_text(NO_TWIN)}",
    )
    if metric.where:
        yield f"where = {{ {INSTRUMENT} = {_texts(metric.where)} }}"


def _texts(items: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, items))}]"


def _text(text: str) -> str:
    """A basic string of TOML, whose escapes are JSON's but for the one character that JSON lets stand as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
