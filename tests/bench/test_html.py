"""The report, as text: that nothing measured is missing from it, and that it says what the figures say."""

import json
import re
from pathlib import Path

import pytest

from kernelwright.bench import command, html
from kernelwright.bench.html import headline, palette, png, results, roofline, svg
from kernelwright.bench.html.scene import Box, Dot, Line, Log, Scene, Text, apart

from .made_up import COMMITTED, CPU, dict_of_sections, elements
from .made_up import suite as suite

REFERENCES = ("aria-labelledby", "aria-describedby", "data-for")


@pytest.fixture(scope="module")
def committed():
    return results.read(COMMITTED)


def test_the_page_of_the_committed_results_is_sound(committed):
    text = html.page(committed)
    found = elements(text)
    ids = [attributes["id"] for _, attributes in found if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for tag, attributes in found if tag == "a"]
    assert {link.removeprefix("#") for link in links} <= set(ids)
    referred = [attributes[key].split() for _, attributes in found for key in attributes if key in REFERENCES]
    assert {name for names in referred for name in names} <= set(ids)
    assert not re.search(r"(src|href)=.?(https?:|//)|@import|url\(", text), "something would be loaded"
    assert all("scope" in attributes for tag, attributes in found if tag == "th")
    assert sum(tag == "caption" for tag, _ in found) == sum(tag == "table" for tag, _ in found) > 10
    pictures = [attributes for tag, attributes in found if tag == "svg" and "aria-hidden" not in attributes]
    assert all({"aria-labelledby", "aria-describedby"} <= set(attributes) for attributes in pictures)


def test_the_readme_says_what_the_committed_results_say(committed):
    """If not: make pictures."""
    text = (CPU.parents[2] / "README.md").read_text(encoding="utf-8")
    assert f"<!-- headline -->\n{headline.line(committed)}\n<!-- /headline -->" in text
    named = set(re.findall(r"docs/pictures/([\w-]+)\.png", text))
    assert {name.removesuffix("-dark") for name in named} <= html.pictures(committed).keys()


def test_every_kernel_is_on_the_roofline_and_in_the_table(committed):
    (device,) = (device for device in committed.devices if device.backend == "numba")
    measured = [row for row in json.loads(CPU.read_text())["rows"] if row["backend"] == "numba"]
    assert len(device.rows) == len(measured)
    dots = [mark for mark in roofline.picture(device).marks if isinstance(mark, Dot)]
    assert len(dots) == len(measured)
    table = dict_of_sections(committed)["table"]
    assert table.count("<tr>") == sum(len(device.rows) for device in committed.devices) + 1


def test_the_command_writes_page_pictures_and_line(suite, tmp_path, capsys):
    source, markdown, page, pictures = (
        tmp_path / name for name in ("results.json", "page.md", "page.html", "pictures")
    )
    source.write_text(json.dumps(suite))
    markdown.write_text("<!-- headline -->\nold\n<!-- /headline -->\n")
    wanted = ["--html", str(page), "--png", str(pictures), "--markdown", str(markdown)]
    assert command.main(["bench", "report", str(source), *wanted]) == 0
    assert page.read_text().startswith("<!doctype html>")
    names = ("roofline-numba", "numpy-numba", "torch-numba")
    assert {path.name for path in pictures.iterdir()} == {
        f"{name}{dark}.png" for name in names for dark in ("", "-dark")
    }
    assert "**4.00×** NumPy’s speed" in markdown.read_text()
    assert "old" not in markdown.read_text()
    assert str(page) in capsys.readouterr().out


def test_a_benchmark_draws_its_own_report(suite, tmp_path, monkeypatch):
    def run(quick, json_file, markdown):
        json_file.write_text(json.dumps(suite))
        return 130  # as after Ctrl-C

    monkeypatch.setattr("kernelwright.bench.simulation.run", run)
    page = tmp_path / "page.html"
    assert command.main(["bench", "simulator", "--html", str(page)]) == 130
    assert "Every kernel" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "--html", "out.html"], "bench report: there are no results: name the files that --json wrote"),
        (["report", "page.json"], "bench report: say what to write: --html FILE, --png DIR, --markdown FILE"),
        (["report", "page.json", "--html", "out.html"], "bench report: page.json isn't JSON"),
        (["report", "other.json", "--html", "out.html"], "bench report: other.json holds no results"),
        (["report", "none.json", "--html", "out.html"], "none.json: No such file or directory"),
        (["report", "page.json", "--quick", "--html", "out.html"], "bench report: --quick has no use here"),
        (["peers", "--png", "out"], "bench peers: --png has no use here"),
    ],
)
def test_mistakes_are_told(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("page.json").write_text("<html>")
    Path("other.json").write_text('{"rows": []}')
    assert command.main(["bench", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_logarithmic_axes():
    axis = Log(1, 100, 0, 200)
    assert axis(10) == pytest.approx(100)
    assert axis.ticks() == [1, 10, 100]
    assert Log(1, 20, 0, 1).ticks() == [1, 3, 10]
    assert Log(1, 9, 0, 1).ticks() == [1, 2, 5]
    assert Log(1, 1e9, 0, 1).ticks(5) == [1, 1e2, 1e4, 1e6, 1e8]
    assert Log(3, 4, 0, 1).ticks() == [3]


def test_labels_are_moved_apart_in_their_order():
    assert apart([10, 10, 90], 16) == [2, 18, 90]
    assert apart([], 16) == []


@pytest.mark.parametrize("colours", [palette.LIGHT, palette.DARK], ids=["light", "dark"])
def test_colours_stand_out(colours):
    assert palette.LIGHT.keys() == palette.DARK.keys()
    ground = colours["ground"]
    for name, colour in colours.items():
        if name not in ("ground", "raised", "grid", "axis"):
            assert palette.contrast(colour, ground) >= (4.5 if name in ("ink", "faint", "blue") else 3), name


def test_svg_and_png_draw_every_kind_of_mark(tmp_path):
    marks = [
        Line(((0, 0), (9, 9)), dashed=True),
        Box(1, 2, 3, 4, "green", 'a "box"'),
        *(Dot(20, 20, "blue", shape, shape == "up", f"a {shape} & more") for shape in ("circle", "up")),
        Text(5, 5, "a < b", angle=9),
    ]
    scene = Scene("Title", "What it shows", 60, 40, marks)
    found = elements(svg.svg(scene, "one"))
    told = [attributes["aria-label"] for _, attributes in found if attributes.get("class") == "mark"]
    assert told == ['a "box"', "a circle & more", "a up & more"]
    png.write_png(scene, palette.DARK, tmp_path / "one.png")
    header = (tmp_path / "one.png").read_bytes()[:24]
    assert (int.from_bytes(header[16:20]), int.from_bytes(header[20:24])) == (120, 80)
