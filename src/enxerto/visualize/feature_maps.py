"""What a classifier sees in a photo, layer by layer, and which channels matter for a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones.imagenet import imagenet_synonyms
from enxerto.classifier import Classifier
from enxerto.classifier.class_choice import class_index
from enxerto.errors import OptionError
from enxerto.heads.calibration import softmax
from enxerto.types import Images
from enxerto.visualize.activations import Activations, capture, network_of
from enxerto.visualize.channels import Channels, describe_channels
from enxerto.visualize.filters import Filters, first_filters
from enxerto.visualize.layers import Layer, choose_layers, layers_of

MOST_PHOTOS = 2


@dataclass(frozen=True, eq=False)
class LayerMaps:
    """A layer's activations and what can be said of its channels."""

    activations: Activations
    channels: Channels

    @property
    def layer(self) -> Layer:
        """Name, kind and shape."""
        return self.activations.layer

    @property
    def change(self) -> float | None:
        """Size of the difference between two photos, relative to the first one's maps (L2); `None` of one photo."""
        maps = self.activations.maps.astype(np.float64)
        if len(maps) < MOST_PHOTOS:
            return None
        return float(np.linalg.norm(maps[1] - maps[0]) / max(float(np.linalg.norm(maps[0])), np.finfo(float).tiny))


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """What `see` returns.

    Attributes:
        classes: of the classifier.
        images: what it looked at, uint8, shape (photos, size, size, 3).
        probabilities: shape (photos, classes).
        target: index of the class that effects are on.
        rank: what the channels are ordered by.
        layers: in the order in which they run.
        filters: of the first convolution, where there is one.
    """

    classes: tuple[str, ...]
    images: Images = field(repr=False)
    probabilities: NDArray[np.float64] = field(repr=False)
    target: int
    rank: str
    layers: tuple[LayerMaps, ...]
    filters: Filters | None

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Everything by name: maps under the layer's own name, with `.extra`, `.effects` and `.order` beside them."""
        found: dict[str, NDArray[np.generic]] = {"images": self.images, "probabilities": self.probabilities}
        for each in self.layers:
            found[each.layer.name] = each.activations.maps
            found[f"{each.layer.name}.effects"] = each.activations.effects
            found[f"{each.layer.name}.order"] = each.channels.order
            if each.activations.extra.size:
                found[f"{each.layer.name}.extra"] = each.activations.extra
        if self.filters is not None:
            found["filters"] = self.filters.weights
        return found


def see(
    classifier: Classifier,
    images: Images,
    *,
    layers: Sequence[str] = (),
    class_name: str | None = None,
    rank: str = "effect",
) -> FeatureMaps:
    """Take the feature maps of one photo, or of two to compare.

    Args:
        classifier: with a head of its own or ImageNet's classes; it comes back as it was.
        images: uint8, shape (photos, size, size, 3), as its preprocessing makes them.
        layers: names of modules; a choice that suits the architecture when empty.
        class_name: the class that effects are on, by name or index; the first photo's most probable one when `None`.
        rank: `effect`, `activation` or `difference`, see `describe_channels`.

    Raises:
        UnknownNameError: no such layer or class; the message lists near matches.
        OptionError: neither one nor two photos, or nothing to draw, or an impossible rank.
    """
    if len(images) not in range(1, MOST_PHOTOS + 1):
        raise OptionError(f"feature maps are drawn of one photo, or of two to compare them; got {len(images)}")
    chosen = choose_layers(layers_of(classifier.backbone.entry), layers)
    target = None if class_name is None else target_class(classifier, class_name)
    captured = capture(classifier, images, chosen, target)
    return FeatureMaps(
        classes=classifier.classes,
        images=images,
        probabilities=softmax(captured.logits.astype(np.float64)),
        target=captured.target,
        rank=rank,
        layers=tuple(LayerMaps(each, describe_channels(each, rank)) for each in captured.layers),
        filters=first_filters(network_of(classifier)),
    )


def target_class(classifier: Classifier, typed: str) -> int:
    """The class of a classifier that a name, a synonym or an index means.

    Raises:
        UnknownNameError: there is none; the message lists near matches.
        OptionError: several classes are called so.
    """
    return class_index(typed, classifier.classes, () if classifier.probe is not None else imagenet_synonyms())
