"""Finding the weights of a backbone: a given file, an imported one, the hub's cache on this disk, then the network."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from enxerto.backbones import packaged
from enxerto.backbones.catalog import Entry
from enxerto.errors import IntegrityError, OptionError, WeightsMissingError
from enxerto.files import sha256_of
from enxerto.home import weights_home

if TYPE_CHECKING:
    import torch

HUB_FILE = "model.safetensors"


@dataclass(frozen=True)
class Source:
    """Where a backbone's weights lie.

    Attributes:
        origin: in words: "package", "file", "imported", "hub cache", "download".
        path: the file.
    """

    origin: str
    path: Path


def locate(entry: Entry, *, given: Path | None = None, offline: bool = False) -> Source:
    """Find the weights, downloading them only as the last resort.

    Args:
        entry: which backbone.
        given: a `.safetensors` file that takes precedence over everything.
        offline: never download; `HF_HUB_OFFLINE` says the same.

    Raises:
        OptionError: the given file is no safetensors file.
        WeightsMissingError: they are nowhere; the message names the file to bring and the command that takes it.
        IntegrityError: the file found is not what its checksum says.
    """
    if given is not None:
        return Source("file", _given(given))
    if entry.package is not None:
        return Source("package", packaged.verified_file(entry))
    found = _on_disk(entry)
    if found is None:
        if offline or is_offline():
            raise WeightsMissingError(f"the weights of {entry.name} are not on this machine, and {_advice(entry)}")
        found = Source("download", _download(entry))
    if found.origin != "imported":
        _verify_hub_file(found.path)
    return found


def is_present(entry: Entry) -> bool:
    """Whether the weights can be had without the network."""
    return packaged.is_installed(entry) if entry.package else _on_disk(entry) is not None


def is_offline() -> bool:
    """Whether the environment forbids downloads."""
    return os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}


def imported_file(entry: Entry) -> Path:
    """Where `enxerto backbones import` puts this backbone's weights, whether or not its tag is typed."""
    return weights_home() / f"{entry.tagged_name}.safetensors"


def load(entry: Entry, source: Source) -> Mapping[str, torch.Tensor]:
    """Read the weights, named as the architecture names them."""
    if source.origin == "package":
        return packaged.load(entry)
    return adapt(entry, read_safetensors(source.path))


def read_safetensors(path: Path) -> dict[str, torch.Tensor]:
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
    import torch

    if not tensors:  # timm would go and download them
        raise IntegrityError(f"these weights are not those of {entry.name}: there are none in the file")
    try:
        with torch.random.fork_rng(devices=[]):
            network = timm.create_model(
                entry.architecture, pretrained=True, pretrained_cfg_overlay={"state_dict": dict(tensors)}
            )
    except Exception as error:  # timm's conversions meet foreign tensors with whatever error they run into
        reason = " ".join(str(error).split())[:300]
        raise IntegrityError(f"these weights are not those of {entry.name}: {reason}") from error
    state: Mapping[str, torch.Tensor] = network.state_dict()
    return state


def _given(path: Path) -> Path:
    if not path.is_file():
        raise WeightsMissingError(f"there is no weight file {path}")
    if path.suffix != ".safetensors":
        raise OptionError(
            f"`--weights` takes a .safetensors file, got {path.name}; convert it once with: "
            f"enxerto backbones import NAME {path}"
        )
    return path


def _on_disk(entry: Entry) -> Source | None:
    imported = imported_file(entry)
    if imported.is_file():
        return Source("imported", imported)
    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(entry.hub, HUB_FILE) if entry.hub else None
    return Source("hub cache", Path(cached)) if isinstance(cached, str) else None


def _download(entry: Entry) -> Path:
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    if entry.hub is None:
        raise WeightsMissingError(f"the hub doesn't have the weights of {entry.name}; {_advice(entry)}")
    try:
        with _plain_downloads():
            get_hf_file_metadata(hf_hub_url(entry.hub, HUB_FILE))  # asks once; the download would ask for minutes
            return Path(hf_hub_download(entry.hub, HUB_FILE))
    except Exception as error:  # of requests, httpx, httpx2 or Xet: it depends on the version of the hub's client
        reason = " ".join(str(error).split())[:200]
        raise WeightsMissingError(f"can't download the weights of {entry.name} ({reason}); {_advice(entry)}") from error


@contextmanager
def _plain_downloads() -> Iterator[None]:
    """Let the hub's client fetch the file and nothing else: no usage reports; from a mirror, no detour through Xet.

    A mirror passes on the hub's references to Xet, a second store that it doesn't mirror. Where `HF_HUB_DISABLE_XET` is
    set, it decides.
    """
    from huggingface_hub import constants

    before = constants.HF_HUB_DISABLE_XET, constants.HF_HUB_DISABLE_TELEMETRY
    constants.HF_HUB_DISABLE_TELEMETRY = True
    if "HF_ENDPOINT" in os.environ and "HF_HUB_DISABLE_XET" not in os.environ:
        constants.HF_HUB_DISABLE_XET = True
    try:
        yield
    finally:
        constants.HF_HUB_DISABLE_XET, constants.HF_HUB_DISABLE_TELEMETRY = before


def _advice(entry: Entry) -> str:
    file = f"{HUB_FILE} of {entry.hub}" if entry.hub else "its weight file"
    return (
        f"downloads are off or impossible; bring {file} from a connected machine, then: "
        f"enxerto backbones import {entry.name} {HUB_FILE}"
    )


def _verify_hub_file(path: Path) -> None:
    """The hub's cache names each file after its checksum: SHA-256 of large files, git's blob SHA-1 of small ones."""
    blob = path.parent / path.readlink() if path.is_symlink() else path
    if len(blob.name) == 64:
        found = sha256_of(blob)
    elif len(blob.name) == 40:
        content = blob.read_bytes()
        found = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    else:
        return
    if found != blob.name:
        raise IntegrityError(
            f"{blob.resolve()} should have checksum {blob.name}, got {found}; delete this file and try again"
        )
