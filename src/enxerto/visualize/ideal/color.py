"""Between colors and the axes along which those of photos vary independently."""

from __future__ import annotations

import torch

ROOT_COVARIANCE = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
"""Square root of the covariance of ImageNet's colors: a row a channel; columns are lightness and two oppositions.

Source: Olah et al. 2017, doi:10.23915/distill.00007, section "Preconditioning and parameterization".
"""


def mixing(decorrelate: bool) -> torch.Tensor:
    """From axes to colors, float32, shape (3, 3): the longest column has length 1; or nothing is mixed."""
    if not decorrelate:
        return torch.eye(3)
    root = torch.tensor(ROOT_COVARIANCE)
    scaled: torch.Tensor = root / root.norm(dim=0).max()
    return scaled


def mixed(axes: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """Colors from values along the axes; both of shape (3, height, width)."""
    return (matrix @ axes.flatten(1)).view_as(axes)
