"""Is a file what its checksum says?"""

from __future__ import annotations

import hashlib
from pathlib import Path

from enxerto.errors import IntegrityError


def digest_of(path: Path, algorithm: str) -> str:
    """A file's digest in hex.

    Args:
        path: of the file.
        algorithm: `sha256` or `md5`.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def is_intact(path: Path, checksum: str) -> bool:
    """Whether a file has the checksum, written `sha256:…` or `md5:…`."""
    algorithm, _, expected = checksum.partition(":")
    return digest_of(path, algorithm) == expected


def verify(path: Path, checksum: str, origin: str) -> None:
    """See that a file is what it should be.

    Args:
        path: of the file.
        checksum: `sha256:…` or `md5:…`.
        origin: where it came from, for the message.

    Raises:
        IntegrityError: it is another file.
    """
    algorithm, _, expected = checksum.partition(":")
    found = digest_of(path, algorithm)
    if found != expected:
        raise IntegrityError(
            f"{origin} should have {algorithm.upper()} {expected}, got {found}: it is damaged or another file, and "
            "nothing of it was unpacked"
        )
