"""Preprocessing, backbone and head in one: saved, loaded, asked."""

from enxerto.classifier.classifier import Classifier
from enxerto.classifier.directory import read_manifest, require_slimmable, save
from enxerto.classifier.manifest import Manifest, Provenance
from enxerto.classifier.prediction import Prediction
from enxerto.classifier.replacement import require_free

__all__ = [
    "Classifier",
    "Manifest",
    "Prediction",
    "Provenance",
    "read_manifest",
    "require_free",
    "require_slimmable",
    "save",
]
