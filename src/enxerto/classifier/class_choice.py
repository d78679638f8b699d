"""Which class somebody means who types a name or an index."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from enxerto.errors import OptionError, UnknownNameError

_SHOWN = 4


def class_index(typed: str, classes: Sequence[str], synonyms: Sequence[Sequence[str]] = ()) -> int:
    """The class that a name or an index means.

    Names are compared letter by letter first, then without regard to case, `_`, `-` and spaces; then come synonyms,
    and last the index. The first of these that fits decides, so that a class called `3` is found by its name.

    Args:
        typed: a name, a synonym, or an index counted from 0.
        classes: every class by the name that is shown.
        synonyms: further names of each class, the usual one first; `imagenet_synonyms` for ImageNet's.

    Raises:
        UnknownNameError: no class is called so; the message lists near matches.
        OptionError: several classes are called so, or the index is beyond the last class.
    """
    for found in _ways(typed, classes, synonyms):
        if len(found) > 1:
            raise OptionError(f"class {typed!r} could be {_choices(found, classes)}; give the index")
        if found:
            return found[0]
    if typed.strip().isdecimal():
        index = int(typed)
        if index < len(classes):
            return index
        raise OptionError(f"class {typed} is beyond the last one; indices go from 0 to {len(classes) - 1}")
    raise UnknownNameError("class", typed, {*classes, *(name for names in synonyms for name in names)})


def _ways(typed: str, classes: Sequence[str], synonyms: Sequence[Sequence[str]]) -> Iterator[list[int]]:
    """The classes that fit, by each way to compare, the strictest first."""
    usual = [names[0] for names in synonyms] or list(classes)
    comparisons: tuple[Callable[[str], str], ...] = (str, _bare)
    for form in comparisons:
        wanted = form(typed)
        for names in (usual, classes):
            yield [index for index, name in enumerate(names) if form(name) == wanted]
    yield [index for index, names in enumerate(synonyms) if _bare(typed) in map(_bare, names)]


def _bare(name: str) -> str:
    return "".join(name.replace("_", " ").replace("-", " ").split()).casefold()


def _choices(found: Sequence[int], classes: Sequence[str]) -> str:
    named = [f"{index} ({classes[index]})" for index in found[:_SHOWN]]
    more = f" or {len(found) - _SHOWN} others" if len(found) > _SHOWN else ""
    return " or ".join(named) + more
