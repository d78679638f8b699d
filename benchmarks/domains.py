"""Does transfer work on a new kind of image? Features of every kind on photos, digits, textures and drawn cells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.child import run
from benchmarks.page import table

KINDS = {
    "cats-dogs": "cats-dogs (photos)",
    "ants-bees": "ants-bees (photos)",
    "textures": "textures (patches of three photos, 32 px)",
    "cells": "cells (synthetic, drawn by `benchmarks/kinds.py`)",
    "digits": "digits (scikit-learn's, 8 px)",
}
WAYS = (
    "last layer", "last layer, 2x2", "layer chosen", "random weights, last layer", "random weights, layer chosen",
    "raw pixels",
)  # fmt: skip


def domains(photos: Path, _repeats: int) -> Iterator[str]:
    """Every kind of images with every kind of features, and how far each is from ImageNet's photos."""
    yield "## New kinds of images"
    found = {}
    for kind in KINDS:
        folder = photos / kind
        if kind in ("cats-dogs", "ants-bees") and not folder.is_dir():
            yield f"{kind} was not measured: the folder is missing."
            continue
        found[kind] = run("our_domains", folder, KIND=kind)
    rows = [
        (KINDS[kind], f"{each['photos']:,}", *(_share(each["figures"][way]) for way in WAYS),
         f"{_share(each['scratch']['scratch'])} (transfer: {each['scratch']['pretrained']:.1%})", each["layer"])
        for kind, each in found.items()
    ]  # fmt: skip
    yield table(("images", "of them", *WAYS, "from scratch", "layer"), rows)
    yield (
        "Accuracy of a head of EfficientNet-Lite0 with 95 % intervals, by 5-fold cross-validation, or on the side that "
        "the folders give, on the same photos in each row. The layer chosen is chosen anew in each round, among the "
        "photos that the round learned from; the layer named is the choice among all. Raw pixels are 16 by 16, in "
        "color. From scratch: a small network, and a head on the layer that the first round chose, which learned from "
        "the same photos, both judged on the first round only. Digits are looked at whole, at 96 pixels; the other "
        "kinds as usual."
    )
    distances: dict[str, dict[str, Any]] = {
        kind: {"domain": each["domain"], "far": each["far"]} for kind, each in found.items()
    }
    if (photos / "imagenet").is_dir():
        distances["imagenet (one photo of each of 200 classes)"] = run("our_domain", photos / "imagenet")
    ordered = sorted(distances.items(), key=lambda pair: float(pair[1]["domain"][0]))
    yield table(
        ("images", "of the way from ImageNet's statistics to noise", "called"),
        [(KINDS.get(kind, kind), _share(each["domain"]), "far" if each["far"] else "near") for kind, each in ordered],
    )
    yield table(
        ("images", "advice"),
        [(KINDS[kind], each["advice"].replace("\u2068", "").replace("\u2069", "")) for kind, each in found.items()],
    )


def _share(figure: list[float]) -> str:
    value, low, high = figure
    return f"{value:.1%} ({low:.1%} to {high:.1%})"
