"""Results made up for the report's tests, and what reads a page."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from kernelwright.bench.html import results, sections

COMMITTED = sorted((Path(__file__).parents[2] / "bench" / "results").glob("*.json"))
CPU = COMMITTED[0].with_name("cpu.json")
EMPTY = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"}


class Reader(HTMLParser):
    """Every element and its attributes; fails where one isn't closed."""

    def __init__(self):
        super().__init__()
        self.open, self.found = [], []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def elements(text):
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    return reader.found


def kernel(operation, workload, seconds, backend="numba", ratio=None, **more):
    """A row of `kernelwright bench --json`, of 4 MB and 1 MFLOP."""
    return {
        "family": "softmax",
        "operation": operation,
        "workload": workload,
        "direction": "forward",
        "backend": backend,
        "error": None,
        "seconds": seconds,
        "spread": 0.01,
        "flops": 1e6 / seconds,
        "bandwidth": 4e6 / seconds,
        "bound": "memory",
        "of_limit": 0.5,
        "vs_numpy": ratio,
        **more,
    }


@pytest.fixture
def suite():
    """What `kernelwright bench` writes: two kernels, one twice as fast as NumPy, one eight times."""
    limits = {"flops": 1e11, "bandwidth": 1e10, "cache": 1 << 20, "how": "guessed", "flops_one_thread": 5e10}
    rows = [
        kernel("softmax", "<b>1</b>", 1e-3, ratio=2.0),
        kernel("softmax", "2", 2e-3, ratio=8.0, dtype="float32", ratios={"torch": {"value": 3, "low": 2, "high": 4}}),
        kernel("softmax", "2", 4e-3, dtype="float64"),
        kernel("softmax", "2", 16e-3, backend="numpy"),
        {**kernel("softmax", "3", 1.0), "error": "ValueError: no"},
        {**kernel("softmax", "4", 1.0, backend="simulator"), "seconds": None, "flops": None},
    ]
    about = json.loads(CPU.read_text())["machine"]
    return {"machine": about, "limits": {"numba": limits, "numpy": limits}, "rows": rows}


@pytest.fixture
def read(suite, tmp_path):
    """What is read of those results, with more of them."""

    def read(**more):
        path = tmp_path / "results.json"
        path.write_text(json.dumps({**suite, **more}))
        return results.read([path])

    return read


def dict_of_sections(found):
    return {name: text for name, _, text in sections.sections(found)}
