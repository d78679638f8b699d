"""Checking again whether the weights on this machine are what they should be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from enxerto.backbones import share, store, torchvision_files, weights
from enxerto.backbones.catalog import EMBEDDED, Entry, find
from enxerto.backbones.keras_zoo import published as keras_files
from enxerto.errors import IntegrityError, UnknownNameError, WeightsMissingError
from enxerto.home import weights_home


@dataclass(frozen=True)
class Verdict:
    """About one file.

    Attributes:
        name: of the backbone.
        origin: in words, where the file lies.
        path: the file.
        state: `ok`, `damaged`, or `unchecked` where there is no checksum to hold it to.
        reason: why it is damaged; "" otherwise.
    """

    name: str
    origin: str
    path: Path
    state: Literal["ok", "damaged", "unchecked"]
    reason: str = ""


def verify(entries: list[Entry] | None = None) -> Iterator[Verdict]:
    """Hold every weight file to its checksum, wherever it lies: not only those that would be used.

    Args:
        entries: whose; by default those of every backbone with weights on this machine.

    Raises:
        WeightsMissingError: a backbone that was named has no weights here.
    """
    for entry in here() if entries is None else entries:
        found = list(weights.places(entry))
        if not found and entries is not None:
            raise WeightsMissingError(
                f"the weights of {entry.name} are not on this machine; enxerto backbones fetch {entry.name}"
            )
        for source in found:
            yield _verdict(entry, source)


def here() -> list[Entry]:
    """Every backbone with weights on this machine, embedded ones first."""
    found = {entry.tagged_name: entry for entry in EMBEDDED if weights.is_present(entry)}
    for name in _names():
        try:
            entry = find(name)
        except UnknownNameError:  # of somebody else, or of another version of timm
            continue
        found.setdefault(entry.tagged_name, entry)
    return list(found.values())


def _names() -> Iterator[str]:
    """What the files here are called."""
    tagged = {find(each.names[1]).tagged_name: each.names[1] for each in torchvision_files.PUBLISHED}
    tagged |= {find(name).tagged_name: name for name in keras_files.published()}
    folders = (weights_home(), share.folder())
    stems = sorted({path.stem for folder in folders if folder for path in folder.glob(f"*{store.SUFFIX}")})
    yield from (tagged.get(stem, stem) for stem in stems)
    for published in torchvision_files.PUBLISHED:
        places = (torchvision_files.checkpoints_home(), share.folder())
        if any((place / published.file).is_file() for place in places if place):
            yield published.names[1]
    for name, each in keras_files.published().items():
        places = (keras_files.models_home(), share.folder())
        if any((place / each.file).is_file() for place in places if place):
            yield name
    yield from _cached_names()


def _cached_names() -> Iterator[str]:
    """The repositories of timm in the cache of the hub's client."""
    from huggingface_hub import constants

    owner = "models--timm--"
    for folder in sorted(Path(constants.HF_HUB_CACHE).glob(f"{owner}*")):
        yield folder.name.removeprefix(owner)


def _verdict(entry: Entry, source: weights.Source) -> Verdict:
    try:
        checked = weights.verify(entry, source)
    except IntegrityError as error:
        return Verdict(entry.name, source.origin, source.path, "damaged", str(error))
    return Verdict(entry.name, source.origin, source.path, "ok" if checked else "unchecked")
