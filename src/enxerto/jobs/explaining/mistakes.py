"""Where the classifier looked when it was wrong: overlays of the worst mistakes for the report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from enxerto.classifier import Classifier
from enxerto.data import Limits, PhotoSet
from enxerto.errors import OptionError
from enxerto.jobs.explaining.photos import SeenPhoto, overlay_of, seen_blocks
from enxerto.report import ReportContents
from enxerto.visualize.attribution import Explainer, find_methods

MOST = 12
"""Overlays cost time in every training; these take a fraction of a second."""
SIDE_PX = 160


def mistake_overlays(
    classifier: Classifier, contents: ReportContents, photos: PhotoSet, limits: Limits | None = None
) -> dict[str, bytes]:
    """The worst mistakes with what speaks for the wrong class in color, by Grad-CAM.

    Args:
        classifier: that the report is of; where mistakes were made by others of the cross-validation, it explains the
            class that they gave.
        contents: of the report.
        photos: among which the mistakes are.
        limits: of bytes and pixels a photo.

    Returns:
        Photo name to a small WebP file; nothing for photos that can't be read any more, or where the network has no
        layer to look at.
    """
    wrong = {outcome.path: outcome.predicted for outcome in contents.honest.mistakes[:MOST]}
    shown = [photo for photo in photos.photos if photo.name in wrong]
    if not shown:
        return {}
    explainer = Explainer(classifier, find_methods(["gradcam"]), len(shown), checks=False)
    drawn: dict[str, bytes] = {}
    for block in seen_blocks(shown, classifier.preprocessing, limits or Limits()):
        seen = [one for one in block if isinstance(one, SeenPhoto)]
        if not seen:
            continue
        try:
            drawn |= _drawn(explainer, seen, [wrong[one.photo.name] for one in seen], limits or Limits())
        except OptionError:
            return {}
    return drawn


def _drawn(explainer: Explainer, seen: Sequence[SeenPhoto], classes: Sequence[str], limits: Limits) -> dict[str, bytes]:
    targets = np.array([explainer.classifier.classes.index(name) for name in classes], dtype=np.int64)
    attributed = explainer.attribute(np.stack([one.square for one in seen]), targets)
    return {
        one.photo.name: overlay_of(one, each.attributions[0].values, limits, SIDE_PX)
        for one, each in zip(seen, attributed, strict=True)
    }
