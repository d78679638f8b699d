"""The page of `enxerto tricks` as one HTML file, in the looks of the report."""

from __future__ import annotations

from enxerto.report import charts
from enxerto.report.contents import TricksContents
from enxerto.report.document import filled
from enxerto.report.tricks.effects import (
    abouts,
    chance_sentence,
    intervals_sentence,
    seeds_words,
    tricks_sentence,
    unmeasured_words,
    why_unmeasured,
)


def render_tricks(contents: TricksContents) -> str:
    """The measured effects of training tricks as HTML; the same contents give the same text."""
    return filled(
        "tricks.html.j2",
        contents=contents,
        effects=contents.effects,
        chart=charts.effects_chart(contents.effects) if contents.effects else None,
        sentence=tricks_sentence(contents),
        chance=chance_sentence(contents),
        abouts=abouts(contents.effects),
        seeds=seeds_words(contents.effects),
        intervals=intervals_sentence(contents.effects) if contents.effects else "",
        unmeasured=unmeasured_words(contents),
        why=why_unmeasured(contents),
    )
