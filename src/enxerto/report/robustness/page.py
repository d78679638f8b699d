"""The page of `enxerto robustness` as one HTML file, in the looks of the report."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from enxerto.report.charts.svg import Chart
from enxerto.report.document import filled
from enxerto.report.robustness.contents import PhotoCard, RobustnessContents
from enxerto.report.robustness.curves import certified_chart, curves_chart
from enxerto.report.robustness.mishaps import mishaps_chart
from enxerto.report.robustness.words import (
    NEW_ATTACK,
    SIZES,
    accuracy_words,
    fell_words,
    interval,
    left_out_sentence,
    paper_words,
    radius_words,
    robustness_sentence,
    size_words,
    transfer_sentence,
    warnings_sentence,
)
from enxerto.report.wording import percent, percent_interval


@dataclass(frozen=True)
class Tile:
    """A headline figure."""

    name: str
    value: str
    limits: str
    meaning: str


@dataclass(frozen=True)
class ShownPhoto:
    """A photo's card, with its thumbnail as a data URI; empty where there is none."""

    card: PhotoCard
    source: str


def render_robustness(contents: RobustnessContents, thumbnails: Mapping[str, bytes]) -> str:
    """The page as HTML; the same contents and thumbnails give the same text.

    Args:
        contents: what the page says.
        thumbnails: WebP files of the photos on cards, by name.
    """
    return filled(
        "robustness.html.j2",
        contents=contents,
        measured=contents.measured,
        sentence=robustness_sentence(contents),
        warnings=warnings_sentence(contents),
        left_out=left_out_sentence(contents),
        transfers=transfer_sentence(contents),
        tiles=tiles(contents),
        charts=_charts(contents),
        fragile=_shown(contents.fragile, thumbnails),
        stubborn=_shown(contents.stubborn, thumbnails),
        signs=[each for each in contents.measured.masking if each.warning],
        harmless=[each for each in contents.measured.masking if each.photos and not each.warning],
        unknown=[each.name for each in contents.measured.masking if not each.photos],
        sizes=SIZES,
        new_attack=NEW_ATTACK,
        interval=interval,
        accuracy_words=accuracy_words,
        fell_words=fell_words,
        paper_words=paper_words,
        radius_words=radius_words,
        size_words=size_words,
    )


def tiles(contents: RobustnessContents) -> tuple[Tile, ...]:
    """The headline figures that were measured."""
    clean = contents.clean
    found = [
        Tile("Right as they are", percent(clean.value), percent_interval(interval(clean)), f"{clean.of:,} photos.")
    ]
    for curve in contents.measured.curves:
        if curve.norm == contents.leading:
            value = size_words(curve.norm, curve.median_grey) if curve.median_grey is not None else "not reached"
            meaning = (
                f"Median of {curve.clean.count:,} right photos; {SIZES[curve.norm].partition(',')[0]} ({curve.norm})."
            )
            found.append(Tile("Change that fools", value, "", meaning))
    for standard in contents.measured.standards[:1]:
        share = standard.accuracy
        meaning = f"Of {share.of:,} photos, within {radius_words(standard.norm, standard.grey)}."
        found.append(Tile("Right under AutoAttack", percent(share.value), percent_interval(interval(share)), meaning))
    mishaps = contents.measured.corruptions
    if mishaps is not None and mishaps.mean is not None:
        meaning = (
            f"Mean of {len(mishaps.results)} kinds and strengths; {percent(mishaps.clean.value)} of the same "
            f"{mishaps.clean.of:,} photos as they are."
        )
        found.append(Tile("Right after mishaps", percent(mishaps.mean), "", meaning))
    return tuple(found)


def _charts(contents: RobustnessContents) -> dict[str, Chart | None]:
    measured = contents.measured
    return {
        "curves": curves_chart(measured.curves, measured.standards) if measured.curves else None,
        "mishaps": mishaps_chart(measured.corruptions)
        if measured.corruptions is not None and measured.corruptions.results
        else None,
        "certified": certified_chart(measured.certified) if measured.certified is not None else None,
    }


def _shown(cards: Sequence[PhotoCard], thumbnails: Mapping[str, bytes]) -> list[ShownPhoto]:
    return [ShownPhoto(card, _uri(thumbnails.get(card.name, b""))) for card in cards]


def _uri(content: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(content).decode()}" if content else ""
