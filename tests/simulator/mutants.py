"""Kernels with one mistake each: a barrier deleted, a bound dropped, an atomic operation made plain."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

# Names of sizes in our kernels: a comparison with one of them keeps an index inside an array.
SIZES = "rows|columns|lines|n|terms|size|classes|stack|bins|tiles|queries|keys|width|values"
PATTERNS = {
    "barrier": r"__sync(?:threads|warp)\(\);",
    "fence": r"__threadfence\(\);",
    "wait": r"__pipeline_wait_prior\(\d\);|\bwait_copies<[^>]+>\(\);|\bwait_for_copies\(\);",
    "atomic": r"\batomic(?=Add|Max)",
    "bound": rf"[\w.]+(?: \+ \w+)? (?:<|>=) (?:{SIZES})\b",
}
# Stands in for the atomic ones: read, then write.
PLAIN = """
template <typename T> __device__ T plainAdd(T* p, T v) { T old = *p; *p = old + v; return old; }
template <typename T> __device__ T plainMax(T* p, T v) { T old = *p; *p = old < v ? v : old; return old; }
"""


@dataclass(frozen=True)
class Mutant:
    file: str
    line: int
    kind: str
    before: str
    after: str
    text: str  # the whole file
    number: int  # of those in the file that are changed alike, from 1

    @property
    def change(self) -> str:
        return f"{self.before} → {self.after or 'nothing'}"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.change}"


def mutants(file: str, text: str) -> Iterator[Mutant]:
    """Every mutant of a source; comments are left alone."""
    code = re.sub(r"//[^\n]*", lambda found: " " * len(found[0]), text)
    alike: Counter[tuple[str, str]] = Counter()
    for kind, pattern in PATTERNS.items():
        for found in re.finditer(pattern, code):
            after = _changed(kind, found[0], code[found.end() :])
            changed = text[: found.start()] + after + text[found.end() :]
            if kind == "atomic":
                changed = PLAIN + "#line 1\n" + changed
            alike[found[0], after] += 1
            line = code.count("\n", 0, found.start()) + 1
            yield Mutant(file, line, kind, found[0], after, changed, alike[found[0], after])


def _changed(kind: str, text: str, rest: str) -> str:
    if kind == "atomic":
        return "plain"
    if kind == "wait":
        return re.sub(r"(?<=[<(])[^>)]+", r"\g<0> + 1", text) if re.search(r"[<(][^>)]", text) else ""
    if kind != "bound":
        return ""
    if rest.startswith(";"):  # of a loop, which would never end without: one round too many
        return text.replace(" < ", " <= ")
    return "false" if ">=" in text else "true"
