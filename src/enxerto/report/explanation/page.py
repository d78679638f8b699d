"""The page of `enxerto explain` as one HTML file, in the looks of the report."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from enxerto.report.document import filled
from enxerto.report.explanation.contents import ExplanationCard, ExplanationContents, MapCard, MethodCard, NeighborCard
from enxerto.report.explanation.words import (
    CAUTION,
    better_than,
    explanation_sentence,
    mean_chance,
    method_scores,
    sanity_words,
)
from enxerto.visualize.render.overlay import color_at

MOST_PHOTOS = 40
_LEGEND_STEPS = 24
_BAR = 8


@dataclass(frozen=True)
class ShownMap:
    """A map with its method and its picture."""

    method: MethodCard
    card: MapCard
    source: str


@dataclass(frozen=True)
class ShownPhoto:
    """A photo explained, with pictures as data URIs; empty where there is none."""

    card: ExplanationCard
    source: str
    maps: tuple[ShownMap, ...]
    neighbors: tuple[tuple[NeighborCard, str], ...]


def render_explanations(
    contents: ExplanationContents,
    *,
    pictures: Sequence[tuple[bytes, Mapping[str, bytes]]],
    thumbnails: Mapping[str, bytes],
) -> str:
    """Explanations as HTML; the same contents and pictures give the same text.

    Args:
        contents: what the page says.
        pictures: of the first photos: the photo, and by method its overlay, each a WebP file.
        thumbnails: of training photos, by name, WebP files; those without one get a drawn placeholder.
    """
    photos = [_shown(contents, card, *each, thumbnails) for card, each in zip(contents.photos, pictures, strict=False)]
    return filled(
        "explanation.html.j2",
        contents=contents,
        photos=photos,
        sentence=explanation_sentence(contents),
        caution=CAUTION,
        scores=method_scores(contents),
        chance=mean_chance(contents),
        sanity_words=sanity_words,
        better_than=better_than,
        legend=legend(),
        total_seconds=sum(duration for _, duration in contents.seconds),
    )


def legend() -> Markup:
    """The scale of colors as an SVG drawing, from wholly against to wholly for."""
    steps = [2 * place / (_LEGEND_STEPS - 1) - 1 for place in range(_LEGEND_STEPS)]
    bars = "".join(
        f'<rect x="{place * _BAR}" width="{_BAR + 0.5}" height="16" fill="rgb{color_at(step)}" '
        f'fill-opacity="{abs(step) ** 0.8:.2f}" />'
        for place, step in enumerate(steps)
    )
    whole = _LEGEND_STEPS * _BAR
    return Markup(
        f'<svg class="scale" viewBox="0 0 {whole} 16" width="{whole}" height="16" role="img" '
        'aria-label="Colors from blue, against, over gray to orange and yellow, for">'
        f'<rect width="{whole}" height="16" fill="#777" />{bars}</svg>'
    )


def _shown(
    contents: ExplanationContents,
    card: ExplanationCard,
    photo: bytes,
    overlays: Mapping[str, bytes],
    thumbnails: Mapping[str, bytes],
) -> ShownPhoto:
    maps = [
        ShownMap(method, each, _uri(overlays.get(method.name)))
        for method, each in zip(contents.methods, card.maps, strict=True)
    ]
    neighbors = [(each, _uri(thumbnails.get(each.name))) for each in card.neighbors]
    return ShownPhoto(card, _uri(photo), tuple(maps), tuple(neighbors))


def _uri(content: bytes | None) -> str:
    return f"data:image/webp;base64,{base64.b64encode(content).decode()}" if content else ""
