"""One photo under attack: whether there is anything to attack, the search, and what the file is then predicted as."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from enxerto.attack.file.make import Wish, make
from enxerto.attack.file.survival import Transform
from enxerto.attack.file.verify import Survival, change_between, checked, fools
from enxerto.classifier import Classifier, Prediction
from enxerto.data import Limits
from enxerto.data.decode import decode
from enxerto.jobs.provenance import Stopwatch
from enxerto.report.attack.contents import AttackCard
from enxerto.report.attack.page import AttackPictures
from enxerto.report.attack.pictures import magnification, magnified, side_by_side
from enxerto.report.text import plain
from enxerto.report.thumbnails import shrunk
from enxerto.report.wording import percent, visible
from enxerto.types import Images
from enxerto.visualize.render.encoding import png, webp

CLASSES_KEPT = 5
PAGE_SIDE_PX = 400
PAGE_QUALITY = 80


@dataclass(frozen=True)
class Order:
    """What is to be done to every photo.

    Attributes:
        target: index of the class that shall be predicted; `None` for any but the label.
        label: index of what the photos show; `None` for what the model says.
        wish: how.
        named: what the files shall survive, by name.
    """

    target: int | None
    label: int | None
    wish: Wish
    named: dict[str, tuple[Transform, ...]]


@dataclass(frozen=True, eq=False)
class Attacked:
    """What became of a photo.

    Attributes:
        card: figures.
        png: the file; empty without one.
        difference: a PNG of the magnified difference, likewise.
        side_by_side: a PNG of photo, difference and result, likewise.
        pictures: for the page.
    """

    card: AttackCard
    png: bytes = b""
    difference: bytes = b""
    side_by_side: bytes = b""
    pictures: AttackPictures = field(default_factory=lambda: AttackPictures(b"", b"", b"", 1))


def why_not(classifier: Classifier, before: Prediction, order: Order) -> str:
    """Why a readable photo can't be attacked; empty when it can."""
    said = f"the model says {visible(str(before.label))!r} ({plain(percent(before.probability))})"
    if order.target is not None and before.label == classifier.classes[order.target]:
        return f"{said} to begin with; choose another target"
    if order.target is None and order.label is not None and before.label != classifier.classes[order.label]:
        shown = visible(classifier.classes[order.label])
        return f"{said}, not {shown!r}, so that it is wrong to begin with; give a target to have it say that"
    return ""


def attack_photo(
    classifier: Classifier, name: str, photo: Images, before: Prediction, order: Order, limits: Limits
) -> Attacked:
    """Attack a photo and see what the file is predicted as.

    Args:
        classifier: to fool.
        name: of the photo.
        photo: uint8 RGB, shape (height, width, 3).
        before: the classifier's answer for it.
        order: what is wanted.
        limits: of bytes and pixels a photo.
    """
    watch = Stopwatch()
    label = classifier.classes.index(str(before.label)) if order.label is None else order.label
    with watch.stage("search"):
        made = make(classifier, photo, label, order.target, order.wish)
    content = png(made.photo) if made.success else b""
    wish = order.wish
    after: Prediction | None = None
    survived: tuple[Survival, ...] = ()
    with watch.stage("check"):
        if content:
            after, survived = checked(classifier, content, made.photo, order.named, label, order.target, limits)
    card = AttackCard(
        name=name,
        width=photo.shape[1],
        height=photo.shape[0],
        label=classifier.classes[label],
        label_given=order.label is not None,
        target=None if order.target is None else classifier.classes[order.target],
        fooled=after is not None and fools(classifier, after, label, order.target, wish.confidence),
        classes=_classes(classifier, before, after),
        change=change_between(photo, decode(content, limits=limits).image) if content else None,
        survival=survived,
        file="",
        forwards=made.forwards,
        backwards=made.backwards,
        seconds=watch.of("search") + watch.of("check"),
    )
    return _drawn(card, photo, made.photo, content)


def _classes(
    classifier: Classifier, before: Prediction, after: Prediction | None
) -> tuple[tuple[str, float, float], ...]:
    """The most probable classes before and after, by what they are after; by what they were without a file."""
    old = np.array(before.probabilities)
    new = old if after is None else np.array(after.probabilities)
    kept = {int(each) for values in (old, new) for each in np.argsort(-values, kind="stable")[:CLASSES_KEPT]}
    order = sorted(kept, key=lambda each: (-new[each], each))
    return tuple(
        (classifier.classes[each], float(old[each]), 0.0 if after is None else float(new[each])) for each in order
    )


def _drawn(card: AttackCard, photo: Images, changed: Images, content: bytes) -> Attacked:
    if not content:
        return Attacked(card, pictures=AttackPictures(_small(photo), b"", b"", 1))
    difference = magnified(photo, changed)
    pictures = AttackPictures(_small(photo), _small(difference), _small(changed), magnification(photo, changed))
    return Attacked(card, content, png(difference), png(side_by_side(card, photo, changed)), pictures)


def _small(image: Images) -> bytes:
    return webp(np.asarray(shrunk(image, PAGE_SIDE_PX)), PAGE_QUALITY)
