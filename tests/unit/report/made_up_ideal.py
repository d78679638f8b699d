"""Ideal images that nobody made, with what networks say of them."""

from __future__ import annotations

from collections.abc import Mapping

from made_up_reports import tricks

from enxerto.report.ideal.contents import IdealCard, IdealContents
from enxerto.visualize.ideal.image import Opinion, Step

MAKER, JUDGE, SIBLING = "efficientnet_lite0", "squeezenet1_1", "efficientnet_lite2"
VIEWS = ("as saved", "top left crop", "JPEG 75")


def opinions(ranks: Mapping[str, int], views: tuple[str, ...] = VIEWS, target: str = "zebra") -> tuple[Opinion, ...]:
    """Opinions of networks with these ranks of the target, the same in every view."""
    relations = {MAKER: "itself", SIBLING: "sibling"}
    return tuple(
        Opinion(
            network, relations.get(network, "unrelated"), view, rank, {0: 0.0, 1: 0.834}.get(rank, 0.4 / max(rank, 1)),
            ((target if rank == 1 else "barrel", 0.834 if rank == 1 else 0.45), ("honeycomb", 0.02)),
        )
        for network, rank in ranks.items()
        for view in views
    )  # fmt: skip


def card(ranks: Mapping[str, int], seed: int = 0, target: str = "zebra", variation: str = "") -> IdealCard:
    steps = tuple(Step(number, number**0.5 - 2, 1 - 1 / (1 + number)) for number in range(0, 65, 4))
    name = f"{target}-{seed}"
    return IdealCard(
        name, f"{name}.png", "ab" * 32, target, 340, seed, (MAKER,), variation, 224, steps, "all 64 steps done", 3.25,
        (("steps", "64"),), opinions(ranks, target=target), f"{name}.webp",
    )  # fmt: skip


def ideal(*cards: IdealCard) -> IdealContents:
    cards = cards or (
        card({JUDGE: 1, SIBLING: 1, MAKER: 1}),
        card({JUDGE: 3, SIBLING: 1, MAKER: 1}, 1),
        card({JUDGE: 212, SIBLING: 40, MAKER: 1}, 0, "Siamese cat"),
    )
    base = tricks()
    return IdealContents(
        title="Ideal images of zebra and Siamese cat", source="recipe robust", command="enxerto ideal zebra -o out",
        created=base.created, backbones=(base.backbone,), judges=(base.backbone,), engine="openvino fp32",
        recipe=(("canvas", "fourier"), ("steps", "64")), varied="", start="noise", images=cards, missing=(), counted=(),
        stoppers=(), sheet="sheet.png", seconds=12.5, versions=base.versions,
    )  # fmt: skip
