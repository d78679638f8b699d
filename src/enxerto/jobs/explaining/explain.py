"""Why a classifier gives photos a class: maps with their scores, overlays, and the nearest training photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from enxerto.backbones import DEFAULT
from enxerto.backbones.imagenet import imagenet_synonyms
from enxerto.classifier import Classifier
from enxerto.classifier.class_choice import class_index
from enxerto.data import Limits, list_unlabeled
from enxerto.errors import DataError
from enxerto.jobs.explaining.explaining import card, explained
from enxerto.jobs.explaining.known_photos import photos_known_to
from enxerto.jobs.explaining.output import require_writable, write_explanations
from enxerto.jobs.explaining.photos import DrawnPhoto, SeenPhoto, draw_all, seen_blocks
from enxerto.jobs.provenance import Stopwatch, backbone_card, now, versions
from enxerto.progress import Progress, silent
from enxerto.report.explanation.contents import ExplanationContents, MethodCard
from enxerto.report.explanation.page import MOST_PHOTOS, render_explanations
from enxerto.report.thumbnails import make_thumbnails
from enxerto.visualize.attribution import Explainer, Explanation, find_methods

NEIGHBORS = 3


@dataclass(frozen=True, eq=False)
class Explained:
    """What `explain` returns.

    Attributes:
        explanations: one a readable photo, with the values of its maps.
        contents: every figure, as the page shows it.
        html: the page.
    """

    explanations: tuple[Explanation, ...]
    contents: ExplanationContents
    html: str


def explain(
    photos: str | Path | Sequence[str | Path],
    output: str | Path | None = None,
    *,
    model: Classifier | str | Path | None = None,
    backbone: str = DEFAULT,
    target: str | None = None,
    methods: Sequence[str] = (),
    checks: bool = True,
    neighbors: int = NEIGHBORS,
    learned_from: str | Path | None = None,
    device: str = "auto",
    offline: bool = False,
    cache: bool = True,
    force: bool = False,
    seed: int = 0,
    limits: Limits | None = None,
    command: str | None = None,
    progress: Progress = silent,
) -> Explained:
    """Show which pixels an answer rests on, and how far to trust that.

    Args:
        photos: files and folders.
        output: folder for the page, its figures, and overlays in the photos' own sizes; made if need be.
        model: a classifier, or the directory of a saved one.
        backbone: without a model: a network with the 1,000 ImageNet classes that it was trained on.
        target: the class to explain, by name or index; by default each photo's predicted one.
        methods: of `enxerto.visualize.attribution.METHODS`; by default all that are installed.
        checks: score every map by deletion and insertion, and see what the methods draw for random weights.
        neighbors: how many of the nearest training photos to show of a model's predictions.
        learned_from: folder of the photos that the model has learned from; by default where they were.
        device: as for `open_engine`; not of a classifier that is handed in, as `offline`.
        offline: never download.
        cache: keep the training photos' features for the next time.
        force: replace explanations at `output`.
        seed: of random weights and random maps.
        limits: of bytes and pixels a photo.
        command: the command line to print on the page.
        progress: how to show progress.

    Raises:
        DataError: nothing readable.
        UnknownNameError: there is no such class, method or backbone.
        OptionError: a method needs an extra that is not installed, or can't look into this network.
        IntegrityError: the directory is no intact model.
        StorageError: the output can't be written.
    """
    watch, limits = Stopwatch(), limits or Limits()
    asked = find_methods(methods)
    given = [Path(photos)] if isinstance(photos, str | Path) else [Path(each) for each in photos]
    listed = list_unlabeled(given)
    if output is not None:
        require_writable(Path(output), force=force)
    with watch.stage("loading"):
        classifier, name = _opened(model, backbone, device, offline)
        wanted = None if target is None else class_index(target, classifier.classes, _synonyms(classifier))
    notes: list[str] = []
    with watch.stage("training photos"):
        known = photos_known_to(
            classifier, model, learned_from, neighbors, notes=notes, keep=cache, limits=limits, progress=progress
        )
    explainer = Explainer(classifier, asked, len(listed), checks=checks, seed=seed)
    explanations: list[Explanation] = []
    drawn: list[DrawnPhoto] = []
    problems: list[tuple[str, str]] = []
    with progress("explaining", len(listed)) as advance:
        for block in seen_blocks(listed.photos, classifier.preprocessing, limits):
            seen = [one for one in block if isinstance(one, SeenPhoto)]
            problems += [(one[0].name, f"{one[1].detail} ({one[1].code})") for one in block if isinstance(one, tuple)]
            if seen:
                with watch.stage("explaining"):
                    new = explained(explainer, seen, wanted, known, neighbors)
                with watch.stage("drawing"):
                    drawn += draw_all(new, limits, files=output is not None, page=len(drawn) < MOST_PHOTOS)
                explanations += new
            advance(len(block))
    if not explanations:
        reasons = "; ".join(f"{name}: {why}" for name, why in problems[:3])
        raise DataError(f"none of the {len(listed)} photos can be read: {reasons}")
    sanity = {check.method: check for check in explainer.sanity()}
    contents = ExplanationContents(
        title=Path(listed.photos[0].name).name if len(listed) == 1 else f"{len(listed)} photos",
        source=", ".join(str(each) for each in given[:4]) + f" and {len(given) - 4} more" * (len(given) > 4),
        command=command or f"enxerto explain {' '.join(str(each) for each in given)}",
        created=now(),
        model=name,
        backbone=backbone_card(classifier.backbone),
        engine=f"{classifier.engine.name} {classifier.engine.precision}",
        methods=tuple(
            MethodCard(each.name, each.title, each.about, each.signed, sanity.get(each.name)) for each in asked
        ),
        photos=tuple(card(each) for each in explanations),
        problems=tuple(problems),
        notes=tuple(notes),
        seconds=watch.seconds(),
        versions=versions(),
        seed=seed,
    )
    near = {each.name: each.path for one in explanations[:MOST_PHOTOS] for each in one.neighbors}
    html = render_explanations(
        contents,
        pictures=[(each.photo, each.overlays) for each in drawn[:MOST_PHOTOS]],
        thumbnails=make_thumbnails(near, limits=limits),
    )
    if output is not None:
        write_explanations(Path(output), contents, html, [each.files for each in drawn])
    return Explained(tuple(explanations), contents, html)


def _opened(model: Classifier | str | Path | None, backbone: str, device: str, offline: bool) -> tuple[Classifier, str]:
    """The classifier, and what it is in words."""
    if isinstance(model, Classifier):
        return model, f"a classifier on {model.backbone.name}"
    if model is not None:
        classifier = Classifier.load(model, device=device, offline=offline)
        return classifier, f"the model {Path(model).resolve().name}"
    classifier = Classifier.from_backbone(backbone, device=device, offline=offline)
    return classifier, f"{classifier.backbone.name} with ImageNet's classes"


def _synonyms(classifier: Classifier) -> tuple[tuple[str, ...], ...]:
    return imagenet_synonyms() if classifier.probe is None else ()
