"""The report: what the benchmarks found, as one HTML page, and its main pictures as PNG.

kernelwright bench report bench/results/*.json --html report.html --png docs/pictures
"""

from pathlib import Path

from .. import report
from ..rivals import TORCH
from ..sweeps import Sweep
from . import bars, growth, headline, ladders, palette, roofline
from .page import page
from .png import write_png
from .results import Results, called, read, slug
from .scene import Scene

HEADLINE = "headline"  # what a Markdown file calls the place of the line of figures
THEMES = {"": palette.LIGHT, "-dark": palette.DARK}

__all__ = ["page", "pictures", "read", "run"]


def run(paths: list[Path], html: Path | None, png: Path | None, markdown: Path | None) -> int:
    """Read the results, write what is wanted; the exit code."""
    if not paths:
        raise ValueError("bench report: there are no results: name the files that --json wrote, bench/results/*.json")
    if not (html or png or markdown):
        raise ValueError("bench report: say what to write: --html FILE, --png DIR, --markdown FILE")
    report.check_outputs(html, markdown, HEADLINE)
    results = read(paths)
    if html:
        html.write_text(page(results), encoding="utf-8")
        print(html)
    if png:
        png.mkdir(parents=True, exist_ok=True)
        for name, scene in pictures(results).items():
            for suffix, colours in THEMES.items():
                path = png / f"{name}{suffix}.png"
                write_png(scene, colours, path)
                print(path)
    if markdown:
        report.write_markdown(markdown, headline.line(results), HEADLINE)
        print(markdown)
    return 0


def pictures(results: Results) -> dict[str, Scene]:
    """The main pictures, by the names of their files."""
    found: dict[str, Scene] = {}
    for device in results.devices:
        scene = roofline.picture(device, legend=True)
        if scene:
            found[f"roofline-{device.backend}"] = scene
        for rival in bars.rivals(device):
            found[slug(f"{rival}-{device.backend}")] = bars.picture(bars.of_kernels(device, rival), called(rival), 760)
    against = bars.of_contests(results.contests, TORCH)
    if against:
        found["torch"] = bars.picture(against, called(TORCH), 760)
    for growing in growth.found(None, results.contests, []):
        found["matmul"] = growth.picture(growing, 560, 340)
    first: dict[str, Sweep] = {}
    for sweep in results.sweeps:
        first.setdefault(sweep.family, sweep)
    if first:
        found["sweeps"] = growth.together(list(first.values()))
    for ladder in ladders.found(results):
        found.setdefault(f"ladder-{ladder.name}", ladders.picture(ladder, 560, 340))
    return found
