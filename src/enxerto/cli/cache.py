"""`enxerto cache`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from enxerto.cli import options
from enxerto.cli.messages import print_json, tell

if TYPE_CHECKING:
    from enxerto.features import StoreInfo


@click.group("cache", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """What is kept between runs: features and converted networks."""
    if context.invoked_subcommand is None:
        context.invoke(show)


@command.command("show")
@options.json
def show(as_json: bool = False) -> None:
    """Every feature store: backbone, photos, size, last use; and how many converted networks there are.

    What the rows hold is not checked; `enxerto cache verify` does that.
    """
    from enxerto.features import list_stores

    _print(list_stores(), "damaged", as_json)


@command.command("verify")
@options.json
def verify(as_json: bool) -> None:
    """Check every row; damaged ones are deleted, so that they are made again. Exit code 6 when there were any."""
    from enxerto.errors import IntegrityError
    from enxerto.features import verify_stores

    infos = verify_stores()
    _print(infos, "set aside", as_json)
    damaged = [info.damaged for info in infos if info.damaged]
    if damaged:
        rows = sum(max(count, 0) for count in damaged)
        files = sum(count < 0 for count in damaged)
        raise IntegrityError(f"{rows} damaged rows were deleted and {files} damaged files set aside; run the job again")


@command.command("prune")
@click.option("--older-than", type=options.Number(min=0), default=0.0, metavar="DAYS", help="Keep what was used since.")
def prune(older_than: float) -> None:
    """Delete features, converted networks and what broken downloads left; imported weights stay."""
    from enxerto.data.catalog import prune_downloads
    from enxerto.features import prune as prune_stores

    freed = prune_stores(older_than_days=older_than) + prune_downloads(older_than_days=older_than)
    tell(f"freed {freed / 1e6:.1f} MB")


def _print(infos: Sequence[StoreInfo], damaged_file: str, as_json: bool) -> None:
    from enxerto.features import converted_networks
    from enxerto.home import home

    networks = converted_networks()
    if as_json:
        print_json("cache", {"stores": infos, "networks": networks})
        return
    click.echo(
        f"{home()}: {len(infos)} feature stores; {networks.count} converted networks, "
        f"{networks.size_bytes / 1e6:.1f} MB"
    )
    if infos:
        click.echo(_line("backbone", "layer", "view", "engine", "photos", "MB", f"{'last used':<16}", "rows"))
    for info in infos:
        about = info.about
        engine = about.get("engine", "?")
        short = f"{engine.split('-')[0]} {engine.rsplit('-', 1)[-1]}"
        state = _state(info.damaged, damaged_file)
        size, used = f"{info.size_bytes / 1e6:.1f}", f"{info.used:%Y-%m-%d %H:%M}"
        names = about.get("backbone", "?"), about.get("layer", "?"), about.get("view", "0")
        click.echo(_line(*names, short, str(info.photos), size, used, state).rstrip())


def _line(backbone: str, layer: str, view: str, engine: str, photos: str, size: str, used: str, rows: str) -> str:
    return f"{backbone:<24}  {layer:<12}  {view:>4}  {engine:<13}  {photos:>8}  {size:>8}  {used}  {rows}"


def _state(damaged: int | None, damaged_file: str) -> str:
    """What is known of a store's rows."""
    if damaged is None:
        return ""
    return damaged_file if damaged < 0 else f"{damaged} damaged" if damaged else "intact"
