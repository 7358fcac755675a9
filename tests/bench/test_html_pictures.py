"""The report's pictures and tables: each says what the results say."""

import json
import re

import pytest

from kernelwright.bench import html
from kernelwright.bench.html import bars, growth, headline, ladders, results, roofline
from kernelwright.bench.html.scene import Box, Dot, Line, Text

from .made_up import CPU, dict_of_sections, elements, kernel
from .made_up import read as read
from .made_up import suite as suite


def test_bars_are_geometric_means(read):
    found = read()
    (bar,) = bars.of_kernels(found.devices[0], "numpy")
    assert (bar.mean, bar.worst, bar.best, bar.count) == (4, 2, 8, 2)
    assert bar.worst_at == "softmax <b>1</b> forward"
    assert headline.cards(found)[1] == ("4.00×", "NumPy’s speed: geometric mean of 2 measurements, ahead in 2")


def test_bars_that_lose_go_to_the_left_in_another_colour():
    losing, winning = (bars.Bar("softmax", mean, mean, mean, 1, "here") for mean in (0.5, 2.0))
    one, other = (mark for mark in bars.picture([losing, winning], "NumPy").marks if isinstance(mark, Box))
    assert one.x + one.width == pytest.approx(other.x)  # where both equal 1
    assert one.width == pytest.approx(other.width)
    assert one.colour != other.colour


def test_ratios_of_newer_results_have_their_interval(read):
    (device,) = read().devices
    row = device.rows[1]
    assert row.ratios == {"torch": 3, "numpy": 8.0}
    assert "3.00× PyTorch's speed (2.00× to 4.00×)" in roofline.label(row)
    assert bars.rivals(device) == ["numpy", "torch"]


def test_what_is_undecided_has_a_question_mark_and_noise_a_warning(suite, read):
    for value, low, high in ((1.1, 0.9, 1.3), (1.2, 1.05, 1.3)):
        ratios = {"torch": {"value": value, "low": low, "high": high}}
        suite["rows"].append(kernel("softmax", "9", 1e-3, ratios=ratios))
    suite["machine"]["noise"] = {"warning": "other programs <used> 95% of the processor"}
    text = html.page(read())
    assert text.count(">1.10×?<") == 1
    assert text.count(">1.20×<") == 1
    assert "Warning: other programs &lt;used&gt; 95% of the processor." in text


def test_only_float32_is_on_its_roofline(read):
    (device,) = read().devices
    assert len(device.rows) == 3
    assert len([mark for mark in roofline.picture(device).marks if isinstance(mark, Dot)]) == 2


def test_points_and_limits_keep_to_the_picture(suite, read):
    suite["limits"]["numba"]["flops_one_thread"] = 2e11
    beyond = {"flops": 3e11, "bandwidth": 1e9}, {"flops": 1.0, "bandwidth": 1e9}
    (device,) = read(
        rows=[kernel("conv2d", "4", 1e-3), *(kernel("conv2d", "5", 1.0) | more for more in beyond)]
    ).devices
    picture = roofline.picture(device, 360, 420)
    for mark in picture.marks:
        for x, y in mark.points if isinstance(mark, Line) else [(mark.x, mark.y)]:
            assert 0 < x < 360
            assert 0 < y < 420


def test_names_from_the_results_are_text_not_markup(read):
    text = html.page(read())
    elements(text)
    assert "<b>1</b>" not in text
    assert "&lt;b&gt;1&lt;/b&gt;" in text


def test_sweeps_are_drawn_where_there_are_some(read):
    sweep = {
        "family": "softmax",
        "operation": "softmax",
        "axis": "width",
        "label": "elements of a row",
        "xs": [1, 2, 4],
        "seconds": {"numba": [1e-6, 2e-6, 4e-6], "torch": [2e-6, None, 3e-6], "numpy": [4e-6, 4e-6, 5e-6]},
        "exponent": {"numba": 1.0},
        "crossovers": {"numpy": [2.5], "torch": []},
        "faster_at_the_end": {"numpy": False},
        "refused": {"torch": "it naps"},
    }
    results = read(sweeps=[sweep])
    (found,) = growth.found(None, [], results.sweeps)
    assert found.axis == "elements of a row"
    ours, numpy = [(1, 1e-6), (2, 2e-6), (4, 4e-6)], [(1, 4e-6), (2, 4e-6), (4, 5e-6)]
    assert found.curves == {"ours": ours, "numpy": numpy}  # who can't be compared isn't drawn
    assert found.words == [
        "time grows, where x is large: numba like x^1.00",
        "against NumPy: ours crosses its time at x = 2.5; at the largest x ours is the slower one",
        "against PyTorch: ours never crosses its time",
        "no ratio to PyTorch: it naps",
    ]
    marks = growth.picture(found).marks
    assert sum(isinstance(mark, Dot) for mark in marks) == 6 + 1
    assert "ours x^1.00" in [mark.text for mark in marks if isinstance(mark, Text)]
    (crossing,) = (mark for mark in marks if isinstance(mark, Dot) and mark.shape == "diamond")
    assert crossing.label.endswith("ours crosses NumPy's time at 2.5")
    numpy_dots = [mark for mark in marks if isinstance(mark, Dot) and "NumPy:" in mark.label]
    assert numpy_dots[1].x < crossing.x < numpy_dots[2].x
    text = dict_of_sections(results)["growth"]
    elements(text)
    assert "<td>2.5</td><td>slower</td>" in text
    assert "<td>nowhere</td><td>it naps</td>" in text
    picture = html.pictures(results)["sweeps"]
    assert picture.height == growth.picture(found).height + growth.GAP


def test_results_of_a_gpu_are_a_device_of_their_own(suite, tmp_path):
    """Beside those of a CPU: cuBLAS's and PyTorch's bars, the ceilings of tensor cores, and a ladder."""

    def timed(backend, seconds, compiled=False, rung=None):
        more = {"with_compiled": compiled, "ours_is_faster": seconds / 1e-3, "rung": rung, "sets": 3, "threads": None}
        return {**kernel("matmul", "512³", seconds, backend, **more), "family": "matmul"}

    rows = [timed("kernelwright", 1e-3), timed("cublas", 5e-4), timed("torch graph", 2e-3)]
    rows += [timed("kernelwright", 8e-3, rung="1_naive"), timed("kernelwright", 9e-4, True), timed("torch", 4e-3, True)]
    content = {
        "checks": {"matmul": None},
        "machine": {**suite["machine"], "gpu": "a large one"},
        "limits": suite["limits"]["numba"],
        "tensor_cores": {"tf32": 4e11, "bf16": 8e11},
        "steps": [{"step": "as a graph", "seconds": 2e-3, "spread": 0.1}],
        "products": [
            {"product": "4096³, half", "seconds": 1e-3, "spread": 0.1, "flops": 1e14, "error": 3e-4},
            {"failed": "the process ended"},
        ],
        "rows": rows,
    }
    (tmp_path / "cpu.json").write_text(json.dumps(suite))
    (tmp_path / "gpu.json").write_text(json.dumps(content))
    (tmp_path / "without.json").write_text(json.dumps({"checks": {}, "rows": []}))  # a GPU that can't be measured
    found = results.read(sorted(tmp_path.glob("*.json")))
    cpu, device = found.devices
    assert (cpu.backend, device.backend) == ("numba", "cupy")
    (row,) = device.drawn
    assert (row.seconds, row.ratios) == (1e-3, {"cublas": 0.5, "torch graph": 2.0, "torch": 4.0})
    assert ("0.50×", "cuBLAS’s speed on the GPU: geometric mean of 1 measurements, ahead in 0") in headline.cards(found)
    assert any("cupy, a large one" in text for _, text in headline.cards(found))
    (ladder,) = (one for one in ladders.found(found) if one.name == "matmul")
    assert ladder.rungs == {"1_naive": 8e-3, ladders.TOP: 1e-3}
    assert ladder.rivals.keys() == {"cublas", "torch graph", "torch"}
    texts = [mark.text for mark in roofline.picture(device).marks if isinstance(mark, Text)]
    assert "800 by tensor cores, bf16" in texts
    pictures = html.pictures(found)
    assert {"roofline-cupy", "cublas-cupy", "torch-graph-cupy", "torch-cupy", "roofline-numba"} <= pictures.keys()
    page = html.page(found)
    assert ">a training step, as a graph<" in page
    assert ">3.0e-04<" in page
    assert "<td>the process ended</td>" in page
    ids = [attributes["id"] for _, attributes in elements(page) if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert not any(" " in name for name in ids)


def test_peers_without_a_figure_are_in_the_table_too(tmp_path):
    path = tmp_path / "peers.json"
    measured = {"step": 1e-3, "first_step": 1.0, "steps": 9, "reached": None, "peak": 5_000_000}
    rows = [
        {"network": "mlp", "peer": "numpy", "version": "2.4", "note": "", **measured},
        {"network": "cnn", "peer": "thinc", "version": "9.1", "note": "has no Conv2d"},
    ]
    path.write_text(json.dumps({"machine": json.loads(CPU.read_text())["machine"], "peers": rows}))
    text = html.page(results.read([path]))
    elements(text)
    assert "has no Conv2d" in text
    assert 'data-value="5e+06">5 MB' in text


def test_a_ladder_rises_in_the_order_of_its_rungs():
    seconds = {"2_order": 0.5, "10_last": 0.1, "1_naive": 1.0}
    rows = [
        results.Contest("ladder", f"matmul rung {rung}", "8³", 2, {"kernelwright": s, "numpy": 0.25})
        for rung, s in seconds.items()
    ]
    rows.append(results.Contest("matmul", "matmul", "8³", 2, {"kernelwright": 0.05}))
    (ladder,) = ladders.found(results.Results(contests=rows))
    assert list(ladder.rungs) == ["1_naive", "2_order", "10_last", ladders.TOP]
    steps = [mark for mark in ladders.picture(ladder).marks if isinstance(mark, Box)]
    assert [step.height for step in steps] == sorted(step.height for step in steps)
    assert "2.00× the lowest rung's speed" in steps[1].label
    assert ladder.rivals == {"numpy": 0.25}


def test_a_ladder_that_goes_down_stays_in_its_picture():
    ladder = ladders.Ladder("matmul", "8³", {"1_naive": 1.0, "2_order": 4.0}, {"numpy": 9.0})
    (low, high) = (mark for mark in ladders.picture(ladder).marks if isinstance(mark, Box))
    assert low.height > high.height > 0


def test_what_the_simulator_counts_has_columns_of_its_own(suite, read):
    counts = {"sectors": 12, "ideal_sectors": 4, "bank_wavefronts": 0, "ideal_wavefronts": 0, "instructions": 9}
    assert "bank passes" not in html.page(read())
    row = {**kernel("softmax", "4×5", 1.0, backend="simulator"), "seconds": None, "flops": None, "simulated": counts}
    text = dict_of_sections(read(rows=[*suite["rows"], {**row, "dtype": "float32"}]))["table"]
    elements(text)
    assert text.count("<tr>") == 1 + 3 + 1
    heads = re.findall(r'<button type="button">([^<]*)</button>', text)
    assert heads[4:6] == ["time", "±"]
    assert {"sectors", "bank passes"} <= set(heads)
    line = next(line for line in text.splitlines() if "simulator" in line)
    assert line.index("12 of 4") < line.index("0 of 0") < line.index("simulator")
    assert 'data-value="3"' in line
    assert "as taken, of how many the accesses need at least" in text
    alone = read(rows=[{**row, "dtype": "float32"}])  # with --backends simulator
    assert alone.devices == []
    assert "12 of 4" in dict_of_sections(alone)["table"]


def test_rungs_are_on_their_ladder_alone(read):
    rows = [
        kernel("matmul", "8³", 1e-3, threads=2, ratio=2.0),
        kernel("matmul", "8³", 2e-3, threads=1),
        kernel("matmul", "8³", 9e-3, threads=2, rung="1_naive"),
        kernel("matmul", "8³", 4e-3, threads=2, rung="2_order"),
        kernel("matmul", "8³", 2e-3, threads=2, backend="numpy"),
    ]
    found = read(rows=rows)
    (ladder,) = ladders.found(found)
    assert ladder.rungs == {"1_naive": 9e-3, "2_order": 4e-3, ladders.TOP: 1e-3}
    assert ladder.rivals == {"numpy": 2e-3}
    assert len(found.devices[0].rows) == 2
    assert len(found.devices[0].drawn) == 1
    assert len([mark for mark in roofline.picture(found.devices[0]).marks if isinstance(mark, Dot)]) == 1
