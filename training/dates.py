"""Dates as people write them, and as ISO 8601 does: "Tuesday, the third of March 1987" is 1987-03-03."""

import string
from collections.abc import Callable
from datetime import date
from itertools import cycle

import numpy as np

from ..kernels import check

FIRST, LAST = date(1800, 1, 1), date(2099, 12, 31)
MONTHS, DAYS, NUMBERS, TENS = (
    words.split()
    for words in (
        "January February March April May June July August September October November December",
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen",
        "twenty thirty forty fifty sixty seventy eighty ninety",
    )
)
ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth"}
ORDINALS |= {"twelve": "twelfth", "twenty": "twentieth", "thirty": "thirtieth"}

# What texts are made of: the written ones, and the others.
LETTERS, ISO = " ,-./" + string.digits + string.ascii_letters, "-" + string.digits
HELD_OUT, VALIDATION, TRAINING = 2_000, 1_000, 16_000

Pairs = tuple[list[str], list[str]]  # dates as written, and the same in ISO 8601


def number(n: int) -> str:
    """0 to 99 in words."""
    if n < 20:
        return NUMBERS[n]
    tens, ones = divmod(n, 10)
    return TENS[tens - 2] + (f"-{NUMBERS[ones]}" if ones else "")


def ordinal(n: int) -> str:
    """1 to 31 in words: first, second, …"""
    *before, last = number(n).split("-")
    return "-".join([*before, ORDINALS.get(last, f"{last}th")])


def ending(n: int) -> str:
    """Of the ordinal in digits: 1st, 2nd, …"""
    return "th" if n in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")


def year(n: int) -> str:
    """1800 to 2099 in words, as they are spoken."""
    hundreds, rest = divmod(n, 100)
    if rest >= 10:
        return f"{number(hundreds)} {number(rest)}"
    if hundreds == 20:
        return f"two thousand {number(rest)}" if rest else "two thousand"
    return f"{number(hundreds)} oh {number(rest)}" if rest else f"{number(hundreds)} hundred"


FORMS = (
    lambda d, day, month: f"{day}, the {ordinal(d.day)} of {month} {d.year}",
    lambda d, day, month: f"the {ordinal(d.day)} of {month}, {year(d.year)}",
    lambda d, day, month: f"{month} {d.day}{ending(d.day)}, {d.year}",
    lambda d, day, month: f"{day[:3]} {d.day} {month[:3]} {d.year}",
    lambda d, day, month: f"{d.day:02}.{d.month:02}.{d.year}",  # between dots the day comes first,
    lambda d, day, month: f"{d.month}/{d.day}/{d.year}",  # between strokes the month
)
DATASETS = {"dates": FORMS, "numeric": FORMS[4:]}


def written(d: date, form: Callable[[date, str, str], str]) -> str:
    return form(d, DAYS[d.weekday()], MONTHS[d.month - 1])


def load(name: str) -> tuple[Pairs, Pairs, Pairs]:
    """Dates for training, for choosing settings, and for the test: days of their own each, always the same ones.

    "dates" are written in six forms, "numeric" in the two that have no words; the forms take turns.
    """
    check.choice("load", "name", name, tuple(DATASETS))
    forms, days = DATASETS[name], LAST.toordinal() - FIRST.toordinal() + 1
    order = np.random.Generator(np.random.Philox(0)).permutation(days)
    parts = np.split(order, np.cumsum([HELD_OUT, VALIDATION, TRAINING]))[:3]

    def pairs(part: np.ndarray) -> Pairs:
        chosen = [date.fromordinal(FIRST.toordinal() + int(day)) for day in part]
        return [written(d, form) for d, form in zip(chosen, cycle(forms))], [d.isoformat() for d in chosen]

    test, validation, train = map(pairs, parts)
    return train, validation, test
