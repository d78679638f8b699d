"""The page of `enxerto ideal` as one HTML file, in the looks of the report."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from enxerto.report import charts
from enxerto.report.document import filled
from enxerto.report.ideal.contents import IdealCard, IdealContents
from enxerto.report.ideal.words import (
    CAUTION,
    ITSELF,
    SIBLING,
    IdealVerdict,
    ideal_sentence,
    ideal_verdict,
    ordinal,
    tallies,
)
from enxerto.report.wording import isolated, percent
from enxerto.visualize.ideal.image import Opinion

MOST_CARDS = 60
_RELATIONS = {ITSELF: "made it", SIBLING: "a sibling"}


@dataclass(frozen=True)
class Pictures:
    """What the page shows of an image, each a WebP file.

    Attributes:
        image: the image itself.
        strip: how it came to be, frame by frame; may be empty.
    """

    image: bytes
    strip: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Column:
    """A network in the table of opinions: its name, and what it has to do with the image."""

    network: str
    relation: str


@dataclass(frozen=True)
class Cell:
    """An opinion in few words; `other` is what the network sees instead, empty where it puts the class first."""

    words: str
    other: str


@dataclass(frozen=True)
class Shown:
    """An image as the page shows it."""

    card: IdealCard
    source: str
    strip: tuple[str, ...]
    verdict: IdealVerdict
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    chart: charts.Chart | None


def render_ideal(contents: IdealContents, pictures: Mapping[str, Pictures], sheet: bytes = b"") -> str:
    """Ideal images and what networks say of them as HTML; the same contents and pictures give the same text.

    Args:
        contents: what the page says.
        pictures: image name to what is shown of it; images beyond the sixtieth are left to the sheet.
        sheet: the contact sheet as a WebP file; empty where there is none.
    """
    shown = [
        _shown(card, contents, pictures[card.name], number) for number, card in enumerate(contents.images[:MOST_CARDS])
    ]
    return filled(
        "ideal.html.j2",
        contents=contents,
        sentence=ideal_sentence(contents),
        tallies=tallies(contents),
        caution=CAUTION,
        sheet=_source(sheet) if sheet else "",
        groups=[(target, list(group)) for target, group in groupby(shown, key=lambda each: each.card.target)],
        left_out=len(contents.images) - len(shown),
        relations=_RELATIONS,
        networks=[("Made by", card) for card in contents.backbones] + [("Judged by", card) for card in contents.judges],
    )


def _shown(card: IdealCard, contents: IdealContents, pictures: Pictures, number: int) -> Shown:
    names = list(dict.fromkeys(opinion.network for opinion in card.opinions))
    views = list(dict.fromkeys(opinion.view for opinion in card.opinions))
    found = {(opinion.network, opinion.view): opinion for opinion in card.opinions}
    relation = {opinion.network: opinion.relation for opinion in card.opinions}
    return Shown(
        card=card,
        source=_source(pictures.image),
        strip=tuple(map(_source, pictures.strip)),
        verdict=ideal_verdict(card, contents.stoppers),
        columns=tuple(Column(name, _relation(name, relation[name], contents)) for name in names),
        rows=tuple((view, tuple(_cell(found[name, view]) for name in names)) for view in views),
        chart=charts.ascent_chart(f"ascent-{number}", card.steps, card.stopped),
    )


def _relation(name: str, relation: str, contents: IdealContents) -> str:
    if name in contents.stoppers and relation != ITSELF:
        return "decided when to stop"
    return _RELATIONS.get(relation, "had no part in it")


def _cell(opinion: Opinion) -> Cell:
    best = f"{isolated(opinion.best[0][0], 28)} {percent(opinion.best[0][1])}"
    if not opinion.rank:
        return Cell(best, "")
    return Cell(f"{ordinal(opinion.rank)}, {percent(opinion.probability)}", "" if opinion.rank == 1 else best)


def _source(content: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(content).decode()}"
