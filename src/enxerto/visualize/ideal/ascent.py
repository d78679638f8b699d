"""One image's way from its start to its best: views, gradients, steps, measurements."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import torch
from numpy.typing import NDArray

from enxerto.visualize.ideal.canvas import Canvas, canvas_of
from enxerto.visualize.ideal.image import Step
from enxerto.visualize.ideal.objective import Aim
from enxerto.visualize.ideal.priors import likeness, look_of, total_variation
from enxerto.visualize.ideal.recipe import IdealRecipe
from enxerto.visualize.ideal.start import Start, start_image
from enxerto.visualize.ideal.transforms import centered, random_view, seen

WARMUP_STEPS = 10
FLOOR = 0.1
"""The learning rate falls to this share."""
COARSEST = 1 / 8
"""Share of the highest frequency that a coarse beginning has."""


class Ascent:
    """An image that is being made; knows nothing of the others but how they look from far away.

    Args:
        aim: what for.
        seed: of everything random, together with the aim.
        recipe: how.
        start: what from.
    """

    def __init__(self, aim: Aim, seed: int, recipe: IdealRecipe, start: Start) -> None:
        self.aim, self.seed, self.recipe = aim, seed, recipe
        self.generator = generator_of(aim.name, seed)
        is_photo = not isinstance(start, str)
        self.canvas: Canvas = canvas_of(recipe, start_image(start, recipe, self.generator), is_photo)
        self.others: torch.Tensor | None = None
        self.done = 0
        self.steps: list[Step] = []
        self.frames: list[NDArray[np.uint8]] = []
        self.stopped = ""
        self._optimizer = _optimizer(recipe, self.canvas)
        self.measure()

    def advance(self, steps: int) -> None:
        """Make steps."""
        for _ in range(steps):
            self._step()

    def measure(self) -> None:
        """Keep the image as it would be saved, and what the networks say of it."""
        image = self.rounded()
        value, probability = self.aim.answer(image)
        self.steps.append(Step(self.done, value, probability))
        self.frames.append(image)
        best = max(self.steps, key=lambda step: step.value)
        patience = self.recipe.patience
        if patience and self.done - best.number >= patience:
            self.stopped = f"no better for {self.done - best.number} steps"
        elif self.done >= self.recipe.steps:
            self.stopped = f"all {self.recipe.steps} steps done"

    def rounded(self) -> NDArray[np.uint8]:
        """The image, uint8, shape (size, size, 3)."""
        with torch.no_grad():
            image: NDArray[np.uint8] = (self.canvas.image() * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
        return image

    def is_sibling_of(self, other: Ascent) -> bool:
        """Whether another image is for the same target."""
        return other is not self and other.aim is self.aim

    def look(self) -> torch.Tensor:
        """How it looks from far away."""
        with torch.no_grad():
            return look_of(self.canvas.image())

    def _step(self) -> None:
        progress = self.done / self.recipe.steps
        for group in self._optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * _rate(self.recipe, self.done)
        self._optimizer.zero_grad()
        image = self.canvas.image(_cutoff(self.recipe.coarse, progress))
        leaf = image.detach().requires_grad_()
        ascending = self._seen_gradient(leaf, reduced=progress < self.recipe.small)
        torch.autograd.backward(image, -(ascending + self._prior_gradient(leaf)))  # optimizers descend
        self._optimizer.step()
        self.canvas.settle()
        self.done += 1

    def _seen_gradient(self, leaf: torch.Tensor, reduced: bool) -> torch.Tensor:
        """Of what the networks see in this step's views, with respect to the image."""
        views = [random_view(self.recipe, self.generator) for _ in range(self.recipe.views)]
        turn = float(torch.rand((), generator=self.generator, dtype=torch.float64))
        for asked in self.aim.asked:
            size, whole = asked.size_px(reduced), asked.source.engine.backbone.preprocessing.crop
            looks = [centered(view, whole) for view in views] if self.recipe.crop == (1, 1) else views
            shown = torch.stack([seen(leaf, look, size, self.generator) for look in looks])
            pixels = shown.detach().clamp(0, 1).numpy()
            gradient = torch.from_numpy(asked.gradient(pixels, reduced, turn))
            share = gradient / (len(views) * len(self.aim.asked))
            torch.autograd.backward(shown, share)  # as if nothing had been cut off at black and white
        found, leaf.grad = leaf.grad, None
        assert found is not None
        return found

    def _prior_gradient(self, leaf: torch.Tensor) -> torch.Tensor | float:
        prior = torch.zeros(())
        if self.recipe.tv_weight:
            prior = prior - self.recipe.tv_weight * total_variation(leaf)
        if self.others is not None:
            prior = prior - self.recipe.diversity * likeness(leaf, self.others)
        return torch.autograd.grad(prior, leaf)[0] if prior.requires_grad else 0.0


class _SteepestAscent(torch.optim.Optimizer):
    """Along the gradient, scaled to a root mean square of 1."""

    def __init__(self, parameters: list[torch.Tensor], rate: float) -> None:
        super().__init__(parameters, {"lr": rate})

    def step(self, closure: object = None) -> None:  # type: ignore[override]  # noqa: ARG002 - as torch has it
        """Take one."""
        with torch.no_grad():
            for group in self.param_groups:
                for parameter in group["params"]:
                    scale = parameter.grad.square().mean().sqrt().clamp_min(1e-12)
                    parameter.sub_(group["lr"] * parameter.grad / scale)


def generator_of(name: str, seed: int) -> torch.Generator:
    """The random numbers of one image: those of its target and seed, whatever else is made with it."""
    digest = hashlib.sha256(f"{name}|{seed}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def _optimizer(recipe: IdealRecipe, canvas: Canvas) -> torch.optim.Optimizer:
    if recipe.optimizer == "ascent":
        return _SteepestAscent([canvas.parameter], recipe.learning_rate)
    return torch.optim.Adam([canvas.parameter], lr=recipe.learning_rate, betas=(0.9, 0.99))


def _rate(recipe: IdealRecipe, step: int) -> float:
    """Share of the learning rate at a step."""
    if not recipe.anneal:
        return 1.0
    falling = 0.5 * (1 + math.cos(math.pi * step / recipe.steps))
    return min(1.0, (step + 1) / WARMUP_STEPS) * (FLOOR + (1 - FLOOR) * falling)


def _cutoff(coarse: float, progress: float) -> float:
    """Share of the highest frequency that is let in: doubles at equal distances until the coarse part is over."""
    if progress >= coarse:
        return 1.0
    return float(COARSEST ** (1 - progress / coarse))
