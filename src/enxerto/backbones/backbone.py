"""A pretrained network without its last layer, with its preprocessing and the identity of its weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Self

from enxerto.backbones import weights
from enxerto.backbones.catalog import AUTO, DEFAULT, LAST, Entry, Tap, find, read_tap
from enxerto.backbones.identity import identity_of
from enxerto.backbones.preprocessing import RECIPE, Preprocessing
from enxerto.errors import OptionError

if TYPE_CHECKING:
    import torch

    from enxerto.backbones.networks import FeatureNetwork


FINE_TUNED = "fine-tuned"
"""The origin of weights that were tuned here."""
SMALLEST_PX = 32
LARGEST_PX = 1024


@dataclass(frozen=True)
class Backbone:
    """A backbone whose weights were found; the network itself is built when something needs it.

    Attributes:
        entry: name, architecture, licence and preprocessing.
        origin: in words, where the weights came from.
        load: reads the weights, named as the architecture names them.
        known_identity: the identity of the weights where it is known without reading them.
        layer: `last`, the name of a module inside the network, or `classes` for its own logits.
        pooling: one of `POOLINGS`.
        without: names of residual blocks that are left out, as `thinning.residual_blocks` finds them.
    """

    entry: Entry
    origin: str
    load: Callable[[], Mapping[str, torch.Tensor]]
    known_identity: str | None = None
    layer: str = LAST
    pooling: str = "average"
    without: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name in the catalog."""
        return self.entry.name

    @property
    def preprocessing(self) -> Preprocessing:
        """How photos become pixels."""
        return self.entry.preprocessing

    @cached_property
    def network(self) -> torch.nn.Module:
        """The whole network with its own last layer: evaluation mode, frozen."""
        from enxerto.backbones.networks import build
        from enxerto.backbones.thinning import leave_out

        return leave_out(build(self.entry, self.load()), self.without)

    @property
    def tap(self) -> Tap:
        """Where its features come from."""
        return Tap(self.layer, self.pooling)

    def tapping(self, tap: Tap) -> Backbone:
        """The same backbone with its features from another place."""
        return replace(self, layer=tap.layer, pooling=tap.pooling).sharing(self)

    def sharing(self, other: Backbone) -> Self:
        """This backbone, with what another one of the same weights has built and read already."""
        for name in ("network", "identity"):
            if name in other.__dict__:
                self.__dict__[name] = other.__dict__[name]
        return self

    def tensors(self) -> Mapping[str, torch.Tensor]:
        """The weights; taken from the network where it was built, which is faster than reading the file again."""
        built: torch.nn.Module | None = self.__dict__.get("network")
        return self.load() if built is None else built.state_dict()

    @cached_property
    def identity(self) -> str:
        """SHA-256 of the weights' names, shapes and values."""
        if self.known_identity is not None:
            return self.known_identity
        return identity_of({name: tensor.numpy() for name, tensor in self.network.state_dict().items()})

    @cached_property
    def parameters(self) -> int:
        """How many numbers the network learned."""
        return count_parameters(self.entry)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of everything about the backbone that decides its features; part of every cache key."""
        decisive = {
            "architecture": self.entry.architecture,
            "zoo": self.entry.zoo,
            "weights": self.identity,
            "preprocessing": {"recipe": RECIPE, **asdict(self.preprocessing)},
            "layer": self.layer,
            "pooling": self.pooling,
        }
        if self.without:
            decisive["without"] = self.without
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()

    def feature_network(self) -> FeatureNetwork:
        """Pixels to features, as a PyTorch module.

        Raises:
            OptionError: `pooling` is unknown.
            UnknownNameError: the network has no such layer.
        """
        from enxerto.backbones.networks import FeatureNetwork

        return FeatureNetwork(self.network, self.preprocessing, self.layer, self.pooling).eval()

    def randomized(self, seed: int = 0) -> Backbone:
        """The same architecture with random weights: the control that shows whether transfer helps.

        Those of a user's own file are its weights in random order, as nobody knows how its architecture draws them.
        """

        def load() -> Mapping[str, torch.Tensor]:
            import torch

            from enxerto.backbones.networks import build

            if self.entry.zoo == "file":
                from enxerto.backbones.model_files.opening import shuffled

                return shuffled(build(self.entry).state_dict(), seed)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                return build(self.entry).state_dict()

        # What decides them, so that features made before are found without drawing the weights again.
        zoo = "keras" if self.entry.zoo == "keras" else "timm"
        decisive = f"random|{self.entry.architecture}|{seed}|{zoo}-{version(zoo)}|torch-{version('torch')}"
        identity = hashlib.sha256(decisive.encode()).hexdigest()
        return replace(self, origin=f"random weights, seed {seed}", load=load, known_identity=identity)


def random_backbone(entry: Entry, seed: int = 0) -> Backbone:
    """An architecture with random weights; its pretrained ones are not looked for.

    Args:
        entry: whose architecture.
        seed: of the weights.
    """
    return Backbone(entry, origin="", load=dict).randomized(seed)


def count_parameters(entry: Entry) -> int:
    """How many numbers an architecture learns; builds it without memory for them."""
    import torch

    from enxerto.backbones.networks import build

    with torch.device("meta"):
        return sum(parameter.numel() for parameter in build(entry).parameters())


def open_backbone(
    name: str = DEFAULT,
    *,
    layer: str = LAST,
    pooling: str = "average",
    size_px: int | None = None,
    crop: float | None = None,
    mirror: bool = False,
    file: Path | None = None,
    offline: bool = False,
) -> Backbone:
    """Find a backbone and its weights.

    Args:
        name: as in `enxerto backbones list`, any pretrained timm model, `keras:NAME`, or `file:PATH`.
        layer: where features come from: `last`, or the name of a module inside the network; `:2x2` or `:max` behind it
            says how its maps become one vector.
        pooling: the same, where the layer doesn't say it: `average`, `max` or `grid2`.
        size_px: side of the square it looks at, instead of the one it was trained with.
        crop: part of a photo's shorter side that the square covers, in (0, 1].
        mirror: look at the mirror image, too, and average what is seen; it takes twice the time.
        file: a `.safetensors` file of its weights, or one of Keras's for its networks, instead of the usual places.
        offline: never download.

    Raises:
        UnknownNameError: there is no such backbone or layer.
        OptionError: `pooling` is unknown, or the size or crop is impossible.
        WeightsMissingError: its weights are not here and can't be fetched.
        IntegrityError: its weights are not what their checksum says.
    """
    tap = read_tap(layer, pooling)
    if tap.layer == AUTO:
        raise OptionError("layer auto is chosen by training on photos: enxerto train DIR -o MODEL --layer auto")
    entry = _looking(find(name), size_px, crop, mirror)
    source = weights.locate(entry, given=file, offline=offline)
    return Backbone(
        entry=entry,
        origin=source.origin,
        load=lambda: weights.load(entry, source),
        known_identity=entry.identity if source.origin == "package" else None,
        layer=tap.layer,
        pooling=tap.pooling,
    )


def _looking(entry: Entry, size_px: int | None, crop: float | None, mirror: bool) -> Entry:
    """The entry with another view of photos."""
    if size_px is not None and not SMALLEST_PX <= size_px <= LARGEST_PX:
        raise OptionError(f"`size_px` must lie between {SMALLEST_PX} and {LARGEST_PX}, got {size_px}")
    if crop is not None and not 0 < crop <= 1:
        raise OptionError(f"`crop` must lie in (0, 1], got {crop}")
    if size_px not in (None, entry.preprocessing.size_px) and entry.fixed_size:
        raise OptionError(f"{entry.name} looks at squares of {entry.preprocessing.size_px} pixels only, got {size_px}")
    seen = entry.preprocessing
    changed = replace(seen, size_px=size_px or seen.size_px, crop=crop or seen.crop, mirror=mirror)
    return replace(entry, preprocessing=changed)
