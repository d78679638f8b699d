"""Integrated gradients and occlusion by Captum, which runs on the fast engine here."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from enxerto.errors import OptionError
from enxerto.types import Images, Labels
from enxerto.visualize.attribution.subject import Subject, pixels_of

EXTRA = "explain"
STEPS = 32
"""Points on the way from the blank photo; enough for Gauss-Legendre quadrature to come within some percent."""
WINDOWS_ACROSS = 7
"""How many windows of occlusion fit side by side; they are moved by half a window."""
OCCLUSIONS_A_CALL = 32
SPREAD = 0.02
"""Standard deviation of the smoothing of integrated gradients, as a share of the side."""


def is_there() -> bool:
    """Captum is installed."""
    return find_spec("captum") is not None


def require_captum(method: str) -> None:
    """Raise an `OptionError` that names the extra, unless Captum is installed."""
    if not is_there():
        raise OptionError(f"{method} needs Captum, which is not installed; run: pip install 'enxerto[{EXTRA}]'")


def integrated_gradients(subject: Subject, images: Images, targets: Labels) -> NDArray[np.float32]:
    """Integrated gradients from a blank photo, summed over colors and smoothed.

    Before the smoothing the values of a photo add up to the class's logit minus that of the blank photo; the smoothing
    keeps the sum but for what it spreads over the edges.

    Args:
        subject: to look into.
        images: what the network looks at, uint8, shape (batch, size, size, 3).
        targets: class indices, int64, shape (batch,).

    Returns:
        float32, shape (batch, size, size).

    Raises:
        OptionError: Captum is not installed.

    Reference: Sundararajan et al. 2017, arXiv:1703.01365, equations 1 and 3.
    """
    require_captum("integrated-gradients")
    sharp = raw_integrated_gradients(subject, images, targets)
    spread = SPREAD * subject.size_px
    return np.stack([gaussian_filter(one, spread, mode="reflect") for one in sharp])


def raw_integrated_gradients(subject: Subject, images: Images, targets: Labels) -> NDArray[np.float32]:
    """As `integrated_gradients`, as sharp as they come."""
    from captum.attr import IntegratedGradients

    method = IntegratedGradients(subject.network)
    found = []
    for image, target in zip(images, targets, strict=True):  # one by one, so that memory doesn't grow with them
        pixels = pixels_of(image[None])
        values = method.attribute(
            pixels, baselines=_blank(subject), target=int(target), n_steps=STEPS, internal_batch_size=STEPS
        )
        found.append(values.detach().sum(1)[0].numpy())
    return np.stack(found).astype(np.float32)


def occlusion(subject: Subject, images: Images, targets: Labels) -> NDArray[np.float32]:
    """How far the class's logit falls when a square of the photo is made blank, averaged over squares.

    Args, returns and raises as for `integrated_gradients`; nothing is smoothed.

    Reference: Zeiler & Fergus 2014, arXiv:1311.2901, section 4.2.
    """
    require_captum("occlusion")
    from captum.attr import Occlusion

    method = Occlusion(subject.network)
    window = max(2, round(subject.size_px / WINDOWS_ACROSS))
    found = []
    with torch.no_grad():
        for image, target in zip(images, targets, strict=True):
            values = method.attribute(
                pixels_of(image[None]),
                sliding_window_shapes=(3, window, window),
                strides=(3, window // 2, window // 2),
                baselines=_blank(subject),
                target=int(target),
                perturbations_per_eval=OCCLUSIONS_A_CALL,
            )
            found.append(values.mean(1)[0].numpy())
    return np.stack(found).astype(np.float32)


def _blank(subject: Subject) -> torch.Tensor:
    """A photo of the mean color, shape (1, 3, size, size)."""
    size = subject.size_px
    return torch.from_numpy(subject.blank).view(1, 3, 1, 1).expand(1, 3, size, size).contiguous()
