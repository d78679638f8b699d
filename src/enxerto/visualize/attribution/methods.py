"""The ways to say which pixels an answer rests on, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enxerto.errors import OptionError, UnknownNameError
from enxerto.types import Images, Labels
from enxerto.visualize.attribution import through_captum
from enxerto.visualize.attribution.cam import ablation_cam, gradcam
from enxerto.visualize.attribution.subject import Subject

Maps = Callable[[Subject, Images, Labels], NDArray[np.float32]]
"""Images, uint8 (batch, size, size, 3), and class indices, int64 (batch,), to maps, float32 (batch, size, size)."""


@dataclass(frozen=True)
class Method:
    """A way to attribute an answer to pixels.

    Attributes:
        name: as typed.
        title: as shown.
        about: what it does, in a sentence.
        maps: does it.
        signed: it also says what speaks against the class.
        gradients: input gradients that a photo takes.
        layered: it looks at the maps of a layer, see `Subject.maps`.
        extra: that has to be installed for it; "" for none.
    """

    name: str
    title: str
    about: str
    maps: Maps
    signed: bool = False
    gradients: int = 0
    layered: bool = False
    extra: str = ""


METHODS = (
    Method(
        "gradcam", "Grad-CAM",
        "The last layer's maps, each weighted by the mean slope of the class's logit along it.", gradcam,
        layered=True,
    ),
    Method(
        "ablation-cam", "Ablation-CAM",
        "The last layer's maps, each weighted by how far the class's logit falls without it; no gradient is needed.",
        ablation_cam, layered=True,
    ),
    Method(
        "integrated-gradients", "Integrated gradients",
        "The slope of the class's logit along each pixel, added up on the way from a blank photo, and smoothed.",
        through_captum.integrated_gradients, signed=True, gradients=through_captum.STEPS, extra=through_captum.EXTRA,
    ),
    Method(
        "occlusion", "Occlusion",
        "How far the class's logit falls when a square of the photo is made blank.",
        through_captum.occlusion, signed=True, extra=through_captum.EXTRA,
    ),
)  # fmt: skip


def find_methods(names: Sequence[str] = ()) -> tuple[Method, ...]:
    """The methods of these names; without any, all that what is installed allows.

    Raises:
        UnknownNameError: there is no such method.
        OptionError: a method is named twice, or needs an extra that is not installed.
    """
    by_name = {method.name: method for method in METHODS}
    if len(set(names)) < len(names):
        raise OptionError(f"every method once, got {', '.join(names)}")
    for name in names:
        if name not in by_name:
            raise UnknownNameError("method", name, by_name)
        if by_name[name].extra:
            through_captum.require_captum(name)
    if names:
        return tuple(by_name[name] for name in names)
    return tuple(method for method in METHODS if not method.extra or through_captum.is_there())
