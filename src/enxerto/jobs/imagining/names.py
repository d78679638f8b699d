"""Names of the files of ideal images: after their class and seed, safe on every operating system, never twice."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count

LONGEST = 60
_KEPT = "._+"


def safe_name(words: str) -> str:
    """Words as a part of a file name: letters and digits of any script, `.`, `_`, `+` and `-`; empty when none is left.

    Everything else becomes `-`: spaces, what Windows, macOS or a shell reserves, control characters.
    """
    composed = unicodedata.normalize("NFC", words)
    letters = "".join(letter if letter.isalnum() or letter in _KEPT else "-" for letter in composed)
    return "-".join(part for part in letters.split("-") if part).strip("._-")[:LONGEST].rstrip("._-")


def file_names(parts: Sequence[tuple[str, ...]], indices: Sequence[int | None]) -> tuple[str, ...]:
    """A name without ending for each image, in order.

    Args:
        parts: of each name: the class, the seed, what else tells images apart.
        indices: of the classes; they tell apart names that are the same where capitals don't count, and stand for names
            without a letter. ImageNet has a dog and a garment called cardigan.
    """
    plain = [tuple(map(safe_name, each)) for each in parts]
    firsts = {(names[0].casefold(), index) for names, index in zip(plain, indices, strict=True)}
    shared = Counter(first for first, _ in firsts)
    names = [
        _joined(each, index, doubtful=shared[each[0].casefold()] > 1 or not each[0])
        for each, index in zip(plain, indices, strict=True)
    ]
    taken: set[str] = set()
    for place, name in enumerate(names):
        names[place] = next(free for free in _numbered(name) if free.casefold() not in taken)
        taken.add(names[place].casefold())
    return tuple(names)


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}-again-{number}" for number in count(2))


def _joined(parts: Sequence[str], index: int | None, *, doubtful: bool) -> str:
    first = f"{parts[0] or 'class'}-{index}" if doubtful and index is not None else parts[0] or "image"
    return "-".join(filter(None, (first, *parts[1:])))
