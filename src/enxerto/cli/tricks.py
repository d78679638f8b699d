"""`enxerto tricks`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from enxerto.cli import options
from enxerto.cli.messages import command_line, print_json, progress, tell
from enxerto.errors import EXIT_INTERRUPTED, OptionError


@click.command("tricks")
@click.argument("source", type=options.PATH, required=False)
@click.option(
    "-o", "--output", type=options.PATH,
    help="Directory for the page and its figures, or an HTML file with the figures beside it.",
)  # fmt: skip
@click.option(
    "--minutes", type=options.Number(0, 1e6, min_open=True), default=10.0, show_default=True,
    help="For all of it; as many settings and seeds are run as fit in.",
)  # fmt: skip
@click.option("--seeds", type=click.IntRange(1, 100), default=3, show_default=True, help="Runs of each setting.")
@click.option(
    "--trick", "tricks", multiple=True, metavar="NAME[=VALUE]",
    help="Compare only this trick, or only this setting of it; may be given several times.",
)  # fmt: skip
@click.option("--list", "only_list", is_flag=True, help="List every trick with what it is, its values and its default.")
@click.option("--epochs", type=int, default=4, show_default=True, metavar="N", help="Of every run.")
@click.option("--batch", type=int, default=32, show_default=True, metavar="N", help="Photos a step.")
@click.option("--backbone", default="efficientnet_lite0", show_default=True, help="See: enxerto backbones list.")
@click.option("--weights", type=options.PATH, help="A .safetensors file of the backbone's weights.")
@options.label_pattern
@options.device
@options.offline
@click.option("--resume", is_flag=True, help="Go on with the comparison that was interrupted at the output.")
@click.option("--force", is_flag=True, help="Replace what is at the output.")
@options.no_cache
@options.seed
@options.max_megapixels
@options.json
@options.quiet
def command(
    source: Path | None,
    output: Path | None,
    only_list: bool,
    epochs: int,
    batch: int,
    resume: bool,
    no_cache: bool,
    max_megapixels: float,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> int:
    """Fine-tune with and without each training trick, and measure what it does on the photos in SOURCE.

    Each setting is compared with the default recipe under the same seeds, on photos that no run has learned from: a
    given val/ side, or else test/, or else three in ten. At most 400 photos are learned from and 400 measured on.
    Ctrl-C ends it early, with what was measured.
    """
    if only_list:
        _show_list(as_json)
        return 0
    if source is None:
        raise click.UsageError("Missing argument 'SOURCE'.")
    if resume and output is None:
        raise OptionError("--resume goes on with the comparison at an output; give it with -o")
    from enxerto.jobs import compare_tricks
    from enxerto.jobs.tricks.output import tricks_paths
    from enxerto.report import tricks_table
    from enxerto.tuning import Recipe

    contents = compare_tricks(
        source, output, recipe=Recipe(epochs=epochs, batch=batch), resume=resume, cache=not no_cache,
        limits=options.limits(max_megapixels), command=command_line(), progress=progress(quiet), **settings,
    )  # fmt: skip
    if as_json:
        print_json("tricks", contents)
    else:
        click.echo(tricks_table(contents), nl=False)
    if output is not None:
        page, record = tricks_paths(output)
        tell(f"\npage     {page.resolve()}\nfigures  {record.resolve()}", quiet)
    if contents.interrupted:
        tell("enxerto: interrupted; this is what was measured" + ", and --resume goes on" * (output is not None))
        return EXIT_INTERRUPTED
    return 0


def _show_list(as_json: bool) -> None:
    """Every trick with what it is, what can be typed, and what a recipe has by default."""
    from enxerto.tuning import Recipe
    from enxerto.tuning.tricks import TRICKS

    recipe = Recipe()
    if as_json:
        listed = [
            {"name": each.name, "about": each.about, "values": each.values, "default": each.default(recipe)}
            for each in TRICKS
        ]
        print_json("tricks list", listed)
        return
    formatter = click.HelpFormatter(max_width=100)
    formatter.write_text("NAME switches a trick on, no-NAME off, and NAME=VALUE sets it; for --trick.")
    formatter.write_paragraph()
    formatter.write_dl(
        [
            (each.name, f"{each.about} Values: {each.values}. Default: {each.default(recipe).partition('=')[2]}.")
            for each in TRICKS
        ]
    )
    click.echo(formatter.getvalue(), nl=False)
