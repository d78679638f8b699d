"""How an ideal image is made: every knob with its default, in one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from enxerto.errors import UnknownNameError

CANVASES = ("pixels", "fourier", "maco")
OBJECTIVES = ("logit", "log-probability", "margin")
OPTIMIZERS = ("ascent", "adam")
PRECISIONS = ("auto", "fp32", "bf16")


@dataclass(frozen=True)
class IdealRecipe:
    """How an ideal image is made.

    Attributes:
        name: `lesson`, `robust`, or `own` once anything was changed.
        canvas: what is optimized: `pixels`; `fourier`, coefficients of waves; `maco`, their phases only.
        steps: at most.
        size_px: side of the image, 32 to 2,048.
        objective: of a class: its `logit`, `log-probability`, or `margin` over the best other class.
        optimizer: `ascent` goes along the gradient, scaled to a root mean square of 1; `adam` to each number its own.
        learning_rate: of the optimizer.
        anneal: the learning rate rises over the first steps and falls along a cosine to a tenth.
        contrast: standard deviation of the noise to start from, in [0, 1] units of a pixel.
        decay: waves of frequency f are scaled by 1 / f to this power; 1 is natural, more is smoother.
        decorrelate: optimize along the axes in which colors of photos vary independently.
        tv_weight: weight of the total variation that is subtracted from the objective; 0 leaves noise alone.
        batch_norm: weight of how far the network's batch normalizations are from what they saw in training, which is
            subtracted from a `logit` or an activation; without effect in networks that have none.
        crop: smallest and largest side of the part that a view shows, as a share of the image's side; above 1 a view
            shows the image on a plain background. `(1, 1)` always shows what the network would be shown of the file:
            its central square.
        aspect: largest width of that part divided by its height.
        rotate_degrees: largest rotation of a view, to either side.
        flip: how often a view is mirrored left to right.
        color: brightness and contrast of a view are multiplied by up to 1 ± `color`, saturation by up to 1 ± twice it.
        blur: how often a view is blurred.
        noise: largest standard deviation of the noise added to a view, in [0, 1] units of a pixel.
        views: of the image at each step.
        coarse: share of the steps in which fine detail is let in little by little; 0 starts with all of it.
        small: share of the steps, the first ones, in which networks that take any size see views of 5/8 of theirs.
        thin: how often a residual block of the network is left out, a mean over blocks: the last ones up to twice as
            often, the first ones less. It is meant to make images less a matter of one network's chance; alone, without
            total variation, it showed no gain beyond noise.
        diversity: weight with which images of one target in one call are pushed apart; 0 makes each by itself.
        patience: steps without a better value after which an image is done; 0 goes on to the last step.
        frames: measured steps, each of which gives a frame of the film, too.
        precision: of gradients: `fp32`, `bf16`, or `auto`: bf16 where OpenVINO runs on a CPU that has it natively.

    References: Mordvintsev et al. 2015 (deep dream); Olah et al. 2017, doi:10.23915/distill.00007 (Fourier images,
    color decorrelation, robustness to transformations); Fel et al. 2023, arXiv:2306.06805 (MACO); Yin et al. 2020,
    arXiv:1912.08795 (batch normalization); Huang et al. 2016, arXiv:1603.09382 (networks without some of their blocks),
    and Li et al. 2020, arXiv:1812.03413, who attack with them.
    """

    name: str = "robust"
    canvas: str = "fourier"
    steps: int = 256
    size_px: int = 256
    objective: str = "logit"
    optimizer: str = "adam"
    learning_rate: float = 0.1
    anneal: bool = True
    contrast: float = 0.01
    decay: float = 1.3
    decorrelate: bool = True
    tv_weight: float = 30.0
    batch_norm: float = 5.0
    crop: tuple[float, float] = (0.45, 1.1)
    aspect: float = 1.15
    rotate_degrees: float = 0.0
    flip: float = 0.5
    color: float = 0.2
    blur: float = 0.0
    noise: float = 0.1
    views: int = 1
    coarse: float = 0.0
    small: float = 0.0
    thin: float = 0.15
    diversity: float = 0.0
    patience: int = 0
    frames: int = 24
    precision: str = "auto"


ROBUST = IdealRecipe()
"""The default."""

LESSON = IdealRecipe(
    name="lesson",
    canvas="pixels",
    steps=256,
    optimizer="ascent",
    learning_rate=0.01,
    anneal=False,
    contrast=0.1,
    decorrelate=False,
    tv_weight=1000.0,
    batch_norm=0.0,
    crop=(1.0, 1.0),
    aspect=1.0,
    flip=0.0,
    color=0.0,
    noise=0.0,
    thin=0.0,
)
"""What a course teaches: gradient ascent on pixels, less total variation."""

RECIPES: Mapping[str, IdealRecipe] = {"lesson": LESSON, "robust": ROBUST}


def recipe_of(name: str = "robust", **changes: Any) -> IdealRecipe:
    """A recipe by its name, with some knobs turned.

    Raises:
        UnknownNameError: there is no such recipe or knob.
    """
    if name not in RECIPES:
        raise UnknownNameError("recipe", name, RECIPES)
    base = RECIPES[name]
    known = [field for field in base.__dataclass_fields__ if field != "name"]
    for change in changes:
        if change not in known:
            raise UnknownNameError("knob of a recipe", change, known)
    changed = replace(base, **changes)
    return base if changed == base else replace(changed, name="own")
