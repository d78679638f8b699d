"""Other networks that the changed files are shown to: those whose weights are here, with the same classes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from enxerto.attack.robustness.asking import Answers, asking
from enxerto.backbones import Entry, open_backbone
from enxerto.backbones.catalog import EMBEDDED
from enxerto.backbones.weights import is_present
from enxerto.classifier import Classifier
from enxerto.data import Limits, PhotoSet
from enxerto.data.splitfile import listed_in_split
from enxerto.engines import open_engine
from enxerto.features import extract, open_store
from enxerto.heads.probe import fit_probe
from enxerto.jobs.explaining.known_photos import SPLIT, photos_folder
from enxerto.jobs.training.control import stratified_sample
from enxerto.report.robustness.words import ITSELF
from enxerto.visualize.attribution.neighbors import photos_below

MOST_TO_LEARN_FROM = 400


def open_others(
    classifier: Classifier, model: Path | None, measured: Collection[Path], *, limits: Limits, seed: int
) -> dict[str, Answers]:
    """The attacked classifier itself, and other networks with its classes.

    With ImageNet's classes these are the embedded backbones that are here. For a saved model a head is solved on each
    of them, on the photos that the model has learned from, as far as they are still where they were.

    Args:
        classifier: that was attacked.
        model: the directory that it was loaded from.
        measured: photos that no head may learn from.
        limits: of bytes and pixels a photo.
        seed: of what is drawn.

    Returns:
        Answers for squares as the attacked classifier sees them, in its class indices, by the name of the network.
    """
    entries = [entry for entry in EMBEDDED if entry.name != classifier.backbone.name and is_present(entry)]
    if classifier.probe is None:
        found = [Classifier.from_backbone(entry.name, device=classifier.device, offline=True) for entry in entries]
    else:
        photos = _to_learn_from(classifier, model, measured, seed)
        found = list(_grafted(classifier, entries, photos, limits, seed))
    others = {other.backbone.name: asking(other, classifier.classes, squares=True) for other in found}
    return {ITSELF: asking(classifier, squares=True), **others}


def _to_learn_from(
    classifier: Classifier, model: Path | None, measured: Collection[Path], seed: int
) -> PhotoSet | None:
    """Photos that a saved model has learned from; `None` where they aren't found, or not of all classes."""
    folder = photos_folder(model) if model is not None else None
    if model is None or folder is None or not (model / SPLIT).is_file():
        return None
    out = {path.resolve() for path in measured}
    listed = photos_below(folder, listed_in_split(model / SPLIT))
    photos = listed.subset([i for i, photo in enumerate(listed.photos) if photo.path.resolve() not in out])
    if photos.classes != tuple(sorted(classifier.classes)):
        return None
    labels = np.array([photos.classes.index(photo.label or "") for photo in photos.photos], dtype=np.int64)
    return photos.subset(stratified_sample(labels, MOST_TO_LEARN_FROM, seed).tolist())


def _grafted(
    classifier: Classifier, entries: list[Entry], photos: PhotoSet | None, limits: Limits, seed: int
) -> Iterator[Classifier]:
    """The classes of a classifier grafted on other backbones; none without photos that can be learned from."""
    if photos is None:
        return
    for entry in entries:
        backbone = open_backbone(entry.name, offline=True)
        engine = open_engine(backbone, device=classifier.device)
        with open_store(engine) as store:
            table = extract(photos, engine, store, limits=limits)
            names = [photos.photos[i].label or "" for i in table.readable]
            labels = np.array([classifier.classes.index(name) for name in names], dtype=np.int64)
            if len(np.unique(labels)) < len(classifier.classes):  # what was learned from can't be read any more
                return
            probe = fit_probe(table.matrix(), labels, classifier.classes, seed=seed)
        yield Classifier(backbone, classifier.classes, probe, device=classifier.device)
