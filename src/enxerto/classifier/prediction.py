"""What a classifier says of one photo."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Prediction:
    """The answer for one photo, or why there is none.

    Attributes:
        name: of the photo, relative to the folder it was found in.
        label: the most probable class; `None` when the photo can't be read.
        probability: of `label`, calibrated.
        probabilities: of every class, in the order of `Classifier.classes`; empty when the photo can't be read.
        prediction_set: the classes that hold the true one as often as the model's stated coverage.
        unfamiliar: the photo looks like none of those learned from; take `label` as "none of these".
        problem: why the photo can't be read, `None` when it can.
    """

    name: str
    label: str | None
    probability: float
    probabilities: tuple[float, ...]
    prediction_set: tuple[str, ...]
    unfamiliar: bool
    problem: str | None = None
