"""Ours: ideal images as `enxerto ideal` makes them; nobody but the makers has a say before they are saved."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.child import report
from benchmarks.ideal_task import Task, save
from enxerto.classifier import Classifier
from enxerto.visualize.ideal.make import ideal_images
from enxerto.visualize.ideal.objective import gradient_precision
from enxerto.visualize.ideal.recipe import recipe_of

FIRST_STEPS = 64
"""Enough to ask every thinned network, so that everything is converted and compiled."""


def main(_photos: Path) -> dict[str, Any]:
    """Seconds and steps of all images, and what opening and converting took before.

    `BACKBONES` make them together, by `RECIPE`, with `KNOBS` turned, a JSON object.
    """
    task = Task.asked()
    knobs = json.loads(os.environ.get("KNOBS", "{}"))
    knobs = {name: tuple(value) if isinstance(value, list) else value for name, value in knobs.items()}
    if task.steps is not None:
        knobs["steps"] = task.steps
    recipe = recipe_of(os.environ.get("RECIPE", "robust"), **knobs)
    start = time.perf_counter()
    makers = [Classifier.from_backbone(name) for name in os.environ["BACKBONES"].split(",")]
    ideal_images(makers, task.indices[:1], replace(recipe, steps=FIRST_STEPS, frames=1))
    ready = time.perf_counter()
    images = ideal_images(makers, task.indices, recipe, range(task.seeds))
    for image in images:
        assert image.index is not None
        save(image.image, image.index, image.seed)
    return {
        "seconds": time.perf_counter() - ready,
        "images": len(images),
        "steps": sum(image.steps[-1].number for image in images),
        "preparing": ready - start,
        "engine": makers[0].engine.name,
        "gradients": gradient_precision(makers[0].engine, recipe.precision),
        "size": recipe.size_px,
    }


if __name__ == "__main__":
    report(main)
