"""How to read a layer's grid, in words that stand beside every picture."""

from __future__ import annotations

from enxerto.visualize.feature_maps import LayerMaps

RANKED = {
    "effect": "by effect on the class, from what speaks most for it to what speaks most against it",
    "activation": "by mean magnitude, the strongest first",
    "difference": "by how much they differ between the two photos, the largest change first",
}
"""The order of channels in words, by rank."""

APART = (
    " Tokens without a place: a square a channel, in the same order, from minus to plus the token's largest magnitude."
)


def scale_words(layer: LayerMaps, scale: str) -> str:
    """What the brightest color stands for.

    Args:
        layer: whose grid it is.
        scale: `channel` or `layer`.
    """
    below = float(layer.channels.lows.min()) < 0
    largest = f"{float(layer.channels.largest.max()):.3g}"
    apart = APART if layer.layer.prefix else ""
    if scale == "layer":
        low = f"-{largest}" if below else "0"
        return f"Every channel on one scale, from {low} to {largest}, the largest of the layer.{apart}"
    reach = "from minus to plus its own largest magnitude" if below else "from 0 to its own largest value"
    return f"Every channel {reach}; the bar under it is that value as a share of the layer's largest, {largest}.{apart}"


def difference_words(scale: str) -> str:
    """What the brightest color stands for in the grid of differences, the second photo minus the first."""
    if scale == "layer":
        return "Difference, second minus first: on the same scale."
    return (
        "Difference, second minus first: every channel from minus to plus its own largest difference; "
        "the bar is that difference as a share of the channel's largest value."
    )


def counts_words(layer: LayerMaps) -> str:
    """How many channels are dead and saturated, on each photo."""
    dead, saturated = (
        " and ".join(map(str, flags.sum(1))) for flags in (layer.channels.dead, layer.channels.saturated)
    )
    return f"{dead} of {layer.layer.channels} dead (crossed out), {saturated} saturated (framed)."


def legend(layer: LayerMaps, scale: str, rank: str, class_name: str) -> tuple[str, ...]:
    """Lines for a picture that stands alone."""
    order = RANKED[rank].replace("the class", f"the class {class_name}")
    lines = [scale_words(layer, scale)]
    if len(layer.activations.maps) > 1:
        lines.append(difference_words(scale))
    return (*lines, f"{counts_words(layer)} Order: {order}.")
