"""Weights in a folder that many machines share: `ENXERTO_WEIGHTS` names it, and it is searched first.

It may be what `enxerto backbones bundle` wrote, a copy of a store of Enxerto's, or hold torchvision's or
Keras's files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from enxerto.backbones import manifest, store, torchvision_files
from enxerto.backbones.catalog import Entry
from enxerto.backbones.keras_zoo import published as keras_files
from enxerto.errors import OptionError

SHARE = "ENXERTO_WEIGHTS"


def folder() -> Path | None:
    """The shared folder; `None` where there is none.

    Raises:
        OptionError: what the environment names is no folder.
    """
    named = os.environ.get(SHARE)
    if not named:
        return None
    path = Path(named).expanduser()
    if not path.is_dir():
        raise OptionError(f"{SHARE} must name a folder with weights, got {named!r}; connect the share, or unset it")
    return path


def files(entry: Entry) -> Iterator[Path]:
    """The files in the shared folder that hold the weights of a backbone."""
    if (shared := folder()) is not None:
        of_keras = entry.keras.file if entry.keras else None
        for name in (f"{entry.tagged_name}{store.SUFFIX}", entry.torchvision_file, of_keras):
            if name is not None and (shared / name).is_file():
                yield shared / name


def verify(path: Path) -> bool:
    """Hold a shared file to the manifest of its bundle, or to what lies beside it or stands in its name.

    Raises:
        IntegrityError: it is another file, or a damaged one; or the manifest is damaged.
    """
    listed = manifest.read(path.parent) if manifest.is_bundle(path.parent) else ()
    for item in listed:
        if item.file == path.name:
            manifest.verify(path.parent, item)
            return True
    return store.verify(path) or torchvision_files.verify(path) or keras_files.verify(path)
