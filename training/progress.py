"""A progress bar on a terminal; elsewhere (a file, a notebook, CI) plain lines only."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .optional import optional


class Lines:
    """What there is without a terminal."""

    def advance(self, amount: int, text: str | None = None) -> None:
        """So much more is done; `text` says what is going on now."""

    def line(self, text: str) -> None:
        """A line that stays."""
        print(text, flush=True)


class Bar(Lines):
    """The same on a terminal, drawn by rich."""

    def __init__(self, bar: Any, task: Any):
        self.bar, self.task = bar, task

    def advance(self, amount, text=None):
        self.bar.update(self.task, advance=amount, **({} if text is None else {"description": text}))


@contextmanager
def progress(text: str, total: int | None, unit: str) -> Iterator[Lines]:
    """Show how far something of `total` units is."""
    if not sys.stdout.isatty():
        yield Lines()
        return
    rich = optional("rich.progress")

    class Speed(rich.ProgressColumn):
        def render(self, task):
            return optional("rich.text").Text(f"{task.speed:,.0f} {unit}/s" if task.speed else "")

    columns = (
        rich.TextColumn("{task.description}", markup=False),
        rich.BarColumn(),
        rich.TaskProgressColumn(),
        Speed(),
        rich.TimeRemainingColumn(),
    )
    with rich.Progress(*columns, transient=True) as bar:  # what is printed meanwhile goes above the bar
        yield Bar(bar, bar.add_task(text, total=total))
