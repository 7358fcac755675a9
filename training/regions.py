"""A picture of what a classifier takes all points of a plane for: a plane through three samples."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .optional import optional
from .picture import INK

HEIGHT = math.sqrt(3) / 2  # of a triangle whose sides are 1
LEFT, RIGHT, BOTTOM, TOP = -0.35, 1.35, -0.35, HEIGHT + 0.35
SQUARES = 160  # a side


def plane(corners: np.ndarray, across: np.ndarray, up: np.ndarray) -> np.ndarray:
    """The points at these places of the plane in which the corners (3, features) are a triangle of sides 1.

      2
     ╱ ╲          the corners lie at (0, 0), (1, 0) and (½, ½√3)
    0 ─ 1
    """
    third = up / HEIGHT
    second = across - third / 2
    shares = np.stack([1 - second - third, second, third], axis=-1)
    return (shares @ corners).astype(corners.dtype)


def regions(
    axes: Any, corners: np.ndarray, names: Sequence[str], scores: Callable[[np.ndarray], np.ndarray], heading: str
) -> None:
    """Colour each place of the plane through three samples, named `names`, by the class of the highest score there;
    the paler, the nearer the second highest is."""
    colors = optional("matplotlib").colormaps["tab10"]
    places = np.meshgrid(np.linspace(LEFT, RIGHT, SQUARES), np.linspace(BOTTOM, TOP, SQUARES))
    found = scores(plane(corners, *places).reshape(SQUARES**2, -1))
    second, first = np.sort(found, axis=1)[:, -2:].T
    sure = np.clip(first - second, 0, 1)[:, None]
    painted = 1 - (0.25 + 0.65 * sure) * (1 - colors(found.argmax(1) % 10)[:, :3])
    axes.imshow(painted.reshape(SQUARES, SQUARES, 3), origin="lower", extent=(LEFT, RIGHT, BOTTOM, TOP))
    for x, y, name in zip((0, 1, 0.5), (0, 0, HEIGHT), names):
        axes.plot(x, y, "o", color=INK, markersize=4)
        axes.annotate(name, (x, y), xytext=(4, 4), textcoords="offset points", fontsize=11, color=INK)
    axes.set_title(heading, color=INK, loc="left", fontsize=10)
    axes.axis("off")
