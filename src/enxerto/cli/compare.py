"""`enxerto compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from enxerto.cli import options
from enxerto.cli.messages import command_line, exit_code, print_json, progress, tell


@click.command("compare")
@click.argument("source", type=options.PATH)
@click.option(
    "-o", "--output", type=options.PATH,
    help="Directory for the page and its figures, or an HTML file with the figures beside it.",
)  # fmt: skip
@click.option(
    "--backbones", default="", metavar="A,B,…",
    help="By default all whose weights are on this machine; random:NAME takes random weights. See: enxerto backbones "
    "list.",
)  # fmt: skip
@click.option(
    "--minutes", type=options.Number(0, 1e6, min_open=True), default=10.0, show_default=True,
    help="For all of it; the most promising backbones come first.",
)  # fmt: skip
@click.option("--folds", type=click.IntRange(2, 100), default=5, show_default=True, help="Of the cross-validation.")
@click.option(
    "--no-transfer", is_flag=True, help="Don't measure whether transfer helps: random weights, scratch, domain, layers."
)
@options.label_pattern
@options.precision
@options.device
@options.offline
@click.option("--force", is_flag=True, help="Replace what is at the output.")
@options.no_cache
@options.seed
@options.max_megapixels
@options.on_error
@options.json
@options.quiet
def command(
    source: Path,
    output: Path | None,
    backbones: str,
    no_transfer: bool,
    no_cache: bool,
    max_megapixels: float,
    on_error: str,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> int:
    """Compare backbones on the photos in SOURCE and on this machine: accuracy, speed, memory, size.

    SOURCE is as for enxerto train. Backbones are ranked on a sample; those that another one beats beyond noise without
    being slower are put aside, heads of the others are solved, and accuracies compared photo by photo. For the best one
    it is then measured whether transfer helps on these photos, and which of its layers' features are best.
    """
    from enxerto.jobs import compare
    from enxerto.jobs.comparing.compare import STEM
    from enxerto.jobs.page_files import page_paths
    from enxerto.report import comparison_table

    names = [name.strip() for name in backbones.split(",") if name.strip()]
    contents = compare(
        source, output, backbones=names, transfer=not no_transfer, cache=not no_cache,
        limits=options.limits(max_megapixels), command=command_line(), progress=progress(quiet), **settings,
    )  # fmt: skip
    if as_json:
        print_json("comparison", contents)
    else:
        click.echo(comparison_table(contents), nl=False)
    if output is not None:
        page, record = page_paths(output, STEM)
        tell(f"\npage     {page.resolve()}\nfigures  {record.resolve()}", quiet)
    return exit_code(len(contents.unreadable), on_error)
