"""What `enxerto compare` prints: what was found, and a row per backbone."""

from __future__ import annotations

from enxerto.report.comparison.contents import ComparedBackbone, ComparisonContents
from enxerto.report.comparison.words import (
    about,
    accuracy_words,
    best_sentence,
    choice_sentence,
    disturbed_sentence,
    megabytes,
    milliseconds,
    random_sentence,
    skipped_sentences,
    smallest_sentence,
    transfer_words,
    untimed_sentence,
)
from enxerto.report.terminal import transfer_blocks
from enxerto.report.text import plain, table, terminal_columns, wrapped
from enxerto.report.wording import count, percent_interval, points

_HEADER = ("backbone", "accuracy", "95 % interval", "behind", "a photo", "memory", "weights", "fine-tuning", "licence")


def comparison_table(contents: ComparisonContents, *, columns: int | None = None) -> str:
    """The answer first, then the table, then what is not in it."""
    columns = columns or terminal_columns()
    found = [best_sentence(contents), choice_sentence(contents), smallest_sentence(contents)]
    blocks = ["\n".join(wrapped(plain(text), columns) for text in found if text)]
    if contents.wishes is not None:
        wishes = contents.wishes
        blocks.append(f"take\n  best      {wishes.best}\n  fastest   {wishes.fastest}\n  smallest  {wishes.smallest}")
    blocks.append(table(_HEADER, map(_row, contents.entries)))
    if contents.transfer is not None:
        card = contents.transfer
        title = f"does transfer help? ({card.backbone})"
        parts = transfer_blocks(card.layers, card.scratch, card.domain, transfer_words(card), columns)
        blocks += [title, *parts] if parts else []
    sentences = (random_sentence, disturbed_sentence, untimed_sentence)
    notes = [*skipped_sentences(contents), *(sentence(contents) for sentence in sentences)]
    if contents.unreadable:
        notes.append(f"{count(len(contents.unreadable), 'photo')} could not be read; see: enxerto check")
    blocks += ["\n".join(wrapped(plain(text), columns, 2) for text in notes if text)] if any(notes) else []
    return "\n\n".join(blocks) + "\n"


def _row(entry: ComparedBackbone) -> tuple[str, ...]:
    found = entry.found
    return (
        entry.name,
        accuracy_words(entry),
        "" if found is None else percent_interval(found.accuracy),
        "" if found is None or found.behind is None else points(found.behind.value),
        milliseconds(entry.speed.milliseconds),
        "" if entry.speed.memory_bytes is None else megabytes(entry.speed.memory_bytes),
        megabytes(entry.size_bytes),
        "" if entry.tuning_seconds is None else about(entry.tuning_seconds),
        entry.licence,
    )
