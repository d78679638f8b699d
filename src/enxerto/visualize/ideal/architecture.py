"""What of a recipe the architecture decides, unless somebody else does: phases only, where a network has attention."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

import torch

from enxerto.backbones import Entry
from enxerto.visualize.ideal.recipe import ROBUST, IdealRecipe
from enxerto.visualize.ideal.start import NOISE, Start

_ATTENTION = re.compile(r"(?!.*(Channel|Spatial|SelectiveKernel)).*(Attention|Attn)|XCA")
"""Classes in which places look at each other, as timm, torchvision and PyTorch call them; in others, channels do."""


def has_attention(entry: Entry) -> bool:
    """Whether an architecture has blocks of self-attention, as vision transformers do; needs no weights."""
    from enxerto.backbones.networks import build

    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        network = build(entry)
    return any(_ATTENTION.match(type(module).__name__) for module in network.modules())


def suited(recipe: IdealRecipe, entries: Iterable[Entry], start: Start = NOISE) -> tuple[IdealRecipe, str]:
    """The robust recipe with the canvas that suits the networks, and why in a sentence; any other as it is.

    Self-attention follows fine patterns that no photo has. Only the phases of waves are free where a network has it,
    so that every frequency stays as strong as in photos. A plain color has no phases to begin with.

    Args:
        recipe: as it comes by its name.
        entries: of the networks that make the images.
        start: what they begin with.

    Returns:
        The recipe, under its own name; and the sentence, empty where nothing was changed.

    Reference: Fel et al. 2023, arXiv:2306.06805.
    """
    if recipe != ROBUST or (isinstance(start, str) and start != NOISE):
        return recipe, ""
    found = next((entry.name for entry in entries if has_attention(entry)), "")
    if not found:
        return recipe, ""
    return replace(recipe, canvas="maco"), (
        f"Only the phases of waves were optimized (canvas maco), as {found} has attention blocks; --canvas fourier "
        "optimizes their strengths, too."
    )
