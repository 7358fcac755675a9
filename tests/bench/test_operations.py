"""The list of all operations: that it is of this state, and what is in it."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from kernelwright.bench import command, operations, plots
from kernelwright.kernels.operation import CATALOG

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_of_this_state():
    """If not: kernelwright operations --write docs."""
    drawn = set(plots.all_plots())
    assert (DOCS / "operations.md").read_text(encoding="utf-8") == operations.page(drawn)
    assert {path.stem for path in (DOCS / "plots").glob("*.svg")} == drawn


def test_every_operation_runs_everywhere():
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    lines = [line.replace(" ", "") for line in text.splitlines() if "](../kernels/" in line]
    assert len(lines) == len(CATALOG)
    for line in lines:
        assert line.endswith("|yes|yes|"), line


def test_a_kernel_that_is_missing_is_told():
    assert operations.has("cpu")("matmul.matmul")
    assert not operations.has("gpu")("matmul.juggle")


def test_plots_are_drawings():
    curves = dict(plots.curves())
    (x, y), (_, slope) = curves["relu"]
    np.testing.assert_array_equal(y, np.maximum(x, 0))
    np.testing.assert_array_equal(slope, x > 0)
    assert not {"softmax", "matmul"} & set(curves)
    drawing = ElementTree.fromstring(plots.svg([(x, y), (x, np.where(x == 0, np.nan, slope))]))
    assert len(list(drawing)) == 3
    assert list(drawing)[2].attrib["d"].count("M") == 2  # in two pieces


def test_optimizers_come_nearer_and_rates_stay_in_the_field():
    for name, ((x, y),) in plots.ways():
        assert np.hypot(x[-1], y[-1]) < 2, name
    for name, ((_, y),) in plots.rates():
        assert np.abs(y).max() <= plots.REACH / 2, name


def test_the_command(tmp_path, capsys):
    assert command.main(["operations"]) == 0
    assert "activations: relu" in capsys.readouterr().out
    assert command.main(["operations", "--write", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"operations.md", "plots"}
