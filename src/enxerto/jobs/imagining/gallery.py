"""Ideal images as they are finished: written, read back, judged, and put on the page."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path

from enxerto.files import sha256_of, write_durably
from enxerto.jobs.imagining.files import PAGE, RECORD, SHEET, pictures_of
from enxerto.jobs.imagining.networks import Networks
from enxerto.jobs.imagining.orders import Order, batches
from enxerto.jobs.imagining.resuming import finished_before, left_of
from enxerto.jobs.imagining.sheet import sheet_of
from enxerto.jobs.provenance import Stopwatch, backbone_card, now, versions
from enxerto.progress import Advance, Progress
from enxerto.report import IdealCard, IdealContents, Pictures, ideal_to_json, render_ideal
from enxerto.report.ideal.page import MOST_CARDS
from enxerto.visualize.ideal.image import IdealImage
from enxerto.visualize.ideal.knobs import knob_rows
from enxerto.visualize.ideal.make import ideal_images
from enxerto.visualize.ideal.objective import gradient_precision
from enxerto.visualize.ideal.panel import Panel
from enxerto.visualize.ideal.recipe import IdealRecipe
from enxerto.visualize.ideal.start import Start
from enxerto.visualize.ideal.verification import agreement, opinions_on
from enxerto.visualize.render.encoding import png, webp
from enxerto.visualize.render.film import FilmKind, film

IMAGES_A_WORKER = 4
"""So many for each thread are made in one call, and then written."""


@dataclass(frozen=True)
class Asked:
    """What was asked for, as far as all images share it.

    Attributes:
        title: of the page.
        command: the command line that makes it again.
        recipe: before a knob is varied.
        varied: that knob's name; empty where there is none.
        start: as it was typed.
        beginning: what that means.
        film: kind of the films; `None` makes none.
        stops: verifiers decide when to stop.
        notes: what a reader of the page must know, in sentences.
        resume: images that are in the folder already are kept.
    """

    title: str
    command: str
    recipe: IdealRecipe
    varied: str
    start: str
    beginning: Start
    film: FilmKind | None
    stops: bool
    notes: tuple[str, ...] = ()
    resume: bool = False


class Gallery:
    """A folder that fills with images.

    Args:
        asked: what was asked for.
        networks: who makes and who judges.
        orders: every image, in order.
        folder: where files go.
        progress: how to show it.
    """

    def __init__(
        self, asked: Asked, networks: Networks, orders: Sequence[Order], folder: Path, progress: Progress
    ) -> None:
        self._asked, self._networks, self._orders, self._folder = asked, networks, orders, folder
        self._progress = progress
        self._watch = Stopwatch()
        self._created = now()
        self._places = {order.name: place for place, order in enumerate(orders)}
        self._hung: dict[int, tuple[IdealImage, IdealCard]] = {}
        self._pictures: dict[str, Pictures] = {}
        targets = list(dict.fromkeys(order.wanted.words for order in orders))
        self._panels = [networks.panel(group, targets) for group in range(len(networks.groups))]
        self._kept = finished_before(folder, orders, self._contents(), asked.film) if asked.resume else {}

    @property
    def images(self) -> list[IdealImage]:
        """Those that are finished, in the order in which they were asked for."""
        return [image for _, (image, _) in sorted(self._hung.items(), key=itemgetter(0))]

    def fill(self) -> None:
        """Make every image; Ctrl-C ends it with those that are finished."""
        steps = sum(order.recipe.steps for order in self._orders)
        most = IMAGES_A_WORKER * self._networks.first.engine.workers
        try:
            with self._watch.stage("images"), self._progress("ideal images", steps, "steps") as advance:
                for order in self._orders:
                    if order.name in self._kept:
                        self._hang(order, self._kept[order.name])
                        advance(order.recipe.steps)
                for together in batches(self._orders, most):
                    for left in left_of(together, self._kept):
                        for order, image in zip(left, self._made(left, advance), strict=True):
                            self._hang(order, image)
                        for stale in (PAGE, SHEET):
                            (self._folder / stale).unlink(missing_ok=True)
                        self._record()
        except KeyboardInterrupt:
            if not self._hung:
                raise

    def finish(self, *, kept: bool) -> IdealContents:
        """Write sheet, page and record.

        Args:
            kept: the folder stays; otherwise the record names no sheet.
        """
        hung = [order for place, order in enumerate(self._orders) if place in self._hung]
        sheet = sheet_of(hung, self.images, self._cards, self._asked.varied)
        write_durably(self._folder / SHEET, png(sheet))
        self._record()
        contents = self._contents()
        write_durably(self._folder / PAGE, render_ideal(contents, self._pictures, webp(sheet)).encode())
        return contents if kept else replace(contents, sheet="")

    def _made(self, together: Sequence[Order], advance: Advance) -> list[IdealImage]:
        """The images of one call, one for each order."""
        first, panel = together[0], self._panels[together[0].group]
        return ideal_images(
            list(self._networks.groups[first.group].values()),
            list(dict.fromkeys(order.wanted.target for order in together)),
            first.recipe,
            list(dict.fromkeys(order.seed for order in together)),
            start=self._asked.beginning,
            judge=agreement(panel.stoppers()) if self._asked.stops else None,
            progress=_part_of(advance),
        )

    def _hang(self, order: Order, image: IdealImage) -> None:
        """Save an image, unless it is there already, read it back and ask everybody."""
        path = self._folder / f"{order.name}.png"
        film_name = f"{order.name}.{self._asked.film}" if self._asked.film else ""
        if order.name not in self._kept:
            write_durably(path, png(image.image))
            if self._asked.film:
                write_durably(self._folder / film_name, film(image.frames, self._asked.film))
        opinions = opinions_on(path, self._panels[order.group].everyone, image.target)
        place = self._places[order.name]
        if sum(other < place for other in self._hung) < MOST_CARDS:
            self._pictures[order.name] = pictures_of(image.image, image.frames)
        hung = replace(image, frames=image.frames[:0], opinions=opinions)
        self._hung[place] = hung, self._card(order, hung, sha256_of(path), film_name)

    @property
    def _cards(self) -> list[IdealCard]:
        return [card for _, (_, card) in sorted(self._hung.items(), key=itemgetter(0))]

    def _card(self, order: Order, image: IdealImage, sha256: str, film_name: str) -> IdealCard:
        return IdealCard(
            name=order.name,
            file=f"{order.name}.png",
            sha256=sha256,
            target=image.target,
            index=image.index,
            seed=image.seed,
            networks=tuple(self._networks.groups[order.group]),
            variation=order.variation,
            side_px=image.image.shape[0],
            steps=image.steps,
            stopped=image.stopped,
            seconds=0.0 if os.environ.get("SOURCE_DATE_EPOCH") else round(image.seconds, 3),
            recipe=knob_rows(order.recipe),
            opinions=image.opinions,
            film=film_name,
        )

    def _record(self) -> None:
        write_durably(self._folder / RECORD, ideal_to_json(self._contents()))

    def _contents(self) -> IdealContents:
        asked, panel = self._asked, self._panels[0]
        makers = self._networks.makers
        engine = self._networks.first.engine
        gradients = gradient_precision(engine, asked.recipe.precision)
        return IdealContents(
            title=asked.title,
            source=f"recipe {asked.recipe.name}",
            command=asked.command,
            created=self._created,
            backbones=tuple(backbone_card(maker.backbone) for maker in makers),
            judges=tuple(backbone_card(other.backbone) for other in self._networks.others.values()),
            engine=f"{engine.name} {engine.precision}, gradients in {gradients}",
            recipe=knob_rows(asked.recipe, without=[asked.varied]),
            varied=asked.varied,
            start=asked.start,
            images=tuple(self._cards),
            missing=panel.missing,
            counted=_counted(self._panels, makers[0].classes),
            stoppers=tuple(stopper.name for stopper in panel.stoppers()) if asked.stops else (),
            sheet=SHEET,
            seconds=self._watch.of("images"),
            versions=versions(),
            notes=tuple(self._notes()),
            unfinished=len(self._orders) - len(self._cards),
        )

    def _notes(self) -> Iterator[str]:
        """What was known before; and judges that are closer to the makers than their family says."""
        yield from self._asked.notes
        makers = {maker.backbone.identity for maker in self._networks.makers}
        for name, other in self._networks.others.items():
            if other.backbone.identity in makers:
                yield f"{name} stands on the very weights that made the images; it says little that they don't."
        if len(self._networks.groups) > len(makers):
            yield "Models on the same backbone's weights are no independent judges of each other."


def _counted(panels: Sequence[Panel], classes: Sequence[str]) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Where judges have other classes than the makers: whose, which target, and what was counted as it."""
    found = {}
    for judge in (judge for panel in panels for judge in panel.judges):
        if judge.classifier.classes != classes:
            for target, indices in judge.wanted.items():
                found[judge.name, target] = tuple(judge.classifier.classes[index] for index in indices)
    return tuple((name, target, names) for (name, target), names in found.items())


def _part_of(advance: Advance) -> Progress:
    """Progress that goes on with a bar that is there."""

    @contextmanager
    def part(_description: str, _total: int, _unit: str = "photos", /) -> Iterator[Advance]:
        yield advance

    return part
