"""The list of what is in a bundle of weights: names, files, checksums, licences and where they came from."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from enxerto.errors import IntegrityError
from enxerto.files import sha256_of, write_durably

FILE = "manifest.json"
KIND: Literal["enxerto weights"] = "enxerto weights"


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One weight file.

    Attributes:
        name: of the backbone.
        file: its name in the bundle.
        sha256: of its content.
        size_bytes: of the file.
        licence: of the weights.
        publisher: the address of who published them.
    """

    name: str
    file: str
    sha256: str
    size_bytes: int
    licence: str
    publisher: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle holds."""

    kind: Literal["enxerto weights"]
    schema: Literal[1]
    weights: tuple[Item, ...]


def is_bundle(folder: Path) -> bool:
    """Whether there is a manifest."""
    return (folder / FILE).is_file()


def write(folder: Path, items: tuple[Item, ...]) -> None:
    """Write the manifest of a bundle.

    Raises:
        StorageError: the disk is full, or the folder can't be written.
    """
    content = msgspec.json.encode(Manifest(KIND, 1, items))
    write_durably(folder / FILE, msgspec.json.format(content, indent=1) + b"\n")


def read(folder: Path) -> tuple[Item, ...]:
    """What a bundle says that it holds.

    Raises:
        IntegrityError: its manifest is missing, damaged, of another kind, or names files outside of it.
    """
    path = folder / FILE
    try:
        items = msgspec.json.decode(path.read_bytes(), type=Manifest).weights
    except FileNotFoundError as error:
        raise IntegrityError(
            f"{folder} is no bundle of weights: it has no {FILE}; make one with: enxerto backbones bundle NAME -o DIR"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IntegrityError(f"{path} is no manifest of weights ({error}); bring the bundle again") from error
    for item in items:
        if Path(item.file).name != item.file or "\\" in item.file:
            raise IntegrityError(f"{path} should name files beside it, got {item.file!r}; nothing was read")
    return items


def verify(folder: Path, item: Item) -> None:
    """Hold a file of a bundle to its manifest.

    Raises:
        IntegrityError: it is missing, another file, or damaged.
    """
    path = folder / item.file
    if path.is_symlink() or not path.is_file():
        raise IntegrityError(f"the bundle {folder} lacks {item.file}, which its {FILE} names; bring it again")
    found = sha256_of(path)
    if found != item.sha256:
        raise IntegrityError(
            f"{path} should have SHA-256 {item.sha256}, got {found}; it was damaged on its way: bring it again"
        )
