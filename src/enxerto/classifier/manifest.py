"""`model.json`: what a saved model is, in a form that is checked strictly before anything else is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from enxerto.backbones import Preprocessing
from enxerto.errors import IntegrityError

NAME = "model.json"
SCHEMA = 1


@dataclass(frozen=True)
class BackbonePart:
    """The backbone of a saved model.

    Attributes:
        name: in the catalog.
        architecture: in timm or torchvision; must be what the catalog says of `name`.
        identity: SHA-256 of the weights' names, shapes and values.
        licence: of the weights.
        preprocessing: how photos become pixels.
        layer: where features come from.
        pooling: how maps become one vector.
        inside: the weights lie in the directory; otherwise the backbone is found by name and checked by identity.
    """

    name: str
    architecture: str
    identity: str
    licence: str
    preprocessing: Preprocessing
    layer: str
    pooling: str
    inside: bool


@dataclass(frozen=True)
class ProbePart:
    """The numbers of a `LinearProbe` that are no arrays; see there."""

    classes: Annotated[tuple[str, ...], Meta(min_length=2)]
    temperature: Annotated[float, Meta(gt=0)]
    set_threshold: float
    coverage: Annotated[float, Meta(gt=0, lt=1)]
    familiarity_threshold: float
    neighbors: Annotated[int, Meta(ge=1)]
    C: float
    search: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Provenance:
    """How a model came to be.

    Attributes:
        created: UTC, ISO 8601.
        command: the command line that makes it again.
        seed: of splits, folds and bootstrap.
        precision: of the features that the head was solved on.
        precision_note: why, and how well fp32 agrees.
        versions: packages and their versions.
        tuning: the recipe that the backbone was fine-tuned by, knob by knob; empty when it wasn't.
    """

    created: str
    command: str
    seed: int
    precision: str
    precision_note: str
    versions: tuple[tuple[str, str], ...]
    tuning: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Manifest:
    """Everything in `model.json`."""

    schema: Annotated[int, Meta(ge=1)]
    backbone: BackbonePart
    probe: ProbePart
    provenance: Provenance
    figures: dict[str, float]


def encode(manifest: Manifest) -> bytes:
    """The manifest as readable JSON."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2)


def decode(content: bytes) -> Manifest:
    """The manifest of a saved model.

    Raises:
        IntegrityError: it is no manifest, or it was written by a newer Enxerto.
    """
    try:
        schema: Any = msgspec.json.decode(content).get("schema")
        if isinstance(schema, int) and schema > SCHEMA:
            raise IntegrityError(f"model.json has schema {schema}, this Enxerto reads up to {SCHEMA}; upgrade enxerto")
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, ValueError, AttributeError, RecursionError) as error:
        raise IntegrityError(f"model.json is not a manifest: {error}") from error
