"""The Hugging Face hub and the cache of its client on this disk."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from enxerto.backbones.catalog import Entry
from enxerto.errors import IntegrityError, StorageError, WeightsMissingError
from enxerto.files import sha256_of

HUB_FILE = "model.safetensors"
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})


def cached(entry: Entry) -> Path | None:
    """The weights in the cache of the hub's client, `None` where they aren't there."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(entry.hub, HUB_FILE) if entry.hub else None
    return Path(found) if isinstance(found, str) else None


def download(entry: Entry) -> Path:
    """Bring the weights into the cache of the hub's client.

    Raises:
        WeightsMissingError: they can't be had.
        StorageError: the disk is full, or the cache can't be written.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    if entry.hub is None:
        raise WeightsMissingError(f"the hub doesn't have the weights of {entry.name}; {advice(entry)}")
    try:
        with _plain_downloads():
            get_hf_file_metadata(hf_hub_url(entry.hub, HUB_FILE))  # asks once; the download would ask for minutes
            return Path(hf_hub_download(entry.hub, HUB_FILE))
    except Exception as error:  # of requests, httpx, httpx2 or Xet: it depends on the version of the hub's client
        if isinstance(error, OSError) and error.errno in _DISK:
            raise StorageError(f"can't keep the weights of {entry.name} in the hub's cache: {error}") from error
        reason = " ".join(str(error).split())[:200]
        raise WeightsMissingError(f"can't download the weights of {entry.name} ({reason}); {advice(entry)}") from error


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


def advice(entry: Entry) -> str:
    """What to do on a machine that can't download; the end of a message."""
    if entry.hub:
        file, name = f"{HUB_FILE} of {entry.hub}", HUB_FILE
    else:
        file = name = entry.torchvision_file or ""
    return (
        f"downloads are off or impossible; bring {file or 'its weight file'} from a connected machine, then: "
        f"enxerto backbones import {entry.name} {name or 'FILE'}"
    )


def verify(path: Path) -> bool:
    """Hold a file of the hub's cache to its name: SHA-256 of large files, git's blob SHA-1 of small ones.

    Returns:
        Whether it has such a name.

    Raises:
        IntegrityError: it is another file, or a damaged one.
    """
    blob = path.parent / path.readlink() if path.is_symlink() else path
    if len(blob.name) == 64:
        found = sha256_of(blob)
    elif len(blob.name) == 40:
        content = blob.read_bytes()
        found = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    else:
        return False
    if found != blob.name:
        raise IntegrityError(
            f"{blob.resolve()} should have checksum {blob.name}, got {found}; delete this file and try again"
        )
    return True
