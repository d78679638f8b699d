"""Photos that a classifier takes for something else, as files that hold when they are read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from enxerto.attack.file.budget import grey_levels
from enxerto.attack.file.make import STEPS, Wish
from enxerto.attack.file.survival import named_transforms
from enxerto.backbones import DEFAULT
from enxerto.backbones.imagenet import imagenet_synonyms
from enxerto.classifier import Classifier, Prediction
from enxerto.classifier.class_choice import class_index
from enxerto.data import Limits, Photo, list_unlabeled
from enxerto.data.decode import decode, read_bytes
from enxerto.errors import DataError, OptionError, PhotoError
from enxerto.jobs.fooling.attacking import Attacked, Order, attack_photo, why_not
from enxerto.jobs.fooling.output import attack_files, require_writable, write_attack
from enxerto.jobs.provenance import Stopwatch, backbone_card, now, versions
from enxerto.progress import Progress, silent
from enxerto.report.attack.contents import AttackContents
from enxerto.report.attack.page import render_attack

CONFIDENCE = 0.9
"""A wrong class that is ahead by a hair here may be behind on another processor."""


@dataclass(frozen=True, eq=False)
class Fooled:
    """What `fool` returns.

    Attributes:
        contents: every figure, as the page shows it.
        html: the page.
        files: name to content of every other file: the PNG of each photo, the difference, both side by side.
    """

    contents: AttackContents
    html: str
    files: Mapping[str, bytes]


def fool(
    photos: str | Path | Sequence[str | Path],
    output: str | Path | None = None,
    *,
    target: str | None = None,
    label: str | None = None,
    confidence: float = CONFIDENCE,
    norm: str = "linf",
    budget: str | None = None,
    survive: str = "",
    model: Classifier | str | Path | None = None,
    backbone: str = DEFAULT,
    steps: int = STEPS,
    seed: int = 0,
    device: str = "auto",
    offline: bool = False,
    force: bool = False,
    limits: Limits | None = None,
    command: str | None = None,
    progress: Progress = silent,
) -> Fooled:
    """Change photos so little that nobody sees it, and so that the classifier takes them for something else.

    A photo keeps its size, and only the square that the network sees can change. What counts is the file: written as
    PNG, read back like any photo, predicted again.

    Args:
        photos: files and folders; never changed.
        output: folder for the PNGs, their differences, the page and `attack.json`; made if need be.
        target: the class that shall be predicted, by name or index; any but the right one by default.
        label: what all the photos show; by default what the classifier says of each.
        confidence: probability that the wrong class shall have at least, in [0, 1).
        norm: of the change: `linf`, `l2`, `l1` or `l0`.
        budget: the largest change, such as `4/255`, for `l0` a number of pixels; the smallest is looked for without it.
        survive: what the files shall survive: `jpeg:90,shift:1,resize:0.9`.
        model: a classifier, or the directory of a saved one.
        backbone: without a model: a network with the 1,000 ImageNet classes that it was trained on.
        steps: of the search, at most.
        seed: of everything random.
        device: as for `open_engine`; not of a classifier that is handed in, as `offline`.
        offline: never download.
        force: replace an earlier attack at `output`.
        limits: of bytes and pixels a photo.
        command: the command line to print on the page.
        progress: how to show progress.

    Raises:
        DataError: none of the photos can be attacked; of a single photo also a `PhotoError`.
        OptionError: an option is impossible, a single photo is predicted as the target already, or is wrong to begin
            with; or the output would take the place of something else.
        UnknownNameError: there is no such class, norm or backbone.
        IntegrityError: the directory is no intact model.
        StorageError: the output can't be written.
    """
    watch, limits = Stopwatch(), limits or Limits()
    limit = grey_levels(budget, norm) if budget is not None else None
    _require_possible(confidence, norm, steps)
    named = named_transforms(survive)
    given = [Path(photos)] if isinstance(photos, str | Path) else [Path(each) for each in photos]
    listed = list_unlabeled(given)
    if output is not None:
        require_writable(Path(output), [photo.path for photo in listed.photos], force=force)
    with watch.stage("loading"):
        classifier, asked = opened(model, backbone, device, offline)
        wish = Wish(norm, limit, confidence, sum(named.values(), ()), steps, seed)
        order = Order(chosen_class(target, classifier), chosen_class(label, classifier), wish, named)
    with watch.stage("predicting"):
        before = classifier.predict(listed, limits=limits)
    problems: list[tuple[str, str]] = []
    attacked: list[Attacked] = []
    with watch.stage("attacking"), progress("attacking", len(listed)) as advance:
        for photo, answer in zip(listed.photos, before, strict=True):
            found = _attacked(classifier, photo, answer, order, limits, alone=len(listed) == 1)
            if isinstance(found, str):
                problems.append((photo.name, found))
            else:
                attacked.append(found)
            advance(1)
    if not attacked:
        raise DataError(f"none of the {len(listed)} photos can be attacked; {problems[0][0]}: {problems[0][1]}")
    named_files = attack_files(attacked)
    contents = AttackContents(
        title=Path(listed.photos[0].name).name if len(listed) == 1 else f"{len(listed)} photos",
        source=", ".join(str(each) for each in given[:4]) + f" and {len(given) - 4} more" * (len(given) > 4),
        command=command or f"enxerto attack {' '.join(str(each) for each in given)}",
        created=now(),
        model=asked,
        backbone=backbone_card(classifier.backbone),
        engine=f"{classifier.engine.name} {classifier.engine.precision}",
        norm=norm,
        budget=budget,
        confidence=confidence,
        photos=tuple(replace(each.card, file=files.png) for each, files in zip(attacked, named_files, strict=True)),
        problems=tuple(problems),
        unreadable=sum(answer.label is None for answer in before),
        notes=_notes(classifier, before, order),
        seconds=watch.seconds(),
        versions=versions(),
        seed=seed,
    )
    html = render_attack(contents, [each.pictures for each in attacked])
    files = {name: content for each in named_files for name, content in each.contents.items()}
    if output is not None:
        write_attack(Path(output), contents, html, files, force=force)
    return Fooled(contents, html, files)


def opened(model: Classifier | str | Path | None, backbone: str, device: str, offline: bool) -> tuple[Classifier, str]:
    """The classifier to attack, and what it is in words."""
    if isinstance(model, Classifier):
        return model, f"a classifier on {model.backbone.name}"
    if model is not None:
        return Classifier.load(model, device=device, offline=offline), f"the model {Path(model).resolve().name}"
    classifier = Classifier.from_backbone(backbone, device=device, offline=offline)
    return classifier, f"{classifier.backbone.name} with ImageNet's classes"


def chosen_class(typed: str | None, classifier: Classifier) -> int | None:
    """The index of a class that was typed."""
    if typed is None:
        return None
    return class_index(typed, classifier.classes, imagenet_synonyms() if classifier.probe is None else ())


def _require_possible(confidence: float, norm: str, steps: int) -> None:
    grey_levels("1", norm)  # an unknown norm
    if not 0 <= confidence < 1:
        raise OptionError(f"`confidence` must lie in [0, 1), got {confidence}; no network is ever certain")
    if steps < 1:
        raise OptionError(f"`steps` must be at least 1, got {steps}")


def _attacked(
    classifier: Classifier, photo: Photo, before: Prediction, order: Order, limits: Limits, *, alone: bool
) -> Attacked | str:
    """What became of a photo, or why it wasn't attacked; with a photo alone, that is raised."""
    try:
        pixels = decode(read_bytes(photo.path, limits), limits=limits).image
    except PhotoError as error:
        if alone:
            raise PhotoError(error.code, error.detail, photo.path) from error
        return f"{error.detail} ({error.code})"
    reason = before.problem or why_not(classifier, before, order)
    if reason and alone:
        raise OptionError(f"{photo.path}: {reason}")
    return reason or attack_photo(classifier, photo.name, pixels, before, order, limits)


def _notes(classifier: Classifier, before: Sequence[Prediction], order: Order) -> tuple[str, ...]:
    if order.label is None:
        return ("What the model says of a photo counts as what it shows; a label says otherwise.",)
    shown = classifier.classes[order.label]
    wrong = sum(answer.label not in (shown, None) for answer in before)
    if wrong and order.target is not None:
        return (f"The model is wrong to begin with about {wrong} of {len(before)} photos, which show {shown!r}.",)
    return ()
