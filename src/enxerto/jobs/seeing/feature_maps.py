"""A photo, or two to compare, through a classifier, and everything that can be drawn of it as one directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones import DEFAULT, find, open_backbone
from enxerto.backbones.imagenet import imagenet_classes, require_imagenet
from enxerto.classifier import Classifier
from enxerto.data import Limits, read_bytes
from enxerto.data.decode import DecodedPhoto, decode
from enxerto.errors import DataError, OptionError, PhotoError
from enxerto.jobs.provenance import Stopwatch, backbone_card, now, versions
from enxerto.jobs.result_directory import Content, Kind, require_free_directory, write_directory
from enxerto.jobs.seeing.cards import layer_card, seen_photo
from enxerto.jobs.seeing.pictures import draw
from enxerto.progress import Progress, silent
from enxerto.report import FeatureMapsContents, feature_maps_to_json, render_feature_maps
from enxerto.visualize.channels import RANKS
from enxerto.visualize.feature_maps import MOST_PHOTOS, FeatureMaps, see
from enxerto.visualize.layers import choose_layers, layers_of
from enxerto.visualize.render.layer_pictures import SCALES
from enxerto.visualize.render.legend import RANKED

KIND = Kind("directory of feature maps", "features.json")
PAGE, ARRAYS = "features.html", "features.npz"


@dataclass(frozen=True, eq=False)
class SeenFeatures:
    """What `feature_maps` returns.

    Attributes:
        contents: every figure, as the page shows it.
        maps: the activations themselves.
        files: everything that is drawn, by file name; what `output` holds.
    """

    contents: FeatureMapsContents
    maps: FeatureMaps = field(repr=False)
    files: Mapping[str, Content] = field(repr=False)


def feature_maps(
    photos: str | Path | Sequence[str | Path],
    output: str | Path | None = None,
    *,
    model: Classifier | str | Path | None = None,
    backbone: str = DEFAULT,
    weights: str | Path | None = None,
    layers: Sequence[str] = (),
    class_name: str | None = None,
    rank: str = "effect",
    scale: str = "channel",
    svg: bool = False,
    offline: bool = False,
    force: bool = False,
    limits: Limits | None = None,
    command: str | None = None,
    progress: Progress = silent,
) -> SeenFeatures:
    """Draw what a classifier's layers give for a photo, and say which channels matter for a class.

    Args:
        photos: one, or two of the same size to compare, such as a photo and its adversarial twin.
        output: directory to write the page, the pictures and the arrays to; nothing is written when `None`.
        model: a classifier, or the directory of a saved one; the backbone with ImageNet's classes when `None`.
        backbone: as in `enxerto backbones list`; where there is no `model`.
        weights: a `.safetensors` file of the backbone's weights.
        layers: names of modules; a choice that suits the architecture when empty.
        class_name: the class that effects are on, by name or index; the first photo's most probable one when `None`.
        rank: what channels are ordered by: `effect`, `activation` or `difference`.
        scale: `channel`, colors from zero to each channel's own largest magnitude; `layer`, to the layer's.
        svg: draw each grid as SVG, too.
        offline: never download.
        force: replace feature maps that are at `output`.
        limits: of bytes and pixels a photo.
        command: the command line to print on the page.
        progress: how to show progress; counts layers.

    Raises:
        PhotoError: a photo can't be read.
        DataError: two photos of different sizes.
        UnknownNameError: there is no such backbone, layer or class; the message lists near matches.
        OptionError: an impossible option, or something at `output` already.
        WeightsMissingError: the backbone's weights are not here and can't be fetched.
        IntegrityError: the model's directory is no intact model.
        StorageError: the disk is full, or the output can't be written.
    """
    watch = Stopwatch()
    paths = [Path(photos)] if isinstance(photos, str | Path) else [Path(photo) for photo in photos]
    _require_options(paths, rank, scale)
    target = None if output is None else Path(output)
    if target is not None:
        require_free_directory(target, KIND, force=force)
    with watch.stage("loading"):
        contents_of = [read_bytes(path, limits or Limits()) for path in paths]
        classifier = open_classifier(model, backbone, weights, layers, offline=offline)
        decoded = decode_alike(paths, contents_of, classifier.preprocessing.short_side_px, limits or Limits())
        card = backbone_card(classifier.backbone)
    with watch.stage("network"):
        images = np.stack([classifier.preprocessing.image(each.image) for each in decoded])
        maps = see(classifier, images, layers=layers, class_name=class_name, rank=rank)
    with watch.stage("drawing"):
        drawn = draw(maps, scale, svg=svg, progress=progress)
    photographed = zip(paths, decoded, maps.probabilities, strict=True)
    contents = FeatureMapsContents(
        title=" and ".join(path.name for path in paths),
        source=" and ".join(map(str, paths)),
        command=command or f"enxerto features {' '.join(map(str, paths))}",
        created=now(),
        backbone=card,
        own_head=classifier.probe is not None,
        target=maps.classes[maps.target],
        asked=class_name is not None,
        rank=rank,
        order=RANKED[rank],
        scale=scale,
        photos=tuple(seen_photo(path, photo, answers, maps) for path, photo, answers in photographed),
        layers=tuple(layer_card(layer, file, scale) for layer, file in zip(maps.layers, drawn.names, strict=True)),
        filters=maps.filters.name if maps.filters is not None else "",
        filter_count=len(maps.filters.weights) if maps.filters is not None else 0,
        seconds=watch.seconds(),
        versions=versions(),
    )
    files: dict[str, Content] = {
        **drawn.files,
        ARRAYS: _saving(maps.arrays()),
        KIND.record: feature_maps_to_json(contents),
        PAGE: render_feature_maps(contents, drawn.page).encode(),
    }
    if target is not None:
        write_directory(target, KIND, files, force=force)
    return SeenFeatures(contents, maps, files)


def open_classifier(
    model: Classifier | str | Path | None,
    backbone: str,
    weights: str | Path | None,
    layers: Sequence[str] = (),
    *,
    offline: bool = False,
) -> Classifier:
    """The classifier that was asked for; wrong layers are told before weights are looked for."""
    if isinstance(model, Classifier):
        return model
    if model is not None:
        return Classifier.load(model, offline=offline)
    require_imagenet(find(backbone))
    choose_layers(layers_of(find(backbone)), layers)
    opened = open_backbone(backbone, file=None if weights is None else Path(weights), offline=offline)
    return Classifier(opened, imagenet_classes())


def decode_alike(
    paths: Sequence[Path], data: Sequence[bytes], short_side_px: int, limits: Limits
) -> list[DecodedPhoto]:
    """Decode photos in the way in which they are classified.

    Raises:
        PhotoError: one can't be read.
        DataError: they differ in size, so that the network would look at other parts of them.
    """
    photos = []
    for path, content in zip(paths, data, strict=True):
        try:
            photos.append(decode(content, short_side_px=short_side_px, limits=limits))
        except PhotoError as error:
            raise PhotoError(error.code, error.detail, path) from error
    sizes = [(photo.width, photo.height) for photo in photos]
    if len(set(sizes)) > 1:
        words = " and ".join(
            f"{path} of {width} x {height}" for path, (width, height) in zip(paths, sizes, strict=True)
        )
        raise DataError(
            f"two photos to compare must have the same size, got {words} pixels; resize or crop one of them"
        )
    return photos


def _require_options(paths: Sequence[Path], rank: str, scale: str) -> None:
    if len(paths) not in range(1, MOST_PHOTOS + 1):
        raise OptionError(f"give one photo, or two to compare them; got {len(paths)}")
    if rank not in RANKS:
        raise OptionError(f"`rank` must be one of {', '.join(RANKS)}, got {rank!r}")
    if scale not in SCALES:
        raise OptionError(f"`scale` must be one of {', '.join(SCALES)}, got {scale!r}")
    if rank == "difference" and len(paths) < MOST_PHOTOS:
        raise OptionError("channels can be ranked by difference only where there are two photos; give another")


def _saving(arrays: Mapping[str, NDArray[np.generic]]) -> Content:
    """What writes arrays to a file, without a second copy of them in memory."""

    def save(path: Path) -> None:
        np.savez(path, **arrays)  # type: ignore[arg-type]  # for NumPy's stub, any name could be an option's

    return save
