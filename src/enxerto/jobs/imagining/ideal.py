"""Ideal images from the first step to the page: made, saved, read back, judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from enxerto.data import decode, read_bytes
from enxerto.jobs.imagining.files import open_directory
from enxerto.jobs.imagining.gallery import Asked, Gallery
from enxerto.jobs.imagining.networks import Networks, open_networks
from enxerto.jobs.imagining.orders import Wanted, orders_of, variations, wanted_channels, wanted_classes
from enxerto.progress import Progress, silent
from enxerto.report import IdealContents
from enxerto.report.wording import listing
from enxerto.visualize.ideal.architecture import suited
from enxerto.visualize.ideal.image import IdealImage
from enxerto.visualize.ideal.knobs import find_knob, turned
from enxerto.visualize.ideal.problems import require_possible
from enxerto.visualize.ideal.recipe import IdealRecipe, recipe_of
from enxerto.visualize.ideal.start import NOISE, Start, start_problem
from enxerto.visualize.render.film import FilmKind

MOST_IMAGES = 3_000
_NAMED = 4


@dataclass(frozen=True, eq=False)
class Imagined:
    """What `ideal` returns.

    Attributes:
        images: with what networks say of their files; without frames, which are in the films.
        contents: everything on the page.
    """

    images: tuple[IdealImage, ...]
    contents: IdealContents


def ideal(
    classes: str | int | Sequence[str | int] = (),
    output: str | Path | None = None,
    *,
    recipe: IdealRecipe | str = "robust",
    knobs: Mapping[str, Any] | None = None,
    seeds: int = 1,
    seed: int = 0,
    start: str | Path = NOISE,
    layer: str = "",
    channels: Sequence[int] = (),
    backbones: Sequence[str] = (),
    models: Sequence[str | Path] = (),
    verifiers: Sequence[str | Path] = (),
    stop_when_agreed: bool = False,
    vary: tuple[str, Sequence[str]] | None = None,
    film: FilmKind | None = None,
    device: str = "auto",
    offline: bool = False,
    resume: bool = False,
    force: bool = False,
    command: str | None = None,
    progress: Progress = silent,
) -> Imagined:
    """Make the ideal images of classes by gradient ascent, and ask networks that had no part in it what they see.

    Each image is saved as a PNG as soon as it is finished, read back from the disk through the ordinary loading path,
    and shown to each network as it is, under crops and after JPEG. Ctrl-C ends it early; what was finished is kept,
    written and returned.

    Args:
        classes: names or indices.
        output: directory for the images, the page `ideal.html`, the record `ideal.json`, the contact sheet and the
            films. `None` writes nothing that stays.
        recipe: how they are made: `robust`, `lesson`, or an `enxerto.IdealRecipe`.
        knobs: of the recipe that are turned, by name, to values or to their text, as on the command line.
        seeds: images of each class.
        seed: of the first; the others count up from it.
        start: `noise`, a color such as `#8090a0`, or a photo's path.
        layer: instead of classes: the layer whose channels shall be active.
        channels: of the layer, counted from 0.
        backbones: networks with ImageNet's classes that make the images together; EfficientNet-Lite0 by default.
        models: directories of saved models instead; each makes every image, and judges those of the others.
        verifiers: names of backbones or directories of saved models that judge; by default SqueezeNet and a sibling of
            EfficientNet-Lite, as far as they are installed.
        stop_when_agreed: an image is done as soon as verifiers put its class first; one of them at least takes no part
            in that, and judges.
        vary: a knob and its values, as they are typed on the command line; one image for each.
        film: also write a film of each image, `webp` or `gif`.
        device: as for `open_engine`.
        offline: never download.
        resume: keep the images at the output that an interrupted run finished, and make the others.
        force: replace files of the same names.
        command: the command line to print on the page.
        progress: how to show progress.

    Raises:
        UnknownNameError: there is no such class, layer, knob, recipe or backbone; the message lists near matches.
        OptionError: anything else that can't work; all of it at once.
        PhotoError: the photo to start from can't be read.
        WeightsMissingError: a network that was named is not here.
        StorageError: the disk is full; what was finished is kept.
    """
    problems: list[str] = []
    beginning = _start(start)
    if (wrong := start_problem(beginning)) is not None:
        problems.append(wrong)
    networks = open_networks(
        backbones,
        [Path(model) for model in models],
        [str(name) for name in verifiers],
        problems,
        device=device,
        offline=offline,
    )
    base, why = _recipe(recipe, knobs or {}, networks, beginning, problems)
    typed = [classes] if isinstance(classes, str | int) else list(classes)
    wanted = _wanted(typed, layer, channels, networks, problems)
    recipes = variations(base, vary, problems)
    total = len(networks.groups) * len(wanted) * seeds * len(recipes)
    if seeds < 1:
        problems.append(f"`seeds` must be 1 or more, got {seeds}")
    elif total > MOST_IMAGES:
        problems.append(f"{total:,} images were asked for; at most {MOST_IMAGES:,} are made at once")
    if stop_when_agreed and networks.groups and not problems:
        networks.panel(0, ()).stoppers()
    require_possible(base, [seed], dict.fromkeys(problems))
    orders = orders_of(["+".join(group) for group in networks.groups], wanted, range(seed, seed + seeds), recipes)
    asked = Asked(
        title=f"Ideal images of {_named(wanted)}",
        command=command or "enxerto ideal",
        recipe=base,
        varied=find_knob(vary[0]).name if vary else "",
        start=str(start),
        beginning=beginning,
        film=film,
        stops=stop_when_agreed,
        notes=(why,) if why and not (vary and find_knob(vary[0]).field == "canvas") else (),
        resume=resume and not force,
    )
    target = None if output is None else Path(output)
    with open_directory(target, [order.name for order in orders], film, force=force, resume=resume) as folder:
        gallery = Gallery(asked, networks, orders, folder, progress)
        gallery.fill()
        return Imagined(tuple(gallery.images), gallery.finish(kept=output is not None))


def _recipe(
    recipe: IdealRecipe | str, knobs: Mapping[str, Any], networks: Networks, start: Start, problems: list[str]
) -> tuple[IdealRecipe, str]:
    """The recipe with its knobs turned, and what the architecture decided, in a sentence; it decides of names alone."""
    named, why = recipe, ""
    if isinstance(named, str):
        named, why = suited(recipe_of(named), [maker.backbone.entry for maker in networks.makers], start)
    base = turned(named, knobs, problems)
    return base, why if base.canvas == named.canvas else ""


def _start(start: str | Path) -> Start:
    """A photo's pixels, or the start as it was typed."""
    if isinstance(start, str) and (start == NOISE or start.startswith("#")):
        return start
    return decode(read_bytes(Path(start))).image


def _wanted(
    typed: Sequence[str | int], layer: str, channels: Sequence[int], networks: Networks, problems: list[str]
) -> list[Wanted]:
    """What images shall show; what is wrong is added to `problems`."""
    if layer or channels:
        if typed:
            problems.append("give classes, or a layer with channels, not both")
        if not layer or not channels:
            problems.append("a layer and its channels belong together: give both, as in layer blocks.3 and channel 5")
        problems += [f"a channel is counted from 0, got {channel}" for channel in channels if channel < 0]
        return wanted_channels(layer, channels)
    if not typed:
        problems.append("give at least one class, by name or index")
    return wanted_classes(typed, networks.classes, problems)


def _named(wanted: Sequence[Wanted]) -> str:
    words = [each.words for each in wanted]
    return listing([*words[:_NAMED], f"{len(words) - _NAMED} more"] if len(words) > _NAMED else words)
