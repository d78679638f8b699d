"""Classifiers of tiny networks with seeded random weights, whose images take no time."""

from __future__ import annotations

from typing import Any

from tiny_networks import tiny_network

from enxerto.backbones.imagenet import imagenet_classes
from enxerto.classifier import Classifier
from enxerto.visualize.ideal.recipe import IdealRecipe, recipe_of


def tiny(name: str = "test_efficientnet", seed: int = 0, device: str = "torch") -> Classifier:
    return Classifier(tiny_network(name, seed=seed), imagenet_classes(), device=device)


def quick(name: str = "robust", **changes: Any) -> IdealRecipe:
    return recipe_of(name, **{"steps": 4, "size_px": 48, "frames": 2, **changes})
