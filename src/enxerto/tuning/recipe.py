"""How a network is fine-tuned: every knob with its default, in one frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DEFAULT_STAGES = 2
ADVERSARIAL: dict[str, Any] = {"stages": None}
"""Defaults of adversarial recipes that are not those of others."""


@dataclass(frozen=True)
class Recipe:
    """What `fine_tune` does. The defaults start from the solved head and change little (LP-FT).

    Attributes:
        stages: how many of the network's last stages learn; the others are frozen, and run once for each view of a
            photo. 0 trains the head only, `None` the whole network.
        epochs: passes over the training photos.
        batch: photos a step, over all processes together.
        accumulate: pieces that a batch is computed in, one after the other, to save memory.
        views: different views of a photo; epoch e shows view e modulo `views`. View 0 is the photo as the network will
            see it in use, the others are random crops, flipped and recolored. 1 switches augmentation off.
        optimizer: `sgd`, `momentum`, `nesterov`, `adagrad`, `rmsprop`, `adam` or `adamw`.
        learning_rate: of the topmost stage; `None` takes what suits the optimizer, `"find"` looks for one first.
        head_rate: the head's learning rate as a multiple of `learning_rate`.
        layer_decay: each stage learns at this multiple of the rate of the stage above it, in (0, 1].
        schedule: `constant`, `exponential`, `step`, `cosine` or `one-cycle`.
        warmup: share of all steps over which the rate rises to its full height, in [0, 1).
        weight_decay: pulls weights, not biases or normalizations, towards zero.
        clip: largest norm of the gradient of a step; `None` doesn't clip.
        smoothing: share of each label that is spread over all classes, in [0, 1).
        mixup: alpha of the Beta distribution that pairs of photos are mixed by; 0 mixes none.
        dropout: share of features hidden from the head at each step, in [0, 1).
        feature_noise: standard deviation of normal noise on the features at each step, as a share of the root mean
            square of the photo's features, so that the head learns to bear features that are a little off.
        adversarial: photos learned from are changed so as to fool the network, each value of their pixels by no more
            than this (pixels lie in [0, 1]), and weights are chosen by held-out photos changed likewise; 0 leaves
            photos as they are.
        average: decay of the exponential moving average of the weights, in [0, 1); 0 keeps none.
        runs: fits with different seeds whose weights are averaged as long as that helps (a greedy soup).
        patience: epochs without a better held-out loss after which a fit ends; `None` never ends one early.
        held_out: share of the training photos that a fit doesn't learn from, to choose the best weights by.
        refit: then learn again from all training photos, for as many epochs as were best.
        initialization: of the new layer: `solved`, `uniform`, `normal`, `inverse-sqrt`, `xavier` or `he`.
        batch_norm: `frozen-statistics`, `frozen` (its scale and shift, too) or `train`.
        scaling: of pixels: `backbone`, `unit`, `symmetric` or `raw`.
        precision: of the arithmetic: `fp32`, `bf16`, or `auto`: bf16 on a GPU or CPU that has it natively.
        checkpoint_minutes: time between checkpoints within an epoch; there is one after every epoch, too.

    References: Kumar et al. 2022, arXiv:2202.10054 (LP-FT); Clark et al. 2020, arXiv:2003.10555, appendix A (layer
    decay); Loshchilov & Hutter 2019, arXiv:1711.05101 (AdamW); Wortsman et al. 2022, arXiv:2203.05482 (soups).
    """

    stages: int | None = DEFAULT_STAGES
    epochs: int = 8
    batch: int = 32
    accumulate: int = 1
    views: int = 8
    optimizer: str = "adamw"
    learning_rate: float | str | None = None
    head_rate: float = 1.0
    layer_decay: float = 0.7
    schedule: str = "cosine"
    warmup: float = 0.1
    weight_decay: float = 0.01
    clip: float | None = 1.0
    smoothing: float = 0.0
    mixup: float = 0.0
    dropout: float = 0.0
    feature_noise: float = 0.0
    adversarial: float = 0.0
    average: float = 0.9
    runs: int = 1
    patience: int | None = 3
    held_out: float = 0.2
    refit: bool = True
    initialization: str = "solved"
    batch_norm: str = "frozen-statistics"
    scaling: str = "backbone"
    precision: str = "auto"
    checkpoint_minutes: float = 5.0


def recipe_with(**knobs: Any) -> Recipe:
    """The default recipe with some knobs turned.

    An adversarial one starts from defaults of its own: what fools a network passes through all of it, so that all of
    it learns, and there is more to learn than a new head.

    Args:
        knobs: fields of `Recipe`.
    """
    return Recipe(**({**ADVERSARIAL, **knobs} if knobs.get("adversarial") else knobs))
