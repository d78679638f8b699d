"""What the records of many photos come to: shares with their intervals, curves, medians, warnings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """A part of the photos, with its 95 % interval (Wilson's score).

    Attributes:
        count: how many.
        of: of how many.
        value: `count / of`; 0 of none.
        low: in [0, 1]; 0 of none.
        high: in [0, 1]; 1 of none.
    """

    count: int
    of: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class CurvePoint:
    """Accuracy within a radius.

    Attributes:
        radius: for pixels in [0, 1] (`l0`: pixels).
        grey: the same in grey levels of 0-255 (`l0`: pixels).
        accuracy: photos that are right at every point that was tried within it (or, certified, at every point).
    """

    radius: float
    grey: float
    accuracy: Share


@dataclass(frozen=True)
class Curve:
    """Accuracy against radius, from one search for the smallest change of each photo.

    Attributes:
        norm: one of `enxerto.attack.norms.NORMS`.
        clean: accuracy without any change.
        points: at radii that are the same for every classifier; the first is 0.
        distances: of every photo, rising, for pixels in [0, 1]; 0 where wrong from the start. Photos without a change
            that fools are not among them: the share that is right at radius r is `1 - (those up to r) / photos`.
        photos: how many were attacked.
        unfound: photos where nothing that fools was found.
        median: smallest change of the photos that were right, their median; `None` where that is more than was found,
            or no photo was right.
        median_grey: the same in grey levels: the largest change of a value, the length or the sum of changes; pixels
            in `l0`.
        flat: photos whose gradient was zero at the start.
    """

    norm: str
    clean: Share
    points: tuple[CurvePoint, ...]
    distances: tuple[float, ...]
    photos: int
    unfound: int
    median: float | None
    median_grey: float | None
    flat: int


@dataclass(frozen=True)
class Standard:
    """Accuracy under AutoAttack within one radius.

    Attributes:
        norm: `linf`, `l2` or `l1`.
        radius: for pixels in [0, 1].
        grey: the same in grey levels.
        accuracy: photos that withstood everything.
        fell_to: how many photos fell to what, in the order in which it was tried.
    """

    norm: str
    radius: float
    grey: float
    accuracy: Share
    fell_to: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Corruption:
    """Accuracy at one strength of one kind.

    Attributes:
        kind: as in the records.
        strength: 1 to 5.
        setting: in words: "JPEG quality 25", ….
        accuracy: of the photos after it.
    """

    kind: str
    strength: int
    setting: str
    accuracy: Share


@dataclass(frozen=True)
class Corruptions:
    """Accuracy on photos that something ordinary has happened to.

    Attributes:
        clean: accuracy on the same photos as they are.
        results: by kind and strength; only those that were measured.
        mean: of all their accuracies; `None` without any.
    """

    clean: Share
    results: tuple[Corruption, ...]
    mean: float | None


@dataclass(frozen=True)
class Transfer:
    """How much of what fools one classifier fools another.

    Attributes:
        model: the other classifier's name.
        fooled: of the photos that it gets right as they are, those that it gets wrong once made to fool.
        clean: its accuracy on the photos as they are.
    """

    model: str
    fooled: Share
    clean: Share


@dataclass(frozen=True)
class Certified:
    """A lower bound of accuracy that no attack can undercut: of the classifier smoothed by noise, not of its own.

    Attributes:
        sigma: standard deviation of the noise, for pixels in [0, 1].
        draws: noisy copies a photo.
        alpha: chance, a photo, that the promise is wrong.
        photos: how many were looked at.
        abstained: how many of them have no answer.
        points: certified accuracy by Euclidean radius; the first is 0.
        median: radius of the photos answered rightly, their median; `None` without any.
    """

    sigma: float
    draws: int
    alpha: float
    photos: int
    abstained: int
    points: tuple[CurvePoint, ...]
    median: float | None


@dataclass(frozen=True)
class MaskingIndicator:
    """One sign that gradients don't show where the classifier is weak.

    Attributes:
        name: such as `unavailable-gradients`.
        figure: what was measured, a share or a ratio.
        limit: above which it is a warning.
        photos: how many it was measured on; without any it says nothing.
        warning: whether it is one: then attacks may have failed for want of gradients, not for want of weakness.
        text: what was measured and, where it is a warning, what to make of it; one plain sentence.
        reference: where the indicator comes from.
    """

    name: str
    figure: float
    limit: float
    photos: int
    warning: bool
    text: str
    reference: str


@dataclass(frozen=True)
class Robustness:
    """All that was measured; what there was no time for is missing.

    Attributes:
        curves: at most one a norm.
        standards: AutoAttack, at most one a norm and radius.
        corruptions: `None` without any.
        transfers: one for each other classifier.
        certified: `None` without any.
        masking: every indicator that was measured, warnings or not.
    """

    curves: tuple[Curve, ...] = ()
    standards: tuple[Standard, ...] = ()
    corruptions: Corruptions | None = None
    transfers: tuple[Transfer, ...] = ()
    certified: Certified | None = None
    masking: tuple[MaskingIndicator, ...] = ()
