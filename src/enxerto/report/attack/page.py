"""The page of `enxerto attack` as one HTML file, in the looks of the report."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from enxerto.report.attack.contents import AttackCard, AttackContents
from enxerto.report.attack.words import CAUTION, attack_sentence, card_sentence, goal_words
from enxerto.report.document import filled

MOST_PHOTOS = 40
_SHOWN = 5


@dataclass(frozen=True)
class AttackPictures:
    """A photo, its magnified difference and the file, small, as WebP files; empty where there is no file.

    Attributes:
        photo: as it was.
        difference: on mid grey.
        result: as it became.
        times: how much the difference is magnified.
    """

    photo: bytes
    difference: bytes
    result: bytes
    times: int


@dataclass(frozen=True)
class ShownAttack:
    """A photo attacked, with pictures as data URIs; empty where there is none."""

    card: AttackCard
    sentence: str
    photo: str
    difference: str
    result: str
    times: int


def render_attack(contents: AttackContents, pictures: Sequence[AttackPictures]) -> str:
    """Attacked photos as HTML; the same contents and pictures give the same text.

    Args:
        contents: what the page says.
        pictures: of the first photos.
    """
    shown = [
        ShownAttack(card, card_sentence(card), _uri(each.photo), _uri(each.difference), _uri(each.result), each.times)
        for card, each in zip(contents.photos, pictures[:MOST_PHOTOS], strict=False)
    ]
    return filled(
        "attack.html.j2",
        contents=contents,
        photos=shown,
        sentence=attack_sentence(contents),
        goal=goal_words(contents),
        caution=CAUTION,
        classes_shown=_SHOWN,
        total_seconds=sum(duration for _, duration in contents.seconds),
    )


def _uri(content: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(content).decode()}" if content else ""
