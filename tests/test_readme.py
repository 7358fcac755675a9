"""What the documents say holds: their code runs, their commands are understood, their links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest

from kernelwright.bench import command, trace

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def blocks(wanted):
    """(the page, the text) of each block of code in that language."""
    for page in PAGES:
        fenced = re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        yield from ((page, block) for language, block in fenced if language == wanted)


BLOCKS = [
    pytest.param(page, block, id=f"{page.name}-{i}", marks=[pytest.mark.cuda] if "simulator" in block else [])
    for i, (page, block) in enumerate(blocks("python"))
]
COMMANDS = [line for _, block in blocks("") for line in block.splitlines() if re.match(r"kernelwright |make ", line)]


@pytest.mark.parametrize(("page", "block"), BLOCKS)
def test_block_runs(page, block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(block, page.name, "exec"), {})


def test_there_are_blocks():
    assert len(BLOCKS) >= 3
    assert len(COMMANDS) >= 10


@pytest.mark.parametrize("line", dict.fromkeys(COMMANDS))
def test_command_is_understood(line):
    """By its parser: not run."""
    program, *arguments = shlex.split(line, comments=True)
    if program == "make":
        assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        return
    arguments = [part for part in arguments if not part.startswith("…")]
    _, rest = command._parser().parse_known_args(arguments)
    if arguments[0] == "trace":
        parser = command.Parser()
        trace.add_arguments(parser)
        parser.parse_args(rest)
    else:
        assert rest == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)|(?:src|srcset)=\"([^\"]+)\"", text)
    for link in filter(None, (part for pair in links for part in pair)):
        assert link.startswith("https://") or (page.parent / link).exists(), link
