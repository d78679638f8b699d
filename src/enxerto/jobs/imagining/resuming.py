"""Going on with ideal images that were begun: those that are finished, and fit what is asked for now, are kept."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from enxerto.data import decode, read_bytes
from enxerto.errors import OptionError
from enxerto.files import sha256_of
from enxerto.jobs.imagining.files import RECORD
from enxerto.jobs.imagining.orders import Order
from enxerto.report import IdealCard, IdealContents, ideal_from_json
from enxerto.visualize.ideal.image import IdealImage
from enxerto.visualize.render.film import FilmKind


def finished_before(
    folder: Path, orders: Sequence[Order], now: IdealContents, film: FilmKind | None
) -> dict[str, IdealImage]:
    """Images that an earlier run finished, by name, as they are in their files.

    An image whose file is gone or was changed is none of them, nor is one without the film that is wanted now. Images
    of a target that push each other apart are kept together or not at all.

    Args:
        folder: of the earlier run; nothing is kept where it has no record.
        orders: every image that is asked for now.
        now: the record to come, still without images.
        film: kind of the films; `None` makes none.

    Raises:
        OptionError: the images there are of other networks, another recipe or another start, or aren't asked for now.
        IntegrityError: the record is damaged.
    """
    path = folder / RECORD
    if not path.exists():
        return {}
    record = ideal_from_json(path.read_bytes())
    _require_same(path, record, now, {order.name for order in orders})
    whole = {card.name: card for card in record.images if _is_whole(folder, card, film)}
    pushed = {_target(order) for order in orders if order.recipe.diversity and order.name not in whole}
    return {order.name: _image(folder, order, whole[order.name]) for order in orders
            if order.name in whole and _target(order) not in pushed}  # fmt: skip


def left_of(together: Sequence[Order], kept: Mapping[str, IdealImage]) -> Iterator[list[Order]]:
    """What is left to be made of a batch, in calls in which every target has the same seeds."""
    left = [order for order in together if order.name not in kept]
    if len(left) == len(together) or any(order.recipe.diversity for order in left):
        yield from [left] if left else []
        return
    for seed in dict.fromkeys(order.seed for order in left):
        yield [order for order in left if order.seed == seed]


def _require_same(path: Path, record: IdealContents, now: IdealContents, names: Container[str]) -> None:
    def decisive(contents: IdealContents) -> object:
        makers = [(card.name, card.sha256) for card in contents.backbones]
        return makers, contents.recipe, contents.varied, contents.start, contents.stoppers

    if decisive(record) != decisive(now):
        raise OptionError(
            f"{path} is of other networks, another recipe or another start, so that its images can't be kept; choose "
            "another directory, or pass --force without --resume to replace them"
        )
    others = [card.name for card in record.images if card.name not in names]
    if others:
        raise OptionError(f"{path} holds {others[0]}, which isn't asked for now; ask for it, too, to go on")


def _target(order: Order) -> tuple[int, str, str]:
    """What images have in common that push each other apart."""
    return order.group, order.wanted.words, order.variation


def _is_whole(folder: Path, card: IdealCard, film: FilmKind | None) -> bool:
    filmed = not film or (card.film == f"{card.name}.{film}" and (folder / card.film).is_file())
    return filmed and (folder / card.file).is_file() and sha256_of(folder / card.file) == card.sha256


def _image(folder: Path, order: Order, card: IdealCard) -> IdealImage:
    image = decode(read_bytes(folder / card.file)).image
    return IdealImage(
        target=card.target,
        seed=card.seed,
        networks=card.networks,
        image=image,
        steps=card.steps,
        frames=np.empty((0, *image.shape), dtype=np.uint8),
        stopped=card.stopped,
        seconds=card.seconds,
        recipe=order.recipe,
        index=card.index,
    )
