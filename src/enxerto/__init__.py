"""Enxerto: transfer learning on images, end to end.

    >>> import enxerto
    >>> trained = enxerto.train("photos", "model")  # doctest: +SKIP
    >>> enxerto.Classifier.load("model").predict("new-photos")  # doctest: +SKIP

Importing this package loads neither PyTorch nor OpenVINO; the names below are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from enxerto.errors import EnxertoError

if TYPE_CHECKING:
    from enxerto.backbones import Backbone, open_backbone
    from enxerto.classifier import Classifier, Prediction
    from enxerto.data import PhotoSet, check, list_photos
    from enxerto.engines import Engine, open_engine
    from enxerto.evaluation import Evaluation
    from enxerto.features import FeatureTable, extract, open_store
    from enxerto.jobs import (
        Evaluated,
        Explained,
        Fooled,
        Imagined,
        RobustnessReport,
        SeenFeatures,
        Trained,
        compare,
        compare_tricks,
        evaluate,
        explain,
        feature_maps,
        fool,
        ideal,
        robustness,
        train,
        verify_attack,
    )
    from enxerto.tuning import Recipe
    from enxerto.visualize.ideal.recipe import IdealRecipe

__version__ = "0.1.0"

_HOME_OF = {
    "Backbone": "backbones",
    "Classifier": "classifier",
    "Engine": "engines",
    "Evaluated": "jobs",
    "Evaluation": "evaluation",
    "Explained": "jobs",
    "FeatureTable": "features",
    "Fooled": "jobs",
    "IdealRecipe": "visualize.ideal.recipe",
    "Imagined": "jobs",
    "PhotoSet": "data",
    "Prediction": "classifier",
    "Recipe": "tuning",
    "RobustnessReport": "jobs",
    "SeenFeatures": "jobs",
    "Trained": "jobs",
    "check": "data",
    "compare": "jobs",
    "compare_tricks": "jobs",
    "evaluate": "jobs",
    "explain": "jobs",
    "extract": "features",
    "feature_maps": "jobs",
    "fool": "jobs",
    "ideal": "jobs",
    "list_photos": "data",
    "open_backbone": "backbones",
    "open_engine": "engines",
    "open_store": "features",
    "robustness": "jobs",
    "train": "jobs",
    "verify_attack": "jobs",
}

__all__ = [
    "Backbone",
    "Classifier",
    "Engine",
    "EnxertoError",
    "Evaluated",
    "Evaluation",
    "Explained",
    "FeatureTable",
    "Fooled",
    "IdealRecipe",
    "Imagined",
    "PhotoSet",
    "Prediction",
    "Recipe",
    "RobustnessReport",
    "SeenFeatures",
    "Trained",
    "__version__",
    "check",
    "compare",
    "compare_tricks",
    "evaluate",
    "explain",
    "extract",
    "feature_maps",
    "fool",
    "ideal",
    "list_photos",
    "open_backbone",
    "open_engine",
    "open_store",
    "robustness",
    "train",
    "verify_attack",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'enxerto' has no attribute {name!r}")
    return getattr(import_module(f"enxerto.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
