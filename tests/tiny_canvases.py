"""Photos larger than what a tiny network sees, and canvases of them."""

from __future__ import annotations

import numpy as np
import torch
from tiny_attacks import ConvolutionNetwork, ModuleEngine
from torch import nn

from enxerto.attack.file.canvas import Canvas
from enxerto.attack.file.survival import Transform
from enxerto.attack.goal import Goal
from enxerto.attack.subject import Subject
from enxerto.backbones import Preprocessing
from enxerto.types import Images

SIDE = 8
HALF = (0.5, 0.5, 0.5)


def preprocessing(crop: float = 0.875) -> Preprocessing:
    return Preprocessing(SIDE, crop, "bicubic", HALF, HALF)


def noise(height: int = 30, width: int = 24, seed: int = 0) -> Images:
    return np.random.default_rng(seed).integers(30, 226, (height, width, 3), dtype=np.uint8)


def under_attack(
    photo: Images,
    network: nn.Module | None = None,
    transforms: tuple[Transform, ...] = (),
    *,
    exact: bool = True,
    confidence: float = 0.0,
) -> tuple[Subject, Canvas, Goal]:
    """A photo's canvas on a tiny network, and the goal of the class with the second largest logit."""
    engine = ModuleEngine(network or ConvolutionNetwork(4, SIDE))
    plain = Canvas(engine, preprocessing(), photo, exact=True)
    logits = torch.from_numpy(plain.logits(plain.square.numpy()))
    first, second = logits.topk(2).indices[0]
    goal = Goal(first[None], second[None], confidence)
    canvas = Canvas(engine, preprocessing(), photo, transforms, goal, exact=exact)
    return Subject(canvas, logits.shape[1]), canvas, goal
