"""`enxerto lab`."""

from __future__ import annotations

from pathlib import Path

import click

from enxerto.cli import options
from enxerto.cli.data import mirror
from enxerto.cli.messages import command_line, print_json, progress, tell


@click.group("lab")
def command() -> None:
    """Labs of the lesson, from the archive to a page."""


@command.command("pets")
@click.option("-o", "--output", type=options.PATH, required=True, help="Directory for the page and the models.")
@click.option(
    "--data", type=options.PATH, default=Path("pets"), show_default=True,
    help="Folder of the data set, downloaded there if need be; any folder in the layout of its archives will do.",
)  # fmt: skip
@click.option(
    "--backbones", default="", metavar="A,B,…", help="See: enxerto backbones list; by default those that are installed."
)
@mirror
@options.precision
@options.device
@options.offline
@options.no_cache
@click.option("--force", is_flag=True, help="Replace a lab at the output.")
@options.seed
@options.max_megapixels
@options.json
@options.quiet
def pets(
    output: Path,
    data: Path,
    backbones: str,
    mirror: str | None,
    precision: str,
    device: str,
    offline: bool,
    no_cache: bool,
    force: bool,
    seed: int,
    max_megapixels: float,
    as_json: bool,
    quiet: bool,
) -> None:
    """Tell breeds of cats and dogs apart, on each of several backbones, and compare them on one page.

    Photos are those of Oxford-IIIT Pets (all 37 breeds) on their official split. A folder of photos named
    breed_12.jpg, without annotations/, is cross-validated.
    """
    from enxerto.jobs import lab_pets
    from enxerto.report import lab_table

    names = [name.strip() for name in backbones.split(",") if name.strip()]
    lab = lab_pets(
        output, data=data, backbones=names, mirror=mirror, precision=precision, device=device, offline=offline,
        cache=not no_cache, seed=seed, force=force, limits=options.limits(max_megapixels), command=command_line(),
        progress=progress(quiet),
    )  # fmt: skip
    if as_json:
        print_json("lab", lab.contents)
    else:
        click.echo(lab_table(lab.contents), nl=False)
    tell(f"\npage     {lab.page.resolve()}\nmodels   {output / 'models'}", quiet)
