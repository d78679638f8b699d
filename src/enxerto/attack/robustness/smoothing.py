"""A lower bound of accuracy that no attack can undercut: randomized smoothing.

The smoothed classifier answers what the classifier says most often of a photo under Gaussian noise. If one class has at
least the probability p > 1/2 there, no change of Euclidean length below sigma * Phi^-1(p) can change that answer. Noisy
pixels are clipped to [0, 1], as networks expect them, which is then part of the classifier that is smoothed. The bound
holds for the smoothed classifier; the classifier itself may well be fooled within it.

Reference: Cohen, Rosenfeld & Kolter 2019, theorem 1 and sec. 3.2, arXiv:1902.02918.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import torch
from scipy.stats import beta, norm

from enxerto.attack.dice import dice_of
from enxerto.attack.robustness.chunk import Chunk
from enxerto.attack.robustness.figures import point
from enxerto.attack.robustness.records import CertifiedRecord
from enxerto.attack.robustness.results import Certified
from enxerto.attack.subject import Subject
from enxerto.errors import OptionError

RADII = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
PHOTOS_A_CALL = 32


def measure(
    subject: Subject,
    chunk: Chunk,
    *,
    sigma: float = 0.25,
    first: int = 100,
    draws: int = 1000,
    alpha: float = 0.001,
    seed: int = 0,
) -> list[CertifiedRecord]:
    """Certify each photo.

    Args:
        subject: to be smoothed.
        chunk: the photos.
        sigma: standard deviation of the noise, for pixels in [0, 1].
        first: noisy copies to choose the answer by.
        draws: further copies that bound its probability; with more of them larger radii can be certified, up to
            sigma * Phi^-1(alpha ** (1 / draws)).
        alpha: chance, a photo, that the promise is wrong.
        seed: of the noise.

    Raises:
        OptionError: no noise, no copies, or an impossible chance.
    """
    if not sigma > 0 or min(first, draws) < 1 or not 0 < alpha < 1:
        raise OptionError(
            "`sigma` must be above 0, `first` and `draws` at least 1 and `alpha` between 0 and 1, "
            f"got {sigma:g}, {first}, {draws} and {alpha:g}"
        )
    records = []
    dice = dice_of(chunk.pixels, seed, "smoothing")
    for name, photo, label, one in zip(chunk.names, chunk.pixels, chunk.labels.tolist(), dice, strict=True):
        chosen = int(_votes(subject, photo, sigma, first, one).argmax())
        votes = int(_votes(subject, photo, sigma, draws, one)[chosen])
        bound = lower_bound(votes, draws, alpha)
        certain = bound > 0.5
        radius = sigma * float(norm.ppf(bound)) if certain else 0.0
        records.append(CertifiedRecord(name, label, chosen if certain else None, radius, bound))
    return records


def lower_bound(votes: int, draws: int, alpha: float) -> float:
    """Of a probability, with confidence 1 - alpha, from how many of all draws it came true in.

    Reference: Clopper & Pearson 1934, Biometrika 26.
    """
    return float(beta.ppf(alpha, votes, draws - votes + 1)) if votes else 0.0


def _votes(subject: Subject, photo: torch.Tensor, sigma: float, draws: int, dice: torch.Generator) -> torch.Tensor:
    """How often each class comes first; int64, shape (classes,). Each copy is drawn by itself, whatever the batch."""
    votes = torch.zeros(subject.classes, dtype=torch.int64)
    for start in range(0, draws, PHOTOS_A_CALL):
        count = min(PHOTOS_A_CALL, draws - start)
        noise = torch.stack([torch.randn(photo.shape, generator=dice) for _ in range(count)])
        answers = subject.logits((photo + sigma * noise).clamp_(0, 1)).argmax(1)
        votes += torch.bincount(answers, minlength=subject.classes)
    return votes


def summary(records: Sequence[CertifiedRecord], *, sigma: float, draws: int, alpha: float) -> Certified | None:
    """Certified accuracy by radius; `None` without records. The arguments are those that were measured with."""
    if not records:
        return None
    right = [record.radius for record in records if record.answer == record.label]
    return Certified(
        sigma=sigma,
        draws=draws,
        alpha=alpha,
        photos=len(records),
        abstained=sum(record.answer is None for record in records),
        points=tuple(
            point(radius, "l2", (record.answer == record.label and record.radius >= radius for record in records))
            for radius in RADII
        ),
        median=median(right) if right else None,
    )
