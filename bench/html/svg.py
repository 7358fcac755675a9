"""A scene as SVG. Marks with a label can be reached by keyboard: script.js moves among them with the arrow keys."""

from html import escape

from .scene import SHAPES, Box, Dot, Line, Mark, Scene, Text


def svg(scene: Scene, name: str, kind: str = "") -> str:
    """`name` begins its ids, which must differ within a page; `kind` is a class."""
    parts = [
        f'<svg class="{kind}" viewBox="0 0 {scene.width:g} {scene.height:g}" role="group" '
        f'aria-labelledby="{name}-title" aria-describedby="{name}-about">',
        f'<title id="{name}-title">{escape(scene.title)}</title>',
        f'<desc id="{name}-about">{escape(scene.description)}</desc>',
        *(element(mark) for mark in scene.marks),
        "</svg>",
    ]
    return "\n".join(parts)


def element(mark: Mark) -> str:
    colour = f"var(--{mark.colour})"
    match mark:
        case Line():
            dashes = ' stroke-dasharray="5 4"' if mark.dashed else ""
            path, width = _path(mark.points), f"{mark.width:g}"
            return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashes}/>'
        case Box():
            place = f'x="{mark.x:.1f}" y="{mark.y:.1f}" width="{mark.width:.1f}" height="{mark.height:.1f}"'
            return _told("rect", f'{place} fill="{colour}"', mark.label)
        case Dot():
            paint = f'stroke="{colour}" fill="{"var(--ground)" if mark.hollow else colour}"'
            if mark.group:
                paint += f' data-group="{escape(mark.group)}"'
            corners = SHAPES[mark.shape]
            if not corners:
                place = f'cx="{mark.x:.1f}" cy="{mark.y:.1f}" r="{mark.radius:g}"'
                return _told("circle", f"{place} {paint}", mark.label)
            path = _path(tuple((mark.x + mark.radius * x, mark.y + mark.radius * y) for x, y in corners))
            return _told("path", f'd="{path}Z" {paint}', mark.label)
        case Text():
            style = ' font-weight="600"' if mark.bold else ""
            if mark.angle:
                style += f' transform="rotate({-mark.angle:g} {mark.x:.1f} {mark.y:.1f})"'
            return (
                f'<text x="{mark.x:.1f}" y="{mark.y:.1f}" font-size="{mark.size:g}" text-anchor="{mark.anchor}" '
                f'fill="{colour}"{style} aria-hidden="true">{escape(mark.text)}</text>'
            )


def _path(points: tuple[tuple[float, float], ...]) -> str:
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _told(tag: str, attributes: str, label: str) -> str:
    """An element that may have a label; where no script runs, the browser shows it as the title."""
    if not label:
        return f'<{tag} {attributes} aria-hidden="true"/>'
    told = escape(label)
    return f'<{tag} {attributes} class="mark" role="img" aria-label="{told}"><title>{told}</title></{tag}>'
