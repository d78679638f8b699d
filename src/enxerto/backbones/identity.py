"""The identity of weights: a hash of what they are, whatever file they lie in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def identity_of(tensors: Mapping[str, NDArray[np.generic]]) -> str:
    """SHA-256 over names, types, shapes and values, in the order of the names.

    The same weights have the same identity in a package, in a hub file and inside a saved model, so cached features
    stay valid and a slim model finds its backbone again.
    """
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        digest.update(f"{name}:{array.dtype.str}:{array.shape};".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
