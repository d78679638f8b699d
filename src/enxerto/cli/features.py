"""`enxerto features`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from enxerto.cli import options
from enxerto.cli.messages import command_line, print_json, progress, tell


@click.command("features")
@click.argument("photos", type=options.PATH, nargs=-1)
@click.option(
    "-o", "--output", type=options.PATH,
    help="Directory for the page, the pictures and the arrays; by default features-NAME, after the first photo.",
)  # fmt: skip
@click.option("--backbone", help="A network with ImageNet's classes; efficientnet_lite0 by default.")
@click.option("--model", type=options.PATH, metavar="DIR", help="A saved model instead.")
@click.option("--weights", type=options.PATH, help="A .safetensors file of the backbone's weights.")
@click.option(
    "--layer", "layers", multiple=True, metavar="NAME",
    help="Draw this layer; may be given several times. By default the network's blocks or stages.",
)  # fmt: skip
@click.option("--list-layers", "only_list", is_flag=True, help="List every layer that can be drawn; needs no weights.")
@click.option(
    "--class", "class_name", metavar="NAME",
    help="The class that effects are on, by name or index; by default the most probable one of the first photo.",
)  # fmt: skip
@click.option(
    "--rank", type=click.Choice(["effect", "activation", "difference"]), default="effect", show_default=True,
    help="Order of the channels: by effect on the class, by mean magnitude, or by the difference between two photos.",
)  # fmt: skip
@click.option(
    "--scale", type=click.Choice(["channel", "layer"]), default="channel", show_default=True,
    help="Colors reach to each channel's own largest value, or to the layer's.",
)  # fmt: skip
@click.option("--svg", is_flag=True, help="Also an SVG a layer, whose squares tell their channel when pointed at.")
@options.offline
@click.option("--force", is_flag=True, help="Replace feature maps that are at the output.")
@options.max_megapixels
@options.json
@options.quiet
def command(
    photos: tuple[Path, ...],
    output: Path | None,
    backbone: str | None,
    model: Path | None,
    weights: Path | None,
    only_list: bool,
    max_megapixels: float,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> int:
    """Draw what the layers of a network give for a photo, and say which channels matter for a class.

    PHOTOS are one photo, or two of the same size to compare them: a photo and its adversarial twin.
    """
    if model is not None and (backbone is not None or weights is not None):
        raise click.UsageError("--model brings its own network; leave --backbone and --weights out")
    if only_list:
        _show_layers(model, backbone, as_json)
        return 0
    if not photos:
        raise click.UsageError("Missing argument 'PHOTOS...'.")
    if output is None:
        output = Path(f"features-{photos[0].stem}")
    from enxerto.backbones import DEFAULT
    from enxerto.jobs import feature_maps
    from enxerto.jobs.seeing.feature_maps import PAGE
    from enxerto.report import feature_maps_table

    seen = feature_maps(
        photos, output, model=model, backbone=backbone or DEFAULT, weights=weights,
        limits=options.limits(max_megapixels), command=command_line(), progress=progress(quiet), **settings,
    )  # fmt: skip
    if as_json:
        print_json("feature maps", seen.contents)
    else:
        click.echo(feature_maps_table(seen.contents), nl=False)
    tell(f"\npictures  {output}\npage      {(output / PAGE).resolve()}", quiet)
    return 0


def _show_layers(model: Path | None, backbone: str | None, as_json: bool) -> None:
    """Every layer that can be drawn, those drawn by default with a star."""
    from dataclasses import asdict

    from enxerto.backbones import DEFAULT, find
    from enxerto.classifier import read_manifest
    from enxerto.report.text import table
    from enxerto.visualize.layers import layers_of

    entry = find(read_manifest(model).backbone.name if model is not None else backbone or DEFAULT)
    layers = layers_of(entry)
    if as_json:
        print_json("layers", [asdict(layer) for layer in layers])
        return
    rows = [
        [layer.name, layer.kind.replace("×", "x"), layer.shape.replace("×", "x"), "*" if layer.default else ""]
        for layer in layers
    ]
    click.echo(table(["layer", "kind", "maps", "default"], rows))
    click.echo(
        f"\n* drawn by default: {sum(layer.default for layer in layers)} of {len(layers)}; name others with --layer"
    )
