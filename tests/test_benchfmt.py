"""The Go benchmark format's grammar: what is a line of it, what is none, and that what is written is read again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.benchfmt import Benchmark, Configuration, benchmark_line, configuration_line, name_of, read_line


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("goos: linux\n", Configuration("goos", "linux")),
        ("cpu: Intel(R) Xeon(R) CPU @ 2.20GHz", Configuration("cpu", "Intel(R) Xeon(R) CPU @ 2.20GHz")),
        ("key:\tvalue  ", Configuration("key", "value")),
        ("key:", Configuration("key", "")),
        ("BenchmarkX 10 5 ns/op", Benchmark("BenchmarkX", 10, {"ns/op": 5})),
        (
            "BenchmarkDecode/text=digits/level=speed/size=1e4-8   \t     100\t    154125 ns/op\t  64.88 MB/s\t 40418 B/op",
            Benchmark(
                "BenchmarkDecode/text=digits/level=speed/size=1e4-8",
                100,
                {"ns/op": 154125, "MB/s": 64.88, "B/op": 40418},
            ),
        ),
        ("Benchmark_x 1 1e3 p50-ns", Benchmark("Benchmark_x", 1, {"p50-ns": 1000})),
        ("Benchmark-8 1 1 ns/op", Benchmark("Benchmark-8", 1, {"ns/op": 1})),
    ],
)
def test_a_line_of_the_format_is_read(line: str, found: Configuration | Benchmark) -> None:
    """As the proposal has it, and as go test pads it."""
    assert read_line(line) == found


@pytest.mark.parametrize(
    "line",
    [
        "",
        "PASS",
        "ok  \tgolang.org/x/y\t1.234s",
        "--- BENCH: BenchmarkX-8",
        "Key: a capital letter",
        "kEy: another",
        "a key: with white space",
        "key:value",
        "BenchmarkX",
        "BenchmarkX 10",
        "BenchmarkX 10 5",
        "BenchmarkX 10 5 ns/op 7",
        "BenchmarkX ten 5 ns/op",
        "BenchmarkX 0 5 ns/op",
        "BenchmarkX -1 5 ns/op",
        "BenchmarkX 10 nan ns/op",
        "BenchmarkX 10 inf ns/op",
        "Benchmarkx 10 5 ns/op",
        "benchmarkX 10 5 ns/op",
        "\x00\xff\x1b[31m",
    ],
)
def test_what_is_no_line_of_the_format_says_nothing(line: str) -> None:
    """And raises nothing either."""
    assert read_line(line) is None


_WORDS = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=12)
_VALUES = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**60), 2**60)


@given(_WORDS, st.integers(1, 2**60), st.dictionaries(_WORDS, _VALUES, min_size=1, max_size=4))
def test_what_is_written_is_read_again(below: str, iterations: int, values: dict[str, Any]) -> None:
    """To the last digit, with any name and unit that is one word."""
    name = f"BenchmarkX/{below}"

    found = read_line(benchmark_line(name, iterations, values))

    assert found == Benchmark(name, iterations, {unit: float(value) for unit, value in values.items()})


@pytest.mark.parametrize(
    ("name", "values"),
    [("X", {"ns": 1}), ("Benchmark X", {"ns": 1}), ("BenchmarkX", {}), ("BenchmarkX", {"n s": 1})],
)
def test_what_would_be_read_otherwise_is_not_written(name: str, values: dict[str, float]) -> None:
    """A line that says something else is worse than none."""
    with pytest.raises(ValueError, match="no benchmark"):
        benchmark_line(name, 1, values)


def test_a_configuration_is_one_line() -> None:
    """Whatever the value holds; a key that would not be read as one is refused."""
    assert configuration_line("cpu", "two\nlines  and spaces") == "cpu: two lines and spaces\n"
    for key in ("", "Key", "a key", "a:b"):
        with pytest.raises(ValueError, match="no key"):
            configuration_line(key, "x")


@pytest.mark.parametrize(
    ("scenario", "parts", "procs", "name"),
    [
        (
            "mmap-large",
            [("mode", "touch"), ("go", "1.27.3")],
            "2",
            "BenchmarkMmapLarge/mode=touch/go=1.27.3-2",
        ),
        ("gc", [], "", "BenchmarkGc"),
        ("x", [("a b", "c/d e")], "", "BenchmarkX/a_b=c_d_e"),
    ],
)
def test_a_cell_has_a_name_that_benchstat_can_project(
    scenario: str, parts: list[tuple[str, str]], procs: str, name: str
) -> None:
    """Levels as key=value, GOMAXPROCS as Go itself writes it."""
    assert name_of(scenario, parts, procs) == name
    assert isinstance(read_line(f"{name} 1 1 ns"), Benchmark)
