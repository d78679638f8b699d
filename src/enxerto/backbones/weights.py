"""Finding the weights of a backbone: a given file, a share, an imported file, the caches on this disk, the network."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from enxerto.backbones import hub, packaged, share, store, torchvision_fetching, torchvision_files
from enxerto.backbones.catalog import Entry
from enxerto.backbones.keras_zoo import published as keras_files
from enxerto.errors import IntegrityError, OptionError, WeightsMissingError
from enxerto.home import weights_home

if TYPE_CHECKING:
    import torch

_VERIFIERS = {
    "share": share.verify,
    "imported": store.verify,
    "hub cache": hub.verify,
    "PyTorch's cache": torchvision_files.verify,
    "Keras's cache": keras_files.verify,
}
KERAS_SUFFIXES = (".h5", ".hdf5", ".keras")


@dataclass(frozen=True)
class Source:
    """Where a backbone's weights lie.

    Attributes:
        origin: in words: "package", "file", "share", "imported", "hub cache", "PyTorch's cache", "Keras's cache",
            "download".
        path: the file.
    """

    origin: str
    path: Path


def locate(entry: Entry, *, given: Path | None = None, offline: bool = False) -> Source:
    """Find the weights, downloading them only as the last resort.

    Args:
        entry: which backbone.
        given: a `.safetensors` file, or one of Keras's for its networks, that takes precedence over everything.
        offline: never download; `HF_HUB_OFFLINE` says the same.

    Raises:
        OptionError: the given file is no safetensors file, or what the environment names is no folder or address.
        WeightsMissingError: they are nowhere; the message names the file to bring and the command that takes it.
        IntegrityError: the file found is not what its checksum says.
        BusyError: another process is downloading them.
        StorageError: the disk is too small for them.
    """
    if given is not None:
        return Source("file", _given(entry, given))
    if entry.file is not None:
        return Source("file", entry.file)
    if entry.package is not None:
        return Source("package", packaged.verified_file(entry))
    for source in places(entry):
        verify(entry, source)
        return source
    if entry.keras is not None:
        raise WeightsMissingError(_without_keras_file(entry.keras))
    if offline or is_offline():
        raise WeightsMissingError(
            f"the weights of {entry.name} are not on this machine{_others(entry)}, and {hub.advice(entry)}"
        )
    if entry.hub is None and entry.torchvision_file is not None:
        return Source("download", torchvision_fetching.fetch(entry.torchvision_file))
    downloaded = hub.download(entry)
    hub.verify(downloaded)
    return Source("download", downloaded)


def places(entry: Entry) -> Iterator[Source]:
    """Where the weights lie on this machine; the first place is the one that counts."""
    if entry.package is not None:
        if (packed := packaged.found_file(entry)) is not None:
            yield Source("package", packed)
        return
    if entry.file is not None:
        yield Source("file", entry.file)
        return
    for path in share.files(entry):
        yield Source("share", path)
    if (imported := store.imported_file(entry)).is_file():
        yield Source("imported", imported)
    if (cached := hub.cached(entry)) is not None:
        yield Source("hub cache", cached)
    if entry.torchvision_file and (kept := torchvision_files.checkpoints_home() / entry.torchvision_file).is_file():
        yield Source("PyTorch's cache", kept)
    if entry.keras and (kept := keras_files.models_home() / entry.keras.file).is_file():
        yield Source("Keras's cache", kept)


def verify(entry: Entry, source: Source) -> bool:
    """Hold one of the `places` to its checksum; `False` where it has none.

    Raises:
        IntegrityError: it is another file, or a damaged one.
    """
    if source.origin == "package":
        packaged.verified_file(entry)
        return True
    if entry.file is not None:  # a user's own: nobody says what it should be
        return False
    return _VERIFIERS[source.origin](source.path)


def is_present(entry: Entry) -> bool:
    """Whether the weights can be had without the network."""
    return next(places(entry), None) is not None


def is_offline() -> bool:
    """Whether the environment forbids downloads."""
    return os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}


def load(entry: Entry, source: Source) -> Mapping[str, torch.Tensor]:
    """Read the weights, named as the architecture names them."""
    if source.origin == "package":
        return packaged.load(entry)
    return read_for(entry, source.path)


def read_for(entry: Entry, path: Path) -> Mapping[str, torch.Tensor]:
    """Read a weight file of a backbone, named as its architecture names them.

    Raises:
        IntegrityError: it is none, or of another backbone.
    """
    if path == entry.file:
        from enxerto.backbones.model_files.opening import build

        own: Mapping[str, torch.Tensor] = build(entry).state_dict()
        return own
    if entry.keras is not None and path.suffix in KERAS_SUFFIXES:
        from enxerto.backbones.keras_zoo.applications import read_weights

        return read_weights(entry, path)
    return adapt(entry, read(path))


def read(path: Path) -> Mapping[str, torch.Tensor]:
    """Read a weight file: safetensors, or a PyTorch state dict, of which nothing but tensors is ever unpickled.

    Raises:
        IntegrityError: it is none, it is damaged, or it holds something else.
    """
    if path.suffix == store.SUFFIX:
        return _read_safetensors(path)
    import torch

    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
        return dict(next((loaded[key] for key in ("state_dict", "model") if key in loaded), loaded))
    except pickle.UnpicklingError as error:  # whose text advises to run what is in there
        raise IntegrityError(
            f"{path} is no intact file of weights: there is something else in it than tensors, and that is never run"
        ) from error
    except (EOFError, OSError, RuntimeError, TypeError, ValueError) as error:
        raise IntegrityError(f"{path} is no intact file of weights: {' '.join(str(error).split())[:300]}") from error


def _read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    """Read a safetensors file.

    Raises:
        IntegrityError: it is none, or it is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise IntegrityError(f"{path} is no intact safetensors file: {error}; bring it again") from error


def adapt(entry: Entry, tensors: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
    """Rename and reshape the tensors of older or foreign files as timm does for this architecture.

    Raises:
        IntegrityError: they belong to another architecture, or there are none.
    """
    if entry.zoo != "timm":
        return tensors
    import timm

    from enxerto.backbones.torchvision_transformers import as_timm_names
    from enxerto.backbones.unfilled import unfilled

    if not tensors:  # timm would go and download them
        raise IntegrityError(f"these weights are not those of {entry.name}: there are none in the file")
    try:
        with unfilled():
            network = timm.create_model(
                entry.architecture, pretrained=True, pretrained_cfg_overlay={"state_dict": dict(as_timm_names(tensors))}
            )
    except Exception as error:  # timm's conversions meet foreign tensors with whatever error they run into
        reason = " ".join(str(error).split())[:300]
        raise IntegrityError(f"these weights are not those of {entry.name}: {reason}") from error
    state: Mapping[str, torch.Tensor] = network.state_dict()
    return state


def _given(entry: Entry, path: Path) -> Path:
    if not path.is_file():
        raise WeightsMissingError(f"there is no weight file {path}")
    if entry.keras is not None and path.suffix in KERAS_SUFFIXES:
        return path
    if path.suffix != ".safetensors":
        raise OptionError(
            f"`--weights` takes a .safetensors file, got {path.name}; convert it once with: "
            f"enxerto backbones import NAME {path}"
        )
    return path


def _others(entry: Entry) -> str:
    """That torchvision's weights of the same network are here, which are not those that were asked for."""
    base, home = entry.architecture.split(".")[0], torchvision_files.checkpoints_home()
    for each in torchvision_files.PUBLISHED:
        if each.architecture.split(".")[0] == base and (home / each.file).is_file():
            return f" (torchvision's are: {each.names[1]})"
    return ""


def _without_keras_file(wanted: keras_files.Published) -> str:
    """Where a file was looked for and what to do; Keras's files are never downloaded here."""
    others = [
        each.name
        for each in keras_files.published().values()
        if (each.application, each.alpha) == (wanted.application, wanted.alpha)
        and (keras_files.models_home() / each.file).is_file()
    ]
    here = f" ({', '.join(others)} is here)" if others else ""
    shared = share.folder()
    places = ", ".join(map(str, filter(None, (shared, weights_home(), keras_files.models_home()))))
    return (
        f"the weights of {wanted.name} are not on this machine{here}: there is no {wanted.file} in {places}; "
        f"bring it from {wanted.url}/ on a connected machine, then: enxerto backbones import {wanted.name} "
        f"{wanted.file}"
    )
