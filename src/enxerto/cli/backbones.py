"""`enxerto backbones`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from enxerto.cli import options
from enxerto.cli.messages import print_json, tell
from enxerto.errors import IntegrityError, OptionError

if TYPE_CHECKING:
    from enxerto.backbones import Entry


@click.group("backbones")
def command() -> None:
    """Pretrained networks and their weights."""


@command.command("list")
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Every pretrained network of timm, torchvision and Keras, too, without their sizes, which would take minutes.",
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
            "source": _source(entry),
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


@command.command("fetch")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@options.offline
@options.json
def fetch(names: tuple[str, ...], offline: bool, as_json: bool) -> None:
    """Bring the weights of the backbones NAME... to this machine, now, and check them.

    They come from the Hugging Face hub, or from the mirror that HF_ENDPOINT names; those of `torchvision:` names come
    from PyTorch's server. What is here already is checked and not downloaded again.
    """
    from enxerto.backbones import find
    from enxerto.backbones.weights import locate

    rows = []
    for entry in [find(name) for name in names]:
        source = locate(entry, offline=offline)
        rows.append({"name": entry.name, "origin": source.origin, "path": source.path})
        tell(f"{source.origin:<15}  {entry.name}  {source.path}", as_json)
    if as_json:
        print_json("backbones fetch", rows)


@command.command("import")
@click.argument("what", nargs=-1, required=True, metavar="[NAME] FILE|DIR")
def import_file(what: tuple[str, ...]) -> None:
    """Take the weights of the backbone NAME from FILE, or a whole bundle DIR.

    FILE ends with .safetensors, .pth, .pt or .bin; that of one of Keras's networks with .h5, .keras or .safetensors.
    NAME may be left out where the file has the name that torchvision, Keras or Enxerto gave it. The file is opened by a
    process of its own that can't run code from it, must fit the architecture, and is kept as safetensors.
    """
    from enxerto.backbones import find
    from enxerto.backbones.bundle import import_bundle
    from enxerto.backbones.importing import entry_of, import_weights

    if len(what) > 2:
        raise OptionError(f"`import` takes one file or bundle, and at most one name before it; got {' '.join(what)}")
    path = Path(what[-1])
    if len(what) == 2:
        imported = [import_weights(find(what[0]), path)]
    elif path.is_dir():
        imported = import_bundle(path)
    else:
        imported = [import_weights(entry_of(path), path)]
    for file in imported:
        tell(f"imported  {file}")


@command.command("verify")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@options.json
def verify(names: tuple[str, ...], as_json: bool) -> None:
    """Check the weights on this machine again, or those of the backbones NAME...; exit code 6 when any are damaged."""
    from enxerto.backbones import find
    from enxerto.backbones.verifying import verify as verdicts

    rows = []
    for verdict in verdicts([find(name) for name in names] or None):
        rows.append(verdict)
        if not as_json:
            click.echo(f"{verdict.state:<9}  {verdict.origin:<15}  {verdict.name}  {verdict.path}")
    if as_json:
        print_json("backbones verify", rows)
    damaged = [row.reason for row in rows if row.state == "damaged"]
    if damaged:
        more = f" (and {len(damaged) - 1} more)" if len(damaged) > 1 else ""
        raise IntegrityError(f"{damaged[0]}{more}")


@command.command("bundle")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("-o", "--output", type=options.PATH, required=True, help="A new folder for it.")
@options.offline
def bundle(names: tuple[str, ...], output: Path, offline: bool) -> None:
    """Put the weights of the backbones NAME... into a folder for a machine without a network.

    With them go their checksums and licences; `enxerto backbones import DIR` takes them there, and a share that
    ENXERTO_WEIGHTS names may hold them as they are.
    """
    from enxerto.backbones import find
    from enxerto.backbones.bundle import write_bundle

    folder = write_bundle([find(name) for name in names], output, offline=offline)
    tell(f"bundle   {folder}\nimport   enxerto backbones import {folder}")


def _source(entry: Entry) -> str:
    """Who brings its weights."""
    if entry.package:
        return f"package {entry.package}"
    if entry.keras:
        return f"keras {entry.keras.file}"
    return f"hub {entry.hub}" if entry.hub else f"torchvision {entry.torchvision_file}"
