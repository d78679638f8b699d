"""A photo on disk with its label, and a set of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Photo:
    """An image file on disk.

    Attributes:
        path: where it lies.
        name: its path relative to the folder given, with `/`; the name used in every report.
        label: its class, `None` when it has none.
        split: the side it was given (`train`, `val` or `test`), `None` when nobody gave one.
        group: photos of one group (a patient, a burst) stay on one side of every split; `None`: a group of its own.
    """

    path: Path
    name: str
    label: str | None = None
    split: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class PhotoSet:
    """Photos in a stable order.

    Attributes:
        root: the folder or CSV file they were listed from.
        photos: sorted by name.
        layout: in words, how the labels were found: "folder per class", "CSV file", ….
        empty_classes: class folders without a single file, sorted.
    """

    root: Path
    photos: tuple[Photo, ...]
    layout: str
    empty_classes: tuple[str, ...] = ()

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The distinct labels, sorted."""
        return tuple(sorted({photo.label for photo in self.photos if photo.label is not None}))

    def subset(self, indices: Sequence[int]) -> PhotoSet:
        """The photos at `indices`, in that order."""
        return PhotoSet(self.root, tuple(self.photos[i] for i in indices), self.layout, self.empty_classes)

    def __len__(self) -> int:
        return len(self.photos)
