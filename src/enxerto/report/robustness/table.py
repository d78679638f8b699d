"""A robustness report as plain text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from enxerto.attack.robustness.results import Share
from enxerto.report.robustness.contents import RobustnessContents
from enxerto.report.robustness.words import (
    interval,
    left_out_sentence,
    radius_words,
    robustness_sentence,
    size_words,
    warnings_sentence,
)
from enxerto.report.text import plain, table, terminal_columns, wrapped
from enxerto.report.wording import percent, percent_interval, visible

Row = tuple[str, str, str, str]


def robustness_table(contents: RobustnessContents, columns: int | None = None) -> str:
    """Every figure with its interval and the photos that it rests on, as text that ends with a line break.

    Args:
        contents: what to say.
        columns: to fold sentences to; those of the terminal by default.
    """
    width = columns or terminal_columns()
    rows = [_share("right as they are", contents.clean), *_attacked(contents), *_others(contents)]
    sentences = [robustness_sentence(contents), warnings_sentence(contents)]
    sentences += [each.text for each in contents.measured.masking if each.warning]
    sentences += [*contents.notes, left_out_sentence(contents)]
    text = "\n".join(wrapped(plain(visible_lines(each)), width) for each in sentences if each)
    return f"{table(('what', 'figure', '95 % interval', 'photos'), rows)}\n\n{text}\n"


def visible_lines(sentence: str) -> str:
    """A sentence without anything that a terminal obeys."""
    return visible(plain(sentence))


def _attacked(contents: RobustnessContents) -> Iterator[Row]:
    for curve in contents.measured.curves:
        size = "not reached" if curve.median_grey is None else size_words(curve.norm, curve.median_grey)
        yield f"median smallest change, {curve.norm}", size, "", f"{curve.clean.count:,}"
    for each in contents.measured.standards:
        yield _share(f"right under AutoAttack, {radius_words(each.norm, each.grey)}", each.accuracy)


def _others(contents: RobustnessContents) -> Iterator[Row]:
    measured = contents.measured
    for mishap in measured.corruptions.results if measured.corruptions is not None else ():
        if mishap.strength in (1, 3, 5):
            yield _share(f"right after: {mishap.setting}", mishap.accuracy)
    for other in measured.transfers:
        yield _share(f"changed files fool {visible(other.model)}", other.fooled)
    for point in measured.certified.points if measured.certified is not None else ():
        if not point.radius:
            yield _share("right and certified at all", point.accuracy)
        elif point.accuracy.count:
            yield _share(f"certified up to {radius_words('l2', point.grey)}", point.accuracy)


def _share(what: str, share: Share) -> Row:
    return what, percent(share.value), percent_interval(interval(share)), f"{share.of:,}"
