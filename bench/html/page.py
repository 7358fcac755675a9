"""The report: one HTML file that needs nothing else, neither network nor, to be read, its script."""

from html import escape
from pathlib import Path
from typing import Any

from .. import machine, report
from . import headline, palette
from .results import Results
from .sections import sections

HERE = Path(__file__).parent


def page(results: Results) -> str:
    found = list(sections(results))
    links = "".join(f'<li><a href="#{name}">{escape(title)}</a></li>' for name, title, _ in found)
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("style.css", "script.js"))
    body = "\n".join(
        f'<section id="{name}" aria-labelledby="{name}-h">\n<h2 id="{name}-h">{escape(title)}</h2>\n{text}\n</section>'
        for name, title, text in found
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Kernelwright: how fast its kernels are</title>
<link rel="icon" href="data:,">
<style>
{_colours()}
{style}</style>
</head>
<body>
<a class="skip" href="#main">To the figures</a>
<header>
<h1>Kernelwright</h1>
<p class="lead">How fast each kernel is, beside its machine’s limits, NumPy, PyTorch and others</p>
<button type="button" id="theme" hidden></button>
</header>
<nav aria-label="Sections"><ul>{links}</ul></nav>
<main id="main">
{_cards(results)}
{body}
</main>
<footer>{_provenance(results)}</footer>
<div id="tip" role="status" aria-live="polite"></div>
<script>
{script}</script>
</body>
</html>
"""


def _colours() -> str:
    """Dark where the system is, or where the button says so; on paper always light."""
    light, dark = palette.variables(palette.LIGHT), palette.variables(palette.DARK)
    return f""":root {{ color-scheme: light; {light} }}
@media (prefers-color-scheme: dark) {{ :root {{ color-scheme: dark; {dark} }} }}
:root[data-theme=light] {{ color-scheme: light; {light} }}
:root[data-theme=dark] {{ color-scheme: dark; {dark} }}
@media print {{ :root, :root[data-theme] {{ color-scheme: light; {light} }} }}"""


def _cards(results: Results) -> str:
    items = [f"<div><dt>{escape(text)}</dt><dd>{escape(figure)}</dd></div>" for figure, text in headline.cards(results)]
    return f'<dl class="cards">{"".join(items)}</dl>' if items else ""


def _provenance(results: Results) -> str:
    lines = [
        f"<li><b>{escape(name)}</b>: {escape(about['date'][:10])}, commit {escape(str(about.get('commit')))}; "
        f"{escape(machine.line(about))}.{_warning(about)}</li>"
        for name, about in results.machines.items()
    ]
    note = escape(report.notes({}))
    return f"<h2>Where the figures come from</h2><ul>{''.join(lines)}</ul><p>{note}</p>"


def _warning(about: dict[str, Any]) -> str:
    """That the machine was too noisy, where the run found it so."""
    warning = (about.get("noise") or {}).get("warning")
    return f" <b>Warning: {escape(warning)}.</b>" if warning else ""
