"""Attacked photos as plain text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from enxerto.attack.file.verify import Change, Survival
from enxerto.report.attack.contents import AttackContents, VerifiedContents
from enxerto.report.attack.words import attack_sentence, goal_words, verified_sentence
from enxerto.report.text import plain, table, terminal_columns, wrapped
from enxerto.report.wording import percent, visible

_SHOWN = 5


def attack_table(contents: AttackContents, columns: int | None = None) -> str:
    """Each photo's answer before and after, its change and what it survives, as text that ends with a line break.

    Args:
        contents: what to say.
        columns: to fold sentences to; those of the terminal by default.
    """
    width = columns or terminal_columns()
    survived = list(dict.fromkeys(each.name for photo in contents.photos for each in photo.survival))
    rows = [
        [
            visible(photo.name),
            f"{visible(photo.before[0])} {percent(photo.before[1])}",
            f"{visible(photo.after[0])} {percent(photo.after[1])}" if photo.change else "-",
            "yes" if photo.fooled else "no",
            *_figures(photo.change),
            *_survivals(survived, photo.survival),
        ]
        for photo in contents.photos
    ]
    header = [
        "photo",
        "before",
        "after",
        "fooled",
        "max",
        "L2",
        "L1",
        "pixels",
        *(f"survives {each}" for each in survived),
    ]
    sentences = [f"not attacked: {visible(name)}: {visible(why)}" for name, why in contents.problems]
    sentences += [visible(note) for note in contents.notes]
    sentences.append(f"{attack_sentence(contents)} Looked for: {goal_words(contents)}; changes are in grey levels.")
    parts = [table(header, rows)] if rows else []
    parts.append("\n".join(wrapped(plain(sentence), width) for sentence in sentences))
    return "\n\n".join(parts) + "\n"


def verified_table(contents: VerifiedContents, columns: int | None = None) -> str:
    """What a file is predicted as, how it differs from its original and what it survives, likewise."""
    width = columns or terminal_columns()
    rows = [
        [visible(name), "-" if before is None else percent(before), percent(after)]
        for name, before, after in contents.classes[:_SHOWN]
    ]
    parts = [table(["class", "original", "file"], rows)]
    if contents.change is not None or contents.survival:
        names = [each.name for each in contents.survival]
        header = ["file", "max", "L2", "L1", "pixels", *(f"survives {each}" for each in names)]
        figures = [visible(contents.file), *_figures(contents.change), *_survivals(names, contents.survival)]
        parts.append(table(header, [figures]))
    parts.append(wrapped(plain(verified_sentence(contents)), width))
    return "\n\n".join(parts) + "\n"


def _figures(change: Change | None) -> list[str]:
    if change is None:
        return ["-"] * 4
    return [f"{change.largest}", f"{change.length:.1f}", f"{change.total:,}", f"{change.pixels:,}"]


def _survivals(names: Sequence[str], found: Sequence[Survival]) -> list[str]:
    by_name = {each.name: each for each in found}
    return [
        f"{'yes' if by_name[name].fools else 'no'} {percent(by_name[name].probability)}" if name in by_name else "-"
        for name in names
    ]
