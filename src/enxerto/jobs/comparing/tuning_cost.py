"""What fine-tuning would take, before it starts: an estimate from a timed step."""

from __future__ import annotations

import statistics
import time

from enxerto.backbones import Backbone
from enxerto.data import Split
from enxerto.engines import processors
from enxerto.report import Speed
from enxerto.report.wording import count
from enxerto.training import rounds
from enxerto.tuning import Recipe

AT_ONCE, REPEATS = 8, 3


def learning_milliseconds(backbone: Backbone) -> float:
    """A photo, forward and backward through the stages that the default recipe tunes, the median of a few batches.

    Args:
        backbone: that would be tuned; stays as it is.
    """
    import torch

    from enxerto.tuning.network import open_tail

    opened = open_tail(backbone, Recipe())
    side = backbone.preprocessing.size_px
    batch = torch.zeros(AT_ONCE, *(opened.shape or (3, side, side)))
    times = []
    for _ in range(1 + REPEATS):
        start = time.perf_counter()
        opened.tail.zero_grad()
        opened.tail(batch).sum().backward()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times[1:]) / AT_ONCE


def tuning_seconds(speed: Speed, sides: Split) -> float | None:
    """What fine-tuning by the default recipe would take about; `None` where no step was timed.

    The frozen part looks at each view of each photo once, on all processors; the rest learns in every fit and epoch.

    Args:
        speed: of the backbone.
        sides: of the photos; folds are tuned each, and then all photos.
    """
    if speed.learning_milliseconds is None:
        return None
    recipe = Recipe()
    steps = sum(_learned(sides)) * recipe.epochs * ((1 - recipe.held_out) + recipe.refit)
    looks = len(sides.sides) * recipe.views
    return (steps * speed.learning_milliseconds + looks * speed.milliseconds / processors()) / 1000


def tuning_sentence(sides: Split) -> str:
    """How the estimate is made, in words."""
    recipe = Recipe()
    again = ", then again on all of them" if recipe.refit else ""
    return (
        f"An estimate for enxerto train --finetune with its defaults, not a measurement: {recipe.views} views of each "
        f"photo once through the frozen part, at the milliseconds above over {count(processors(), 'processor')}; then "
        f"{count(len(_learned(sides)), 'fit')} of {recipe.epochs} epochs without the {100 * recipe.held_out:g} % held "
        f"out{again}, times the milliseconds that a photo took forward and backward through the stages that learn. "
        "Fits may end early; opening, searching the learning rate and evaluating are not counted."
    )


def _learned(sides: Split) -> list[int]:
    """Photos that each fit learns from."""
    planned = rounds(sides.sides, len(sides.sides))
    return [len(learned) for learned, _ in planned] + [len(sides.sides)] * (len(planned) > 1)
