"""The effects of training tricks as plain text for the command line."""

from __future__ import annotations

from enxerto.evaluation.results import TrickEffect
from enxerto.report.contents import TricksContents
from enxerto.report.text import plain, table, terminal_columns, wrapped
from enxerto.report.tricks.effects import (
    best_first,
    chance_sentence,
    intervals_sentence,
    shown,
    tricks_sentence,
    unmeasured_words,
    why_unmeasured,
)
from enxerto.report.wording import (
    bare_points,
    change,
    change_interval,
    count,
    percent_with_interval,
    seconds,
    shortened,
    visible,
)


def tricks_table(contents: TricksContents, *, columns: int | None = None) -> str:
    """What `enxerto tricks` prints: what was found, a row per setting, and what was left out.

    Args:
        contents: of the page of tricks.
        columns: width to wrap sentences to; the terminal's by default.
    """
    columns = columns or terminal_columns()
    opening = [
        tricks_sentence(contents),
        f"The default recipe is right in {percent_with_interval(contents.accuracy)}, the linear probe in "
        f"{percent_with_interval(contents.probe)} of {count(contents.validated, 'photo')} that were not learned from.",
    ]
    blocks = ["\n".join(wrapped(plain(sentence), columns) for sentence in opening)]
    if contents.effects:
        header = ("setting", "points", "95 % interval", "", "log loss", "95 % interval", "", "pairs", "time", "ratio")
        blocks.append(table(header, map(_row, best_first(contents.effects))))
        blocks.append(wrapped(plain(f"{intervals_sentence(contents.effects)} {chance_sentence(contents)}"), columns))
    blocks += [wrapped(plain(note), columns) for note in map(visible, contents.notes)]
    if contents.unmeasured:
        left_out = f"not measured, as {why_unmeasured(contents)}: {unmeasured_words(contents)}"
        blocks.append(wrapped(plain(left_out), columns, 2))
    return "\n\n".join(blocks) + "\n"


def _row(effect: TrickEffect) -> tuple[str, ...]:
    return (
        shortened(effect.setting, 40),
        bare_points(effect.accuracy.value),
        f"{bare_points(effect.accuracy.low)} to {bare_points(effect.accuracy.high)}",
        shown(effect.accuracy),
        change(effect.log_loss.value),
        change_interval(effect.log_loss),
        shown(effect.log_loss, lower_is_better=True),
        f"{effect.seeds:,}",
        seconds(effect.seconds),
        f"{effect.seconds_ratio:.2f}",
    )
