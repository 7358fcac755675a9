"""The recipe `translation`: a shortened run, and the dates."""

import json
import re
from datetime import date

import pytest

from kernelwright import training
from kernelwright.training import dates
from kernelwright.training.recipes import translation


def test_it_translates(tmp_path, capsys):
    """Dates without words are learned in an epoch."""
    result = translation.main(["--data", "numeric", "--epochs", "1", "--out", str(tmp_path)])
    assert result["test_exact"] >= 0.99
    assert f"{result['test_exact']:.2%} of 2,000 unseen dates are right" in capsys.readouterr().out
    names = {"last.safetensors", "metrics.json", "model.safetensors", "training.png"}
    assert {path.name for path in tmp_path.iterdir()} == names == set(result["paths"])
    assert json.loads((tmp_path / "metrics.json").read_text())["test_exact"] == result["test_exact"]
    assert (tmp_path / "training.png").stat().st_size > 20_000
    net = translation.Translator(len(dates.LETTERS), len(dates.ISO))
    assert training.load_checkpoint(tmp_path / "model.safetensors", net)["epoch"] == 1


FORMS = {
    date(1987, 3, 3): (
        "Tuesday, the third of March 1987",
        "the third of March, nineteen eighty-seven",
        "March 3rd, 1987",
        "Tue 3 Mar 1987",
        "03.03.1987",
        "3/3/1987",
    ),
    date(1800, 12, 21): (
        "Sunday, the twenty-first of December 1800",
        "the twenty-first of December, eighteen hundred",
        "December 21st, 1800",
        "Sun 21 Dec 1800",
        "21.12.1800",
        "12/21/1800",
    ),
}


@pytest.mark.parametrize("day", FORMS)
def test_forms(day):
    assert tuple(dates.written(day, form) for form in dates.FORMS) == FORMS[day]


def test_words():
    years = {2000: "two thousand", 2007: "two thousand seven", 2099: "twenty ninety-nine", 1905: "nineteen oh five"}
    assert {n: dates.year(n) for n in years} == years
    ordinals = "second fifth eighth ninth twelfth fourteenth twentieth twenty-second thirtieth"
    assert " ".join(dates.ordinal(n) for n in (2, 5, 8, 9, 12, 14, 20, 22, 30)) == ordinals
    endings = "1st 2nd 3rd 4th 11th 12th 13th 22nd 31st"
    assert " ".join(f"{n}{dates.ending(n)}" for n in (1, 2, 3, 4, 11, 12, 13, 22, 31)) == endings


def test_no_day_is_in_two_parts():
    parts = dates.load("dates")
    days = [{date.fromisoformat(text) for text in texts} for _, texts in parts]
    assert [len(part) for part in days] == [dates.TRAINING, dates.VALIDATION, dates.HELD_OUT]
    assert len(set.union(*days)) == sum(map(len, days))
    assert {day.year for day in days[0]} == set(range(1800, 2100))
    assert {letter for read, _ in parts for text in read for letter in text} <= set(dates.LETTERS)
    found = [text for text in parts[2][0] if re.fullmatch(r"\w+, the [\w-]+ of \w+ \d{4}", text)]
    assert len(found) == -(-dates.HELD_OUT // 6)
