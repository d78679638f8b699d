"""Feature maps as plain text for a terminal: what was seen, and a line a layer."""

from __future__ import annotations

from enxerto.report.feature_maps.contents import FeatureMapsContents, LayerCard
from enxerto.report.text import plain, table
from enxerto.report.wording import change, percent, visible

MOST_LEADING = 3
_HEADINGS = {
    "effect": "first channels (effect)",
    "activation": "first channels (mean)",
    "difference": "first channels (change)",
}


def feature_maps_table(contents: FeatureMapsContents) -> str:
    """What the network sees in each photo, and every layer with its dead, saturated and first channels."""
    lines = []
    for photo in contents.photos:
        best = ", ".join(f"{visible(label)} {percent(probability)}" for label, probability in photo.best[:3])
        lines.append(plain(f"{visible(photo.name)}: {best}"))
    lines.append(plain(f"effects are on {visible(contents.target)}; channels are ordered by {contents.rank}"))
    compared = len(contents.photos) > 1
    header = ["layer", "kind", "maps", "dead", "saturated", *["change"] * compared, _HEADINGS[contents.rank]]
    rows = [_row(layer, contents.rank) for layer in contents.layers]
    return "\n".join([*lines, "", table(header, rows)]) + "\n"


def _row(layer: LayerCard, rank: str) -> list[str]:
    dead, saturated = ("/".join(map(str, counts)) for counts in (layer.dead, layer.saturated))
    changed = [] if layer.change is None else [percent(layer.change)]
    leading = []
    for channel in layer.channels[:MOST_LEADING]:
        figures = {"effect": change(channel.effects[0]), "activation": f"{channel.strengths[0]:.3g}"}
        leading.append(f"{channel.number} ({figures.get(rank, f'{channel.change or 0.0:.3g}')})")
    return [
        layer.name,
        layer.kind.replace("×", "x"),
        layer.shape.replace("×", "x"),
        dead,
        saturated,
        *changed,
        " ".join(leading),
    ]
