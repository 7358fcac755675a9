"""A scene as PNG, by matplotlib: the same marks at the same places as in svg.py."""

from pathlib import Path
from typing import Any

from ...training.optional import optional
from .scene import SHAPES, Box, Dot, Line, Mark, Scene, Text

SCALE = 2  # pixels of the file to one of the scene: sharp on fine screens
ANCHORS = {"start": "left", "middle": "center", "end": "right"}
FONT_SIZE = 0.72 * 0.88  # points to a pixel at 100 a scene's inch, and DejaVu Sans is wider than a browser's font


def write_png(scene: Scene, colours: dict[str, str], path: Path) -> None:
    figure = optional("matplotlib.figure").Figure(figsize=(scene.width / 100, scene.height / 100))
    figure.set_facecolor(colours["ground"])
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, scene.width), ylim=(scene.height, 0))
    axes.axis("off")
    for order, mark in enumerate(scene.marks):
        _draw(axes, mark, colours, order)
    figure.savefig(path, dpi=100 * SCALE)


def _draw(axes: Any, mark: Mark, colours: dict[str, str], order: int) -> None:
    patches, colour = optional("matplotlib.patches"), colours[mark.colour]
    match mark:
        case Line():
            x, y = zip(*mark.points)
            dashes = (0, (5, 4)) if mark.dashed else "solid"
            axes.plot(x, y, color=colour, linewidth=0.72 * mark.width, linestyle=dashes, zorder=order)
        case Box():
            axes.add_patch(
                patches.Rectangle((mark.x, mark.y), mark.width, mark.height, color=colour, linewidth=0, zorder=order)
            )
        case Dot():
            corners = SHAPES[mark.shape]
            paint = {"edgecolor": colour, "facecolor": colours["ground"] if mark.hollow else colour}
            if corners:
                places = [(mark.x + mark.radius * x, mark.y + mark.radius * y) for x, y in corners]
                patch = patches.Polygon(places, **paint, linewidth=0.72, zorder=order)
            else:
                patch = patches.Circle((mark.x, mark.y), mark.radius, **paint, linewidth=0.72, zorder=order)
            axes.add_patch(patch)
        case Text():
            axes.text(
                *(mark.x, mark.y, mark.text),
                color=colour,
                fontsize=FONT_SIZE * mark.size,
                fontweight="bold" if mark.bold else "normal",
                ha=ANCHORS[mark.anchor],
                va="baseline",
                rotation=mark.angle,
                rotation_mode="anchor",
                zorder=order,
            )
