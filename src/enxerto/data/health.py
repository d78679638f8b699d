"""What is wrong with the photos: the frozen result of looking them over."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PhotoIssue:
    """One photo that was skipped, or one that was used with a warning.

    Attributes:
        path: relative to the folder given, with `/`.
        code: a short reason such as `truncated` or `wrong-extension`.
        detail: the reason in words.
    """

    path: str
    code: str
    detail: str


@dataclass(frozen=True)
class ClassCount:
    """How many photos of a class were readable, and how many were not."""

    name: str
    readable: int
    skipped: int


@dataclass(frozen=True)
class DuplicateGroup:
    """Photos that show the same picture.

    Attributes:
        paths: at least two, sorted.
        labels: the distinct labels among them; more than one means that some label is wrong.
        splits: the distinct given splits among them; more than one means a leak.
        exact: the files are equal byte for byte; otherwise they are near duplicates (resized, recompressed, …).
    """

    paths: tuple[str, ...]
    labels: tuple[str, ...]
    splits: tuple[str, ...]
    exact: bool


@dataclass(frozen=True)
class DataHealth:
    """The look over a folder of photos that `enxerto check` prints and every report opens with.

    Attributes:
        listed: files found; `readable` + `len(skipped)`.
        readable: photos that can be decoded.
        skipped: photos that can't, with the reason.
        warnings: photos that can be used but are not what they seem.
        class_counts: in class order.
        duplicates: groups of exact and near duplicates.
        imbalance: photos of the largest class divided by those of the smallest; 1.0 is balanced.
    """

    listed: int
    readable: int
    skipped: tuple[PhotoIssue, ...]
    warnings: tuple[PhotoIssue, ...]
    class_counts: tuple[ClassCount, ...]
    duplicates: tuple[DuplicateGroup, ...]
    imbalance: float

    @property
    def conflicts(self) -> tuple[DuplicateGroup, ...]:
        """Duplicates that carry different labels."""
        return tuple(group for group in self.duplicates if len(group.labels) > 1)

    @property
    def leaks(self) -> tuple[DuplicateGroup, ...]:
        """Duplicates that lie on both sides of a given split."""
        return tuple(group for group in self.duplicates if len(group.splits) > 1)
