"""One row of a feature store: what is known of a photo, and its features when it was readable."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from enxerto.data import PhotoRecord

_LENGTH_BYTES = 4


def pack(record: PhotoRecord, vector: NDArray[np.float32] | None) -> bytes:
    """A record and a float32 vector as bytes."""
    head = record.to_bytes()
    tail = b"" if vector is None else np.ascontiguousarray(vector, dtype="<f4").tobytes()
    return len(head).to_bytes(_LENGTH_BYTES, "little") + head + tail


def unpack(row: bytes) -> tuple[PhotoRecord, NDArray[np.float32]]:
    """What `pack` packed; the vector is empty for a photo that was not readable."""
    end = _LENGTH_BYTES + int.from_bytes(row[:_LENGTH_BYTES], "little")
    return PhotoRecord.from_bytes(row[_LENGTH_BYTES:end]), np.frombuffer(row, dtype="<f4", offset=end)
