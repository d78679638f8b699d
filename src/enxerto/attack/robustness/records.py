"""What is measured of one photo's robustness, so that a journal can keep it.

Records are flat and hold nothing but strings, whole numbers, fractions, truths and `None`, so that
`dataclasses.asdict` gives JSON and `Record(**row)` reads it back. The classes they name are indices.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NearestRecord:
    """The smallest change that was found to fool, of one photo in one norm.

    Attributes:
        photo: its name.
        norm: one of `enxerto.attack.norms.NORMS`.
        label: what it shows.
        distance: size of the change, for pixels in [0, 1] (`l0`: pixels); 0 where the classifier is wrong without any
            change, `None` where nothing that fools was found.
        answer: what the classifier says of the changed photo; the label where nothing was found.
        flat: the gradient was zero where the attack began.
    """

    photo: str
    norm: str
    label: int
    distance: float | None
    answer: int
    flat: bool


@dataclass(frozen=True)
class StandardRecord:
    """Whether one photo withstood AutoAttack within one radius.

    Attributes:
        photo: its name.
        norm: `linf`, `l2` or `l1`.
        radius: for pixels in [0, 1].
        label: what it shows.
        fell_to: `clean` where the classifier is wrong without a change, `minimal` where a search for the smallest
            change had fooled it already, the member of the ensemble that fooled it (`apgd-ce`, `apgd-targeted`,
            `fab-targeted`, `square`), or `None`: it withstood.
    """

    photo: str
    norm: str
    radius: float
    label: int
    fell_to: str | None


@dataclass(frozen=True)
class CorruptionRecord:
    """The answer for one photo that something ordinary has happened to.

    Attributes:
        photo: its name.
        kind: `blur`, `noise`, `jpeg`, `brightness`, `rotation` or `crop`; `none` for the photo as it is.
        strength: 1 (slight) to 5 (severe); 0 for the photo as it is.
        label: what it shows.
        answer: what the classifier says.
    """

    photo: str
    kind: str
    strength: int
    label: int
    answer: int


@dataclass(frozen=True)
class TransferRecord:
    """What another classifier says of a photo and of the same photo made to fool.

    Attributes:
        photo: its name.
        model: the other classifier's name.
        label: what it shows.
        before: its answer for the photo as it is; -1 for a class that the attacked classifier doesn't have.
        after: its answer for the photo made to fool.
    """

    photo: str
    model: str
    label: int
    before: int
    after: int


@dataclass(frozen=True)
class CertifiedRecord:
    """What the smoothed classifier promises of one photo.

    Attributes:
        photo: its name.
        label: what it shows.
        answer: its class; `None` where it abstains.
        radius: Euclidean, for pixels in [0, 1]: no change within it changes the answer, but for a chance of `alpha`;
            0 where it abstains.
        probability: lower bound of the answer's probability under noise.
    """

    photo: str
    label: int
    answer: int | None
    radius: float
    probability: float


@dataclass(frozen=True)
class MaskingRecord:
    """Signs, on one photo, that gradients don't show where the classifier is weak.

    Attributes:
        photo: its name.
        label: what it shows.
        right: whether the classifier is right without a change; all that follows is of photos where it is.
        probabilities: the "logits" lie in [0, 1] and sum to 1.
        margin: the label's logit minus the largest other one.
        wavering: largest difference between two answers to the same pixels, in logits.
        unstable: mean change of the margin within a grey level around the photo, in logits.
        saturated: the gradient of the cross-entropy is zero, or no number, at the photo.
        flat: share of the steps at which the gradient of the margin was zero, or no number.
        fooled: by the gradient attack within the radius.
        lost: the point that it ended in fools once and, asked again, doesn't.
        mismatched: that point fools by the logits that come with gradients but not by plain ones.
        unfinished: share of the margin's whole rise that the last quarter of the steps has brought; `None` where the
            photo was fooled.
        black_box: Square fools within the radius; `None` where the gradient attack did.
        unbounded: the gradient attack fools where every pixel may have any value.
    """

    photo: str
    label: int
    right: bool
    probabilities: bool = False
    margin: float = 0.0
    wavering: float = 0.0
    unstable: float = 0.0
    saturated: bool = False
    flat: float = 0.0
    fooled: bool = False
    lost: bool = False
    mismatched: bool = False
    unfinished: float | None = None
    black_box: bool | None = None
    unbounded: bool = True
