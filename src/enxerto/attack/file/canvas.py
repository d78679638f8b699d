"""A photo at its own size as the thing to change: what a network says of it, and gradients back to its own pixels.

Between rounding and clipping, crop and resize are linear, and the same for rows as for columns: two sparse matrices a
view. Backward they are exact. Forward there is a choice: the matrices themselves, or what really happens to a file with
such pixels (whole grey levels, the resize on 8 bits, a JPEG), with the matrices as its straight-through derivative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from enxerto.attack.file.survival import Transform, resizing
from enxerto.attack.goal import Goal
from enxerto.attack.subject import Attackable
from enxerto.backbones import Preprocessing
from enxerto.backbones.preprocessing import to_pixels
from enxerto.engines import InputGradient, Objective
from enxerto.types import Images, Logits, Pixels

LEVELS = 255


class Canvas:
    """The central square of one photo, which is what a network looks at; nothing else of the photo can change.

    It can be attacked as an engine can, with any number of versions of the square at once.

    Args:
        engine: of the network.
        preprocessing: of its backbone.
        photo: uint8 RGB, shape (height, width, 3).
        transforms: what else is done to the photo before it is looked at: the logits are then those of the worst of
            all views for the goal, the gradient is the mean over the views.
        goal: of the attack; needed with transforms.
        exact: look at what a file with these pixels gives, instead of unrounded values; always so with transforms.

    References: Athalye et al. 2018, ICML, arXiv:1707.07397 (expectation over transformations); Bengio et al. 2013,
    arXiv:1308.3432 (straight-through).
    """

    def __init__(
        self,
        engine: Attackable,
        preprocessing: Preprocessing,
        photo: Images,
        transforms: Sequence[Transform] = (),
        goal: Goal | None = None,
        *,
        exact: bool = False,
    ) -> None:
        self.engine = engine
        self.preprocessing = preprocessing
        self.photo = photo
        self.transforms = (Transform(), *transforms)
        self.goal = goal
        self.exact = exact or bool(transforms)
        top, left, side = preprocessing.square(*photo.shape[:2])
        self.box = (slice(top, top + side), slice(left, left + side))
        self._views = [self._matrices(transform) for transform in self.transforms]

    @property
    def square(self) -> torch.Tensor:
        """The photo's own square, float32 in [0, 1], shape (1, 3, side, side)."""
        return torch.from_numpy(to_pixels(self.photo[self.box][None]))

    def photo_with(self, square: torch.Tensor) -> Images:
        """The whole photo with another square, rounded to grey levels; uint8, shape (height, width, 3).

        Args:
            square: in [0, 1], shape (3, side, side).
        """
        changed = self.photo.copy()
        changed[self.box] = np.rint(square.permute(1, 2, 0).numpy() * LEVELS).astype(np.uint8)
        return changed

    def logits(self, batch: Pixels) -> Logits:
        """Of each version of the square; shape (versions, classes).

        Args:
            batch: float32 in [0, 1], shape (versions, 3, side, side).
        """
        seen = self._seen(batch)
        logits = self.engine.logits(np.clip(seen, 0, 1))
        return logits[self._worst(torch.from_numpy(logits).float(), len(batch))]

    def input_gradient(self, pixels: Pixels, target: NDArray[np.float32], objective: Objective) -> InputGradient:
        """Logits, values and gradients with respect to the square, at the photo's own size.

        Args:
            pixels: float32 in [0, 1], shape (versions, 3, side, side).
            target: shape (versions, classes).
            objective: what to differentiate.
        """
        seen, views = self._seen(pixels), len(self._views)
        found = self.engine.input_gradient(np.clip(seen, 0, 1), np.repeat(target, views, axis=0), objective)
        gradient = found.gradient if self.exact else found.gradient * ((seen >= 0) & (seen <= 1))
        back = np.stack([_back(*self._views[row % views], each) for row, each in enumerate(gradient)])
        back = back.reshape(len(pixels), views, *pixels.shape[1:]).mean(1)
        worst = self._worst(torch.from_numpy(found.logits), len(pixels))
        return InputGradient(found.logits[worst], found.values[worst], back)

    def _worst(self, logits: torch.Tensor, versions: int) -> NDArray[np.int64]:
        """Which view of each version is farthest from the goal, as rows of the logits."""
        views = len(self._views)
        rows = np.arange(versions) * views
        if views == 1:
            return rows
        assert self.goal is not None
        goal = self.goal.rows(torch.zeros(len(logits), dtype=torch.int64))
        worst: NDArray[np.int64] = goal.margin(logits).view(versions, views).argmin(1).numpy()
        return rows + worst

    def _seen(self, batch: Pixels) -> Pixels:
        """What the network is shown, version by version and, when exact, view by view; else unclipped."""
        if self.exact:
            return to_pixels(np.concatenate([self._really_seen(square) for square in batch]))
        return np.stack([_forth(*self._views[0], square) for square in batch])

    def _really_seen(self, square: Pixels) -> Images:
        photo = self.photo_with(torch.from_numpy(square))
        return np.stack([self.preprocessing.image(transform.apply(photo)) for transform in self.transforms])

    def _matrices(self, transform: Transform) -> tuple[Any, Any]:
        """From rows and from columns of the square to those of what the network sees."""
        height, width = self.photo.shape[:2]
        rows, columns = transform.rows(height), transform.columns(width)
        top, left, side = self.preprocessing.square(rows.shape[0], columns.shape[0])
        resize = resizing(side, self.preprocessing.size_px, self.preprocessing.interpolation)
        return (
            (resize @ rows[top : top + side])[:, self.box[0]].tocsr(),
            (resize @ columns[left : left + side])[:, self.box[1]].tocsr(),
        )


def _forth(rows: Any, columns: Any, square: Pixels) -> Pixels:
    return np.stack([(rows @ (columns @ channel.T).T) for channel in square]).astype(np.float32)


def _back(rows: Any, columns: Any, gradient: Pixels) -> Pixels:
    return _forth(rows.T.tocsr(), columns.T.tocsr(), gradient)
