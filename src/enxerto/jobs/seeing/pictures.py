"""Every picture of feature maps: the files of a directory, and what the page shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from enxerto.progress import Progress, silent
from enxerto.report import LayerPictures, PagePictures
from enxerto.visualize.feature_maps import FeatureMaps, LayerMaps
from enxerto.visualize.render.encoding import png, webp
from enxerto.visualize.render.grid import filter_sheet
from enxerto.visualize.render.layer_pictures import Panel, close_up, layer_png, panels_of
from enxerto.visualize.render.layer_svg import layer_svg
from enxerto.visualize.render.legend import legend
from enxerto.visualize.render.palette import palette_png, scale_strip

FOR, AGAINST = 5, 3
"""How many channels of a layer are shown up close: of those for the class, and of those against it."""
FILTERS = "filters.png"


@dataclass(frozen=True)
class Drawn:
    """What `draw` returns.

    Attributes:
        names: of each layer's PNG file.
        files: all of them, by name.
        page: what the page shows.
    """

    names: tuple[str, ...]
    files: dict[str, bytes]
    page: PagePictures


def draw(maps: FeatureMaps, scale: str, *, svg: bool = False, progress: Progress = silent) -> Drawn:
    """Draw every layer.

    Args:
        maps: of one photo, or of two.
        scale: `channel` or `layer`.
        svg: as SVG, too.
        progress: how to show it; counts layers.
    """
    headings = ("photo",) if len(maps.images) == 1 else ("first photo", "second photo")
    files: dict[str, bytes] = {}
    names, pictures = [], []
    with progress("drawing", len(maps.layers), "layers") as advance:
        for number, layer in enumerate(maps.layers, 1):
            panels = panels_of(layer, scale, headings)
            stem = f"{number:02d}-{layer.layer.name}"
            title, lines = _words(layer, maps, scale)
            names.append(f"{stem}.png")
            files[names[-1]] = layer_png(panels, title, lines)
            if svg:
                files |= _svgs(stem, panels, layer, title, lines)
            pictures.append(_on_page(layer, panels, maps, headings, scale))
            advance(1)
    filters = b""
    if maps.filters is not None:
        files[FILTERS] = filters = png(filter_sheet(maps.filters.images))
    page = PagePictures(
        tuple(webp(image) for image in maps.images), tuple(pictures), filters, palette_png(scale_strip())
    )
    return Drawn(tuple(names), files, page)


def _words(layer: LayerMaps, maps: FeatureMaps, scale: str) -> tuple[str, tuple[str, ...]]:
    title = f"{layer.layer.name} · {layer.layer.kind} · {layer.layer.shape}"
    return title, legend(layer, scale, maps.rank, maps.classes[maps.target])


def _svgs(stem: str, panels: Sequence[Panel], layer: LayerMaps, title: str, lines: tuple[str, ...]) -> dict[str, bytes]:
    """A file a grid of channels."""
    named = [stem] if len(panels) == 1 else [f"{stem}-{panel.heading.replace(' ', '-')}" for panel in panels]
    return {f"{name}.svg": layer_svg(panel, layer, title, lines)
            for name, panel in zip(named, panels, strict=True) if panel.of_channels}  # fmt: skip


def _on_page(
    layer: LayerMaps, panels: Sequence[Panel], maps: FeatureMaps, headings: tuple[str, ...], scale: str
) -> LayerPictures:
    grids = tuple((panel.heading, palette_png(panel.grid, transparent=True)) for panel in panels)
    close_ups = [close_up(layer, number, maps.images, headings, scale) for number in _notable(layer, maps.rank)]
    return LayerPictures(grids, tuple((each.number, each.pictures) for each in close_ups))


def _notable(layer: LayerMaps, rank: str) -> list[int]:
    """The channels to show up close: the first ones, and, ranked by effect, those most against the class."""
    alive = [number for number in layer.channels.order.tolist() if not layer.channels.dead[:, number].all()]
    if rank != "effect":
        return alive[: FOR + AGAINST]
    effects = layer.channels.effects[0]
    speaking = [number for number in alive if effects[number] > 0][:FOR]
    opposed = [number for number in alive if effects[number] < 0][-AGAINST:]
    return speaking + opposed
