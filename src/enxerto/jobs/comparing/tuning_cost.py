"""What fine-tuning would take, before it starts: an estimate from a timed step."""

from __future__ import annotations

from enxerto.data import Split
from enxerto.report.wording import count
from enxerto.training import rounds
from enxerto.tuning import Recipe


def passes(sides: Split) -> float:
    """Photos that fine-tuning by the default recipe takes forward and backward, over all fits and epochs.

    Args:
        sides: of the photos; folds are tuned each, and then all photos.
    """
    recipe = Recipe()
    photos = sum(_learned(sides))
    return photos * recipe.epochs * ((1 - recipe.held_out) + recipe.refit)


def tuning_sentence(sides: Split) -> str:
    """How the estimate is made, in words."""
    recipe = Recipe()
    fits = count(len(_learned(sides)), "fit")
    again = " and then again on all of them" if recipe.refit else ""
    return (
        f"An estimate for enxerto train --finetune with its defaults, not a measurement: {fits}, "
        f"{recipe.epochs} epochs each without the {100 * recipe.held_out:g} % held out{again}, times the milliseconds "
        "that a photo took forward and backward through the whole network. The default recipe tunes the last stages "
        "only and may end early, so it usually takes less."
    )


def _learned(sides: Split) -> list[int]:
    """Photos that each fit learns from."""
    planned = rounds(sides.sides, len(sides.sides))
    return [len(learned) for learned, _ in planned] + [len(sides.sides)] * (len(planned) > 1)
