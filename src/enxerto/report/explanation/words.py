"""What explanations show, in words: how far a method is to be trusted, and how it did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from enxerto.report.explanation.contents import ExplanationContents, MethodCard
from enxerto.report.wording import count, listing, number
from enxerto.visualize.attribution.explanation import Faithfulness, SanityCheck

CAUTION = (
    "A map shows what an answer rests on, not whether the answer is right, and not why the network learned it. Where "
    "methods disagree, believe those that pass the check and score better than chance."
)


@dataclass(frozen=True)
class MethodScores:
    """How a method did over all photos.

    Attributes:
        method: it.
        mean: of its scores; `None` where nothing was scored.
        better: photos on which both scores are better than those of a smooth random map.
        photos: scored.
    """

    method: MethodCard
    mean: Faithfulness | None
    better: int
    photos: int


def method_scores(contents: ExplanationContents) -> tuple[MethodScores, ...]:
    """How each method did."""
    return tuple(_scores(contents, place, method) for place, method in enumerate(contents.methods))


def mean_chance(contents: ExplanationContents) -> Faithfulness | None:
    """The scores of smooth random maps over all photos; `None` where nothing was scored."""
    return _mean([photo.chance for photo in contents.photos if photo.chance is not None])


def explanation_sentence(contents: ExplanationContents) -> str:
    """What to know first."""
    photos = count(len(contents.photos), "photo")
    checked = [method for method in contents.methods if method.sanity is not None]
    failing = [method.title for method in checked if method.sanity is not None and not method.sanity.passed]
    start = f"{photos} explained by {count(len(contents.methods), 'method')}."
    if not checked:
        return f"{start} Nothing was scored or checked."
    if not failing:
        return f"{start} {'It passes' if len(checked) == 1 else 'All pass'} the check with random weights."
    if len(failing) == 1:
        return f"{start} {failing[0]} fails the check with random weights: don't trust its maps here."
    return f"{start} {listing(failing)} fail the check with random weights: don't trust their maps here."


def sanity_words(check: SanityCheck) -> str:
    """What came of a sanity check."""
    measured = f"rank correlation {number(check.correlation)} over {count(check.photos, 'photo')}"
    if check.passed:
        return f"Passes: for random weights it draws something else ({measured})."
    return (
        f"Fails: for random weights it draws mostly the same ({measured}). Its maps say little of what the network "
        "has learned."
    )


def better_than(scores: Faithfulness, chance: Faithfulness) -> bool:
    """Both scores are better than those of chance."""
    return scores.deletion < chance.deletion and scores.insertion > chance.insertion


def _scores(contents: ExplanationContents, place: int, method: MethodCard) -> MethodScores:
    pairs = [(photo.maps[place].faithfulness, photo.chance) for photo in contents.photos if photo.chance is not None]
    scored = [(scores, chance) for scores, chance in pairs if scores is not None]
    better = sum(better_than(scores, chance) for scores, chance in scored)
    return MethodScores(method, _mean([scores for scores, _ in scored]), better, len(scored))


def _mean(scores: list[Faithfulness]) -> Faithfulness | None:
    if not scores:
        return None
    return Faithfulness(
        float(np.mean([each.deletion for each in scores])), float(np.mean([each.insertion for each in scores]))
    )
