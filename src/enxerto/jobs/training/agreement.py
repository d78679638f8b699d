"""The proof that a head solved on bf16 features answers the same on the fp32 features that it will be used with."""

from __future__ import annotations

import numpy as np

from enxerto.classifier import Classifier
from enxerto.data import Limits, PhotoSet
from enxerto.features import extract, open_store, spread
from enxerto.features.precision import SAMPLE
from enxerto.types import Features


def agreement_with_fp32(
    classifier: Classifier,
    photos: PhotoSet,
    features: Features,
    precision: str,
    *,
    keep: bool,
    limits: Limits | None,
) -> str:
    """Compare both precisions on some photos.

    Args:
        classifier: that will predict in fp32.
        photos: n readable photos.
        features: theirs in `precision`, shape (n, features).
        precision: that the head was solved on.
        keep: keep the fp32 features for the next time.
        limits: of bytes and pixels a photo.

    Returns:
        A sentence for the report; empty when the head was solved on fp32 features.
    """
    if precision == "fp32":
        return ""
    chosen = spread(len(photos), SAMPLE)
    with open_store(classifier.engine, keep=keep) as store:
        exact = extract(photos.subset(chosen.tolist()), classifier.engine, store, limits=limits).matrix()
    there, here = classifier.decide(exact), classifier.decide(features[chosen])
    same = int((there.predicted == here.predicted).sum())
    largest = float(np.abs(there.probabilities - here.probabilities).max())
    return (
        f"; the saved model predicts in fp32: on {len(chosen)} of these photos it gives the same class for {same}, and "
        f"probabilities differ by {largest:.3f} at most"
    )
