from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from enxerto.backbones import Preprocessing
from enxerto.classifier.manifest import SCHEMA, BackbonePart, Manifest, ProbePart, Provenance, decode, encode
from enxerto.errors import IntegrityError

HALF = (0.5, 0.5, 0.5)
MANIFEST = Manifest(
    schema=SCHEMA,
    backbone=BackbonePart(
        "tiny", "tiny_arch", "0" * 64, "none", Preprocessing(8, 0.9, "bicubic", HALF, HALF), "last", "average", False
    ),
    probe=ProbePart(("ant", "bée"), 1.5, 0.2, 0.95, 0.4, 3, 0.1, ((0.1, 0.5), (1.0, 0.6))),
    provenance=Provenance("2026-01-02T03:04:05+00:00", "enxerto train x", 0, "fp32", "asked for", (("numpy", "2.0"),)),
    figures={"accuracy": 0.98},
)


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(encode(MANIFEST))
    change(document)
    return json.dumps(document).encode()


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert decode(encode(MANIFEST)) == MANIFEST
    assert encode(MANIFEST).count(b"\n") > 20


def test_a_newer_schema_says_to_upgrade() -> None:
    content = changed(lambda document: document.update(schema=SCHEMA + 1, probe="whatever the future holds"))
    with pytest.raises(IntegrityError, match="schema 2, this Enxerto reads up to 1; upgrade enxerto"):
        decode(content)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"7", b'"text"', b"\xff\xfe", b'{"schema": "\xff"}', b"[" * 100_000, b'{"schema": 1}']
    + [encode(MANIFEST)[:-30], encode(MANIFEST).replace(b"1.5", b"NaN"), encode(MANIFEST).replace(b"1.5", b"1e999")],
)
def test_what_is_no_manifest(content: bytes) -> None:
    with pytest.raises(IntegrityError, match="model.json is not a manifest: "):
        decode(content)


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("probe", "temperature", 0),
        ("probe", "temperature", -1.0),
        ("probe", "temperature", "1"),
        ("probe", "coverage", 1.0),
        ("probe", "coverage", 0.0),
        ("probe", "neighbors", 0),
        ("probe", "neighbors", 1.5),
        ("probe", "classes", ["one"]),
        ("probe", "classes", "two"),
        ("probe", "classes", [1, 2]),
        ("probe", "search", [[1.0]]),
        ("backbone", "inside", 1),
        ("backbone", "preprocessing", {}),
        ("backbone", "identity", None),
        ("provenance", "seed", "x"),
    ],
)
def test_values_that_make_no_sense(part: str, name: str, value: object) -> None:
    with pytest.raises(IntegrityError, match=rf"not a manifest: .*\$\.{part}\.{name}"):
        decode(changed(lambda document: document[part].update({name: value})))


@pytest.mark.parametrize("schema", [0, -1, True, "1", None, 1.5])
def test_schemas_that_never_were(schema: object) -> None:
    with pytest.raises(IntegrityError, match=r"not a manifest: .*\$\.schema"):
        decode(changed(lambda document: document.update(schema=schema)))


@pytest.mark.parametrize("part", ["backbone", "probe", "provenance", "figures", "schema"])
def test_a_part_that_is_missing(part: str) -> None:
    with pytest.raises(IntegrityError, match=f"missing required field `{part}`"):
        decode(changed(lambda document: document.pop(part)))
