"""The points that Square tries: for linf stripes and then squares of one color, else humps that take over mass.

Everywhere: `photo` and points are float32 in [0, 1], shape (3, height, width), `radius` is a number at least 0, and
`dice` are the photo's own.
"""

from __future__ import annotations

import math

import torch

from enxerto.attack.ball import nearest

TILES = 5
"""Humps a row and column of the first point."""
POWER = {"l2": 2, "l1": 1}
STEEPNESS = {"l2": 2, "l1": 4}
"""How a hump falls off from its middle."""

Window = tuple[slice, slice, slice]


def first_point(photo: torch.Tensor, radius: float, norm: str, dice: torch.Generator) -> torch.Tensor:
    """Vertical stripes as far as the radius allows (linf), or a hump on every tile.

    Reference: Andriushchenko et al. 2020, sec. 3.2 and 3.3, arXiv:1912.00049.
    """
    channels, height, width = photo.shape
    if norm == "linf":
        return (photo + radius * _signs((channels, 1, width), dice)).clamp(0, 1)
    change = torch.zeros_like(photo)
    side = max(min(height, width) // TILES, 1)
    for top in range(0, height - side + 1, side):
        for left in range(0, width - side + 1, side):
            change[_window(top, left, side)] = hump(side, norm, dice) * _signs((channels, 1, 1), dice)
    return _allowed(photo, change, radius, norm)


def next_point(
    photo: torch.Tensor, best: torch.Tensor, radius: float, norm: str, share: float, dice: torch.Generator
) -> torch.Tensor:
    """The best point with one square changed.

    Args:
        photo: as it was.
        best: the best point so far.
        radius: of the photo.
        norm: linf, l2 or l1.
        share: of the photo that the square covers, in (0, 1].
        dice: the photo's.

    Reference: Andriushchenko et al. 2020, Alg. 2 and 3, arXiv:1912.00049.
    """
    side = _side(photo, share, norm)
    if norm != "linf":
        return _move_mass(photo, best - photo, radius, norm, side, dice)
    window = _somewhere(photo, side, dice)
    point = best.clone()
    point[window] = (photo[window] + radius * _signs((len(photo), 1, 1), dice)).clamp(0, 1)
    return point


def hump(side: int, norm: str, dice: torch.Generator) -> torch.Tensor:
    """One half up and one half down, each falling off from its middle; of length 1, shape (side, side)."""
    upper, lower = _half(side // 2, side, norm), _half(side - side // 2, side, norm)
    whole = torch.cat((upper, -lower))
    whole = _of_length_one(whole[None], POWER[norm])[0]
    return whole.T if float(torch.rand(1, generator=dice)) > 0.5 else whole


def _half(height: int, width: int, norm: str) -> torch.Tensor:
    """Each ring around the middle has the sum of 1 / (ring + 1) ** steepness from there on outward."""
    rows, columns = torch.arange(height), torch.arange(width)
    ring = torch.maximum((rows - height // 2).abs()[:, None], (columns - width // 2).abs()[None])
    terms = torch.arange(1, max(height, width) // 2 + 2).float() ** -STEEPNESS[norm]
    return terms.flip(0).cumsum(0).flip(0)[ring]


def _move_mass(
    photo: torch.Tensor, change: torch.Tensor, radius: float, norm: str, side: int, dice: torch.Generator
) -> torch.Tensor:
    """A hump joins the change in one window, with the mass of another, and with what the radius has to spare."""
    power, channels = POWER[norm], len(photo)
    into, out_of = _somewhere(photo, side, dice), _somewhere(photo, side, dice)
    touched = torch.zeros_like(change)
    touched[into] = touched[out_of] = 1
    spare = max(radius**power - float((change.abs() ** power).sum()), 0) / channels
    mass = ((change.abs() ** power) * touched).sum((1, 2), keepdim=True) + spare
    shape = hump(side, norm, dice) * _signs((channels, 1, 1), dice) + _of_length_one(change[into], power)
    moved = change.clone()
    moved[out_of] = 0
    moved[into] = _of_length_one(shape, power) * mass ** (1 / power)
    return _allowed(photo, moved, radius, norm)


def _allowed(photo: torch.Tensor, change: torch.Tensor, radius: float, norm: str) -> torch.Tensor:
    """As long as the radius, before the bounds cut it."""
    length = torch.linalg.vector_norm(change, ord=POWER[norm]).clamp_min(1e-12)
    point = photo + radius * change / length
    return nearest(photo[None], point[None], torch.tensor([radius]), norm)[0]


def _of_length_one(change: torch.Tensor, power: int) -> torch.Tensor:
    """Each channel by itself."""
    length: torch.Tensor = torch.linalg.vector_norm(change, ord=power, dim=(1, 2), keepdim=True)
    return change / length.clamp_min(1e-12)


def _side(photo: torch.Tensor, share: float, norm: str) -> int:
    """In pixels; odd and at least 3 where a hump needs a middle."""
    _, height, width = photo.shape
    side = max(round(math.sqrt(share * height * width)), 1)
    if norm != "linf":
        side = max(side, 3) | 1
    return min(side, height, width)


def _somewhere(photo: torch.Tensor, side: int, dice: torch.Generator) -> Window:
    _, height, width = photo.shape
    top = int(torch.randint(height - side + 1, (1,), generator=dice))
    left = int(torch.randint(width - side + 1, (1,), generator=dice))
    return _window(top, left, side)


def _window(top: int, left: int, side: int) -> Window:
    return slice(None), slice(top, top + side), slice(left, left + side)


def _signs(shape: tuple[int, ...], dice: torch.Generator) -> torch.Tensor:
    return 2.0 * torch.randint(2, shape, generator=dice) - 1
