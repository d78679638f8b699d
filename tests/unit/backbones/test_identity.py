from __future__ import annotations

import hashlib

import numpy as np
import pytest
from numpy.typing import NDArray

from enxerto.backbones.identity import identity_of

Tensors = dict[str, NDArray[np.generic]]


def weights() -> Tensors:
    return {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.array([7], dtype=np.int64)}


def test_it_is_the_hash_of_names_types_shapes_and_values_by_name() -> None:
    content = b"a:<i8:(1,);" + np.int64(7).tobytes() + b"b:<f4:(2, 3);" + np.arange(6, dtype="<f4").tobytes()
    assert identity_of(weights()) == hashlib.sha256(content).hexdigest()


def test_neither_order_nor_memory_layout_matters() -> None:
    other = dict(reversed(weights().items()))
    other["b"] = np.asfortranarray(other["b"])
    assert identity_of(other) == identity_of(weights())


def test_a_number_without_dimensions_counts_as_a_vector_of_one() -> None:
    assert identity_of({"a": np.array(7)}) == identity_of({"a": np.array([7])})


@pytest.mark.parametrize(
    "changed",
    [
        {"b": np.arange(6, dtype=np.float32).reshape(3, 2)},
        {"b": np.arange(6, dtype=np.float64).reshape(2, 3)},
        {"b": np.arange(1, 7, dtype=np.float32).reshape(2, 3)},
        {"c": np.array([7], dtype=np.int64)},
    ],
    ids=["shape", "type", "value", "name"],
)
def test_everything_else_matters(changed: Tensors) -> None:
    assert identity_of(weights() | changed) != identity_of(weights())
