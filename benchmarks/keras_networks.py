"""Features of Keras's networks: ours against Keras's own `model.predict`, both in one run."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

from benchmarks.child import run
from benchmarks.page import rate, table, times

NETWORKS = ("keras:MobileNetV2.notop", "keras:ResNet50.notop", "keras:VGG16.notop")


def keras_networks(photos: Path, repeats: int) -> Iterator[str]:
    """Photos a second and agreement."""
    yield "## Keras's networks"
    rows = []
    for name, precision in product(NETWORKS, ("fp32", "bf16")):
        measured = [run("our_keras", photos / "cats-dogs", BACKBONE=name, PRECISION=precision) for _ in range(repeats)]
        rows.append((
            name, precision, rate(measured, "ours"), rate(measured, "predict"),
            times([each["ours"] / each["predict"] for each in measured]),
            f"{min(each['smallest_cosine'] for each in measured):.7f}",
        ))  # fmt: skip
    yield (
        f"Features of {measured[0]['photos']} photos of cats-dogs that are decoded, with seeded random weights, as "
        f"rates don't depend on them; median of {repeats}. Ours runs on OpenVINO in the precision named; in fp32, "
        f"Keras {measured[0]['keras']} runs `model.predict` on its torch backend in batches of 32, with the same "
        "weights and `preprocess_input` done before. Each side has every processor, one after the other; conversion "
        "and a first call are not counted."
    )
    yield table(("network", "precision", "ours", "model.predict", "ratio", "smallest cosine"), rows)
