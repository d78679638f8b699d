"""Explanations as plain text for a terminal."""

from __future__ import annotations

from enxerto.report.explanation.contents import ExplanationContents
from enxerto.report.explanation.words import mean_chance, method_scores, sanity_words
from enxerto.report.text import plain, table, terminal_columns, wrapped
from enxerto.report.wording import count, number, percent, visible


def explanation_table(contents: ExplanationContents, columns: int | None = None) -> str:
    """Each photo's answer, and each method's scores, as text that ends with a line break.

    Args:
        contents: what to say.
        columns: to fold sentences to; those of the terminal by default.
    """
    width = columns or terminal_columns()
    rows = [
        [
            visible(photo.name),
            f"{visible(photo.label)} {percent(photo.probability)}",
            "" if photo.target == photo.label else f"{visible(photo.target)} {percent(photo.target_probability)}",
            visible(photo.neighbors[0].name) if photo.neighbors else "",
        ]
        for photo in contents.photos
    ]
    parts = [table(["photo", "predicted", "explained", "nearest training photo"], rows)]
    scored = [each for each in method_scores(contents) if each.mean is not None]
    chance = mean_chance(contents)
    if scored and chance is not None:
        lines = [
            [
                each.method.title,
                number(each.mean.deletion),
                number(each.mean.insertion),
                f"{each.better} of {each.photos}",
            ]
            for each in scored
            if each.mean is not None
        ]
        lines.append(["a random map", number(chance.deletion), number(chance.insertion), ""])
        header = ["method", "deletion (low is good)", "insertion (high is good)", "better than chance"]
        parts.append(table(header, lines))
    sentences = [
        f"{method.title}: {sanity_words(method.sanity)}" for method in contents.methods if method.sanity is not None
    ]
    sentences += [f"not read: {visible(name)}: {visible(why)}" for name, why in contents.problems]
    sentences += [visible(note) for note in contents.notes]
    sentences.append(f"{count(len(contents.photos), 'photo')} explained; {contents.model}")
    parts.append("\n".join(wrapped(plain(sentence), width) for sentence in sentences))
    return "\n\n".join(parts) + "\n"
