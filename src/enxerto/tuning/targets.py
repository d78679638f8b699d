"""What the network is asked for at a step: labels that are smoothed and mixed, and features that are hidden or noisy.

Draws are functions of the seed, the run and the step alone, for the whole batch at once: every process draws the same
and takes its own rows, and a fit that goes on after a break draws what it would have drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

_MIXING, _DROPOUT, _NOISE = 1, 2, 4


def soft_targets(labels: torch.Tensor, classes: int, smoothing: float) -> torch.Tensor:
    """Labels as probabilities: 1 - s + s/k for the label and s/k for every other one of k classes.

    Args:
        labels: int64, shape (photos,).
        classes: k.
        smoothing: s, in [0, 1).

    Returns:
        float32, shape (photos, classes), on the device of `labels`.

    Reference: Szegedy et al. 2016, arXiv:1512.00567, section 7.
    """
    spread = torch.full((len(labels), classes), smoothing / classes, dtype=torch.float32, device=labels.device)
    return spread.scatter_(1, labels[:, None], 1 - smoothing + smoothing / classes)


def soft_cross_entropy(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Cross entropy of each photo, in float32.

    Args:
        logits: any floating point, shape (photos, classes).
        wanted: probabilities as `soft_targets` makes them, float32, of the same shape.

    Returns:
        float32, shape (photos,).
    """
    return -(wanted * torch.log_softmax(logits.float(), dim=1)).sum(dim=1)


@dataclass(frozen=True)
class Mixing:
    """Which photo of a batch each photo is mixed with, and how much stays of it.

    Attributes:
        partners: indices into the batch, int64, shape (photos,); each occurs once.
        shares: of the photo itself, float32 in [0, 1], shape (photos,).
    """

    partners: NDArray[np.int64]
    shares: NDArray[np.float32]


def draw_mixing(photos: int, alpha: float, *, seed: int, run: int, step: int) -> Mixing:
    """Draw the partners and shares of a batch.

    Args:
        photos: in the batch, over all processes together.
        alpha: shares are from Beta(alpha, alpha), alpha > 0.
        seed: of the fit, at least 0.
        run: which one of several.
        step: counted from 0 over all epochs.

    Reference: Zhang et al. 2018, arXiv:1710.09412, section 2; here each photo has a share of its own.
    """
    generator = np.random.default_rng([seed, run, step, _MIXING])
    return Mixing(generator.permutation(photos), generator.beta(alpha, alpha, photos).astype(np.float32))


def mix(own: torch.Tensor, partners: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    """Blend every row with its partner's: share · own + (1 - share) · partner's.

    Args:
        own: floating point, shape (photos, …).
        partners: the partners' rows, of the same shape.
        shares: shape (photos,).
    """
    share = shares.to(own.dtype).view(-1, *[1] * (own.dim() - 1))
    return share * own + (1 - share) * partners


def keep_mask(photos: int, features: int, dropout: float, *, seed: int, run: int, step: int) -> NDArray[np.float32]:
    """What the features of a batch are multiplied by: 0 where hidden, else 1 / (1 - dropout), so that sums stay.

    Args:
        photos: in the batch, over all processes together.
        features: of each.
        dropout: share that is hidden, in [0, 1).
        seed: of the fit, at least 0.
        run: which one of several.
        step: counted from 0 over all epochs.

    Returns:
        float32, shape (photos, features).

    Reference: Srivastava et al. 2014, JMLR 15, section 10, with the weights left as they are at test time.
    """
    generator = np.random.default_rng([seed, run, step, _DROPOUT])
    kept = generator.random((photos, features), dtype=np.float32) >= dropout
    return kept.astype(np.float32) / np.float32(1 - dropout)


def feature_noise(photos: int, features: int, noise: float, *, seed: int, run: int, step: int) -> NDArray[np.float32]:
    """Noise on the features of a batch, for features with a root mean square of 1.

    Args:
        photos: in the batch, over all processes together.
        features: of each.
        noise: its standard deviation.
        seed: of the fit, at least 0.
        run: which one of several.
        step: counted from 0 over all epochs.

    Returns:
        float32, shape (photos, features).

    Reference: Bishop 1995, Neural Computation 7 (noise on what a layer gets is a penalty on its weights).
    """
    generator = np.random.default_rng([seed, run, step, _NOISE])
    return np.float32(noise) * generator.standard_normal((photos, features), dtype=np.float32)
