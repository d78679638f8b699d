"""`enxerto data`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from enxerto.cli import options
from enxerto.cli.messages import print_json, progress, tell

if TYPE_CHECKING:
    from enxerto.data.catalog import Dataset

mirror = click.option(
    "--mirror", metavar="URL|DIR", help="Ask this mirror instead of the publisher; ENXERTO_MIRROR says the same."
)


@click.group("data")
def command() -> None:
    """Data sets by name: what they are, and how to get them."""


@command.command("list")
@options.json
def list_data(as_json: bool) -> None:
    """Name, classes, photos, official split, download and licence of every data set."""
    from enxerto.data.catalog import DATASETS

    if as_json:
        print_json("data list", [_facts(dataset) for dataset in DATASETS.values()])
        return
    click.echo(f"{'name':<12} {'classes':>7} {'photos':>8} {'MB':>6}  {'official split':<20} licence")
    for dataset in DATASETS.values():
        click.echo(
            f"{dataset.name:<12} {dataset.classes:>7} {dataset.photos:>8,} {dataset.size_bytes / 1e6:>6,.0f}  "
            f"{dataset.split:<20} {dataset.licence.split(';')[0]}"
        )


@command.command("get")
@click.argument("name")
@click.option("-o", "--output", type=options.PATH, help="Folder for it; by default one of its name, here.")
@mirror
@click.option(
    "--archives", is_flag=True, help="Only bring the archives, unopened, to a folder that can be given as a mirror."
)
@options.offline
@options.json
@options.quiet
def get_data(
    name: str, output: Path | None, mirror: str | None, archives: bool, offline: bool, as_json: bool, quiet: bool
) -> None:
    """Get the data set NAME: download, check, unpack, list its photos in photos.csv.

    Nothing is copied or renamed; `enxerto train FOLDER/photos.csv` takes the photos where they lie, on the official
    split where there is one. Interrupted, the same command goes on from there.
    """
    from enxerto.data.catalog import bring, find, get

    dataset = find(name)
    tell(
        f"{dataset.title}\nlicence  {dataset.licence}\ncite     {dataset.citation}\nfrom     {dataset.homepage}", quiet
    )
    if archives:
        folder = output or Path("mirror")
        brought = bring(dataset, folder, mirror=mirror, offline=offline, progress=progress(quiet))
        if as_json:
            print_json("data archives", {"name": name, "archives": brought})
        tell(f"\nmirror   {folder}: {len(brought)} archives of {name}", quiet)
        return
    got = get(dataset, output, mirror=mirror, offline=offline, progress=progress(quiet))
    if as_json:
        print_json("data", _facts(dataset) | {"folder": got.folder, "listing": got.listing, "fresh": got.fresh})
    for oddity in dataset.oddities:
        tell(f"known    {oddity}", quiet)
    there = "" if got.fresh else ", which was there already, whole"
    tell(f"\nfolder   {got.folder}{there}\ntrain    enxerto train {got.listing} -o MODEL", quiet)


def _facts(dataset: Dataset) -> dict[str, object]:
    return {
        "name": dataset.name,
        "title": dataset.title,
        "classes": dataset.classes,
        "photos": dataset.photos,
        "split": dataset.split,
        "size_bytes": dataset.size_bytes,
        "licence": dataset.licence,
        "citation": dataset.citation,
        "homepage": dataset.homepage,
        "oddities": dataset.oddities,
        "archives": [
            {"name": each.name, "url": each.url, "size_bytes": each.size_bytes, "checksum": each.checksum}
            for each in dataset.archives
        ],
    }
