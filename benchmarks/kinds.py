"""Kinds of images that ImageNet's photos are not: made here, or cut out of pictures that come inside a package.

Textures are cut out of three photos inside scikit-image's package (brick, grass, gravel, CC0). Cells are synthetic:
drawn with NumPy after no patient, only to look as cells under a microscope do.
"""

from __future__ import annotations

import importlib.resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

TEXTURES = ("brick", "grass", "gravel")
PATCH_PX = 32
REGION_PX = 128
CELLS = ("round", "irregular", "dividing")
CELL_PX = 72
CELLS_A_CLASS = 160


def write_textures(target: Path) -> Path:
    """768 gray patches of 32 x 32 pixels, a folder a texture; `photos.csv` names the region each was cut from.

    Patches of one region of 128 x 128 pixels are one group, so that neighbors are never on both sides of a split.
    """
    rows = ["path,label,group"]
    for name in TEXTURES:
        with Image.open(str(importlib.resources.files("skimage") / "data" / f"{name}.png")) as opened:
            levels = np.asarray(opened.convert("L"))
        (target / name).mkdir(parents=True, exist_ok=True)
        for top in range(0, levels.shape[0] - PATCH_PX + 1, PATCH_PX):
            for left in range(0, levels.shape[1] - PATCH_PX + 1, PATCH_PX):
                path = f"{name}/{top:03d}_{left:03d}.png"
                Image.fromarray(levels[top : top + PATCH_PX, left : left + PATCH_PX]).save(target / path)
                rows.append(f"{path},{name},{name}-{top // REGION_PX}-{left // REGION_PX}")
    (target / "photos.csv").write_text("\n".join(rows) + "\n")
    return target / "photos.csv"


def write_cells(target: Path, seed: int = 0) -> Path:
    """480 synthetic pictures of a stained cell, 72 x 72 pixels, a folder a class."""
    dice = np.random.default_rng(seed)
    for kind in CELLS:
        (target / kind).mkdir(parents=True, exist_ok=True)
        for number in range(CELLS_A_CLASS):
            Image.fromarray(_cell(kind, dice)).save(target / kind / f"{kind}_{number:03d}.png")
    return target


def _cell(kind: str, dice: np.random.Generator) -> NDArray[np.uint8]:
    """Pink cytoplasm, a violet nucleus of the kind's shape, uneven stain, blur and noise."""
    y, x = np.mgrid[:CELL_PX, :CELL_PX] - CELL_PX / 2
    y, x = y - dice.normal(0, 3), x - dice.normal(0, 3)
    body = _blob(x, y, dice.uniform(23, 30), 0.05, dice)
    size = dice.uniform(9, 13)
    turn, apart = dice.uniform(0, 2 * np.pi), dice.uniform(0.55, 0.8) * size
    if kind == "dividing":
        halves = [_blob(x - way * apart * np.cos(turn), y - way * apart * np.sin(turn), 0.72 * size, 0.1, dice)
                  for way in (-1, 1)]  # fmt: skip
        nucleus = np.maximum(*halves)
    else:
        nucleus = _blob(x, y, size, 0.06 if kind == "round" else 0.17, dice)
    stain = 1 + 0.25 * ndimage.gaussian_filter(dice.normal(size=x.shape), 4) * 8
    picture = np.full((*x.shape, 3), (0.94, 0.9, 0.93))
    for mask, color in ((body, (0.88, 0.62, 0.76)), (nucleus, (0.42, 0.27, 0.58))):
        share = (np.clip(mask, 0, 1) * np.clip(stain, 0.5, 1.2) * 0.85)[..., None]
        picture = picture * (1 - share) + np.array(color) * share
    picture = ndimage.gaussian_filter(picture, (*(2 * [dice.uniform(0.6, 1.4)]), 0))
    picture = picture * dice.uniform(0.85, 1.05) + dice.normal(0, 0.025, picture.shape)
    rounded: NDArray[np.uint8] = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    return rounded


def _blob(
    x: NDArray[np.float64], y: NDArray[np.float64], radius: float, roughness: float, dice: np.random.Generator
) -> NDArray[np.float64]:
    """1 inside a closed curve around the origin, 0 outside; its radius varies by `roughness` of itself."""
    angle = np.arctan2(y, x)
    edge = np.ones_like(angle)
    for wave in range(2, 7):
        edge += roughness * dice.normal() / np.sqrt(wave) * np.cos(wave * angle + dice.uniform(0, 2 * np.pi))
    return np.asarray(np.clip(radius * edge - np.hypot(x, y) + 0.5, 0, 1))
