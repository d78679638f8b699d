"""`enxerto backbones`."""

from __future__ import annotations

from pathlib import Path

import click

from enxerto.cli import options
from enxerto.cli.messages import print_json, tell


@click.group("backbones")
def command() -> None:
    """Pretrained networks and their weights."""


@command.command("list")
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Every pretrained network of timm, too, without their sizes, which would take minutes.",
)
@options.json
def list_backbones(every: bool, as_json: bool) -> None:
    """Name, parameters, input size, licence, and whether the weights are on this machine."""
    from enxerto.backbones import count_parameters, entries
    from enxerto.backbones.weights import is_present

    rows = [
        {
            "name": entry.name,
            "parameters": None if every else count_parameters(entry),
            "size_px": entry.preprocessing.size_px,
            "licence": entry.licence,
            "present": is_present(entry),
            "source": f"package {entry.package}" if entry.package else f"hub {entry.hub}",
        }
        for entry in entries(every)
    ]
    if as_json:
        print_json("backbones", rows)
        return
    width = max(len(str(row["name"])) for row in rows)
    click.echo(f"{'name':<{width}}  {'parameters':>10}  {'pixels':>6}  {'licence':<14}  {'here':<4}  weights")
    for row in rows:
        parameters = "" if row["parameters"] is None else f"{int(str(row['parameters'])) / 1e6:.1f} M"
        here = "yes" if row["present"] else "no"
        click.echo(
            f"{row['name']:<{width}}  {parameters:>10}  {row['size_px']:>6}  {row['licence']:<14}  {here:<4}  "
            f"{row['source']}"
        )


@command.command("import")
@click.argument("name")
@click.argument("file", type=options.PATH)
def import_file(name: str, file: Path) -> None:
    """Take the weights of the backbone NAME from FILE (.safetensors, .pth, .pt or .bin).

    The file is opened by a process of its own that can't run code from it, and kept as safetensors.
    """
    from enxerto.backbones import find
    from enxerto.backbones.importing import import_weights

    tell(f"imported  {import_weights(find(name), file)}")
