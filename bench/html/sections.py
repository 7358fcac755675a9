"""The page's parts: pictures with their captions, and the figures behind each as a table."""

from collections.abc import Iterator, Sequence
from html import escape

from .. import report
from ..contenders import NUMEXPR
from ..limits import Limits
from ..rivals import NUMPY, TORCH
from . import bars, growth, ladders, roofline, tables
from .results import GPU, Device, Results, called, known, slug, threads
from .scene import Dot, Scene
from .svg import element, svg

NARROW = 360  # pixels of a phone that are left for a picture


def sections(results: Results) -> Iterator[tuple[str, str, str]]:
    """The name, the title and the HTML of each part for which there are results."""
    for device in results.devices:
        text = _roofline(device)
        if text:
            suffix = "" if len(results.devices) == 1 else f" of {device.backend}"
            yield f"roofline-{device.backend}", f"Roofline{suffix}", text
    for name, title, part in (
        ("against", "Against NumPy, PyTorch and others", _against(results)),
        ("growth", "Time over size", _growth(results)),
        ("ladders", "Ladders", _ladders(results)),
        ("table", "Every kernel", _kernels(results)),
        ("on-gpu", "Steps and products on the GPU", _on_gpu(results)),
        ("beside", "Beside other libraries", _beside(results)),
        ("peers", "Two networks, trained by others too", _peers(results)),
        ("simulator", "The simulator", _simulator(results)),
    ):
        if part:
            yield name, title, part


def _figure(name: str, scenes: Sequence[Scene], caption: str, more: str = "") -> str:
    """One scene; or a wide and a narrow one, of which the page shows the one that fits."""
    kinds = ("",) if len(scenes) == 1 else ("wide", "narrow")
    drawn = "\n".join(svg(scene, f"{name}-{kind or 'one'}", kind) for scene, kind in zip(scenes, kinds))
    return f"<figure>{drawn}<figcaption>{caption}</figcaption>{more}</figure>"


def _details(table: str) -> str:
    return f"<details><summary>Figures</summary>{table}</details>"


def _roofline(device: Device) -> str:
    wide, narrow = roofline.picture(device), roofline.picture(device, NARROW, 420)
    if not wide or not narrow:
        return ""
    limits = report.limits_line(device.backend, known(Limits, device.limits))
    caption = (
        "Each point is a kernel at one size, in one direction. Solid: its arrays lie in memory, the line is its limit. "
        "Hollow: they fit in the cache, whose limit isn’t measured, so that it may lie above the slope. Arithmetic is "
        "counted as the definition does it: a kernel that needs less, as Winograd’s convolution does, may lie above "
        f"the roof. What is beyond the picture’s edge stands on the edge. L{escape(limits[1:])}."
    )
    buttons = []
    for group, count in roofline.groups(device.drawn).items():
        families = ", ".join(roofline.GROUPS[group][2]) if group in roofline.GROUPS else "others"
        key = element(Dot(6, 6, *roofline.look(group)))
        buttons.append(
            f'<button type="button" aria-pressed="true" data-switch="{group}" title="{escape(families)}">'
            f'<svg class="key" viewBox="0 0 12 12" aria-hidden="true">{key}</svg>{group} <span>{count}</span></button>'
        )
    legend = f'<div class="legend" role="group" aria-label="Families shown">{"".join(buttons)}</div>'
    more = '<p class="more"><a href="#table">All figures as a table</a></p>'
    return legend + _figure(f"roof-{device.backend}", (wide, narrow), caption, more)


def _against(results: Results) -> str:
    """NumPy, and numexpr, on the left, PyTorch and others on the right; below each other where there is no room."""
    one, other = [], []
    for device in results.devices:
        for rival in bars.rivals(device):
            what = "each operation’s definition" if rival == NUMPY else "the same work on the same arrays"
            what += ", on the GPU" if device.backend == GPU else ""
            text = _bars(slug(f"{rival}-{device.backend}"), called(rival), bars.of_kernels(device, rival), what)
            (one if rival in (NUMPY, NUMEXPR) else other).append(text)
    blas, torch = (bars.of_contests(results.contests, rival) for rival in (NUMPY, TORCH))
    one.append(_bars("blas", "NumPy’s BLAS", blas, "every product of matrices"))
    what = f"kernels, layers and training, with {threads(results.contests)} threads each where it doesn’t say fewer"
    other.append(_bars("torch", "PyTorch", torch, what))
    columns = ["".join(column) for column in (one, other) if any(column)]
    return f'<div class="pair">{"".join(f"<div>{column}</div>" for column in columns)}</div>' if columns else ""


def _bars(name: str, rival: str, found: list[bars.Bar], what: str) -> str:
    if not found:
        return ""
    scenes = bars.picture(found, rival), bars.picture(found, rival, NARROW)
    caption = (
        f"<b>Against {escape(rival)}</b>: {escape(what)}. Bar: the geometric mean of a family’s ratios; thin line: "
        "from the worst to the best. Left of 1× we are slower."
    )
    table = tables.table(f"Against {rival}", bars.HEADS, bars.table(found))
    return _figure(f"bars-{name}", scenes, caption, _details(table))


def _growth(results: Results) -> str:
    """How time grows; of sweeps one picture for each family, with its other axes to be unfolded."""
    device = results.devices[0] if results.devices else None
    shown, folded, families = [], [], set()
    for i, one in enumerate(growth.found(device, results.contests, results.sweeps)):
        said = "".join(f"<br>{escape(sentence)}" for sentence in one.words)
        table = tables.table(one.title, ("contender", one.axis, "time"), growth.table(one))
        drawn = _figure(f"growth-{i}", (growth.picture(one),), f"<b>{escape(one.title)}</b>{said}", _details(table))
        (folded if one.family in families else shown).append(drawn)
        families |= {one.family} - {""}
    if not shown:
        return ""
    summary = ""
    if results.sweeps:
        rows = growth.summary(results.sweeps)
        summary = tables.table("How time grows, and where ours crosses a rival’s", growth.HEADS, rows, "sweeps")
    return summary + _many(shown) + _unfolded("Other axes", folded)


def _many(drawn: Sequence[str]) -> str:
    return f'<div class="many">{"".join(drawn)}</div>'


def _unfolded(what: str, drawn: Sequence[str]) -> str:
    return f"<details><summary>{what}: {len(drawn)}</summary>{_many(drawn)}</details>" if drawn else ""


def _ladders(results: Results) -> str:
    """Of each operation the longest climb; its other sizes can be unfolded."""
    shown, folded = {}, []
    for i, ladder in enumerate(ladders.found(results)):
        caption = (
            f"<b>{escape(ladder.name)}</b>, {escape(ladder.size)}: the speed of each rung, in multiples of the lowest"
        )
        table = tables.table(f"Ladder of {ladder.name}, {ladder.size}", ("rung", "time"), ladders.table(ladder))
        drawn = _figure(f"ladder-{i}", (ladders.picture(ladder),), caption, _details(table))
        if ladder.name in shown:
            folded.append(drawn)
        else:
            shown[ladder.name] = drawn
    return _many(list(shown.values())) + _unfolded("Other sizes", folded) if shown else ""


def _kernels(results: Results) -> str:
    rows = [row for device in results.devices for row in device.rows]
    if not (rows or results.counted):
        return ""
    table = tables.table("Every kernel", *tables.kernels(rows, results.counted), "kernels")
    note = f"<p>{escape(report.COUNTED_NOTE)}</p>" if results.counted else ""
    return tables.filters("kernels", {row.family for row in (*rows, *results.counted)}) + table + note


def _on_gpu(results: Results) -> str:
    if not results.on_gpu:
        return ""
    heads = ("what", "time", "GFLOP/s", "error", "failed")
    return tables.table("Steps and products on the GPU", heads, tables.on_gpu(results.on_gpu), "gpu-rows")


def _beside(results: Results) -> str:
    if not results.contests:
        return ""
    table = tables.table("Beside other libraries", *tables.contests(results.contests), "contests")
    return tables.filters("contests", {row.group for row in results.contests}) + table


def _peers(results: Results) -> str:
    if not results.peers:
        return ""
    heads = ("library", "network", "version", "step", "first step", "to 85 %", "steps", "peak memory", "note")
    return tables.table("Two networks, trained by others too", heads, tables.peers(results.peers), "trained")


def _simulator(results: Results) -> str:
    if not results.simulator:
        return ""
    heads = ("kernel", "mode", "warp instructions", "time", "of one")
    return tables.table("The simulator", heads, tables.simulated(results.simulator["rows"]), "simulated")
