"""What each ingredient of the default recipe of ideal images adds: it, with one ingredient left out at a time."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.ideal import HEADER, JUDGES, MAKER, SIBLING, UNRELATED, judged_by, made_by, score, trial
from benchmarks.ideal_task import Task
from benchmarks.page import Answer, Row, table
from enxerto.visualize.ideal.problems import require_possible
from enxerto.visualize.ideal.recipe import LESSON, ROBUST, recipe_of

CHANGES: dict[str, dict[str, Any]] = {
    "pixels instead of waves": {"canvas": "pixels", "learning_rate": LESSON.learning_rate},
    "phases of waves only (MACO)": {"canvas": "maco"},
    "waves of equal size": {"decay": 0.0},
    "without color decorrelation": {"decorrelate": False},
    "steepest ascent instead of Adam": {"optimizer": "ascent"},
    "without annealing": {"anneal": False},
    "without total variation": {"tv_weight": 0.0},
    "without batch-norm statistics": {"batch_norm": 0.0},
    "without thinned networks": {"thin": 0.0},
    "without crops": {"crop": (1.0, 1.0), "aspect": 1.0},
    "without rotation": {"rotate_degrees": 0.0},
    "without mirroring": {"flip": 0.0},
    "without changes of color": {"color": 0.0},
    "without blur": {"blur": 0.0},
    "without noise": {"noise": 0.0},
    "one view a step": {"views": 1},
    "all detail from the start": {"coarse": 0.0},
    "no small views at first": {"small": 0.0},
    "the logit as objective": {"objective": "logit"},
    "the log-probability as objective, no batch-norm": {"objective": "log-probability", "batch_norm": 0.0},
    "the margin as objective, no batch-norm": {"objective": "margin", "batch_norm": 0.0},
    "half the steps": {"steps": ROBUST.steps // 2},
    "gradients in fp32": {"precision": "fp32"},
}
"""Each ingredient's absence, in knobs of the recipe; what the recipe lacks anyway isn't run."""


def ablation(photos: Path, _repeats: int) -> Iterator[str]:
    """The default recipe, and each change of it."""
    yield "## Ideal images: what each ingredient adds"
    task = replace(Task.asked(), seeds=1)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as home:
        made = {}
        for number, (name, knobs) in enumerate({"default recipe": {}, **effective()}.items()):
            options = {"BACKBONES": MAKER, "KNOBS": json.dumps(knobs)}
            made[name] = made_by("our_ideal", photos, task, Path(folder) / f"{number}", Path(home), **options)
        judged = judged_by(JUDGES, photos, Path(folder))
    yield (
        f"The default recipe with one change at a time, on {task.classes} classes with one seed each, made by "
        "EfficientNet-Lite0 alone. Log-probability is the mean that a judge gives the right class, which tells more "
        "than so few counts." + trial(task)
    )
    rows = [
        (*score(name, answer, judged), *_surely(answer, judged), f"{answer['seconds'] / answer['steps']:.4f}")
        for name, answer in made.items()
    ]
    yield table((*HEADER, "Lite2: log-probability", "SqueezeNet: log-probability", "seconds a step"), rows)
    yield f"The default recipe: {', '.join(f'{knob} {_shown(value)}' for knob, value in asdict(ROBUST).items())}."


def effective() -> dict[str, dict[str, Any]]:
    """The changes that make a difference to the recipe as it is.

    Raises:
        OptionError: one of them can't be; here, and not after an hour.
    """
    recipes = {name: recipe_of("robust", **knobs) for name, knobs in CHANGES.items()}
    for recipe in recipes.values():
        require_possible(recipe, (0,))
    return {name: CHANGES[name] for name, recipe in recipes.items() if recipe != ROBUST}


def _surely(answer: Answer, judged: Answer) -> Row:
    return tuple(f"{judged[judge][answer['folder']]['log_probability']:.2f}" for judge in (SIBLING, UNRELATED))


def _shown(value: Any) -> str:
    return " to ".join(map(str, value)) if isinstance(value, tuple) else str(value)
