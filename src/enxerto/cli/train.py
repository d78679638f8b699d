"""`enxerto train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from enxerto.cli import options
from enxerto.cli.messages import command_line, exit_code, print_json, progress, tell


@click.command("train")
@click.argument("source", type=options.PATH)
@click.option("-o", "--output", type=options.PATH, required=True, help="Directory to save the model in.")
@click.option("--backbone", default="efficientnet_lite0", show_default=True, help="See: enxerto backbones list.")
@click.option(
    "--layer", default="last", show_default=True, help="Where features come from: a module inside the network."
)
@click.option(
    "--pooling", type=click.Choice(["average", "max", "grid2"]), default="average", show_default=True,
    help="How a layer's maps become one vector.",
)  # fmt: skip
@click.option("--size", "size_px", type=click.IntRange(32, 1024), metavar="PX", help="Side of the square it looks at.")
@click.option(
    "--crop", type=options.Number(0, 1, min_open=True), metavar="SHARE",
    help="Part of a photo's shorter side that the square covers.",
)  # fmt: skip
@click.option("--weights", type=options.PATH, help="A .safetensors file of the backbone's weights.")
@options.label_pattern
@click.option("--split", type=options.PATH, help="A CSV (path,split): which photo is on which side.")
@click.option("--folds", type=click.IntRange(2, 100), default=5, show_default=True, help="Of the cross-validation.")
@click.option(
    "--holdout", type=options.Number(0, 1, min_open=True, max_open=True), metavar="SHARE",
    help="Hold out this share of the photos instead of cross-validating.",
)  # fmt: skip
@click.option("--balanced", is_flag=True, help="Let every class count the same, however many photos it has.")
@click.option(
    "--coverage", type=options.Number(0.5, 1, max_open=True), default=0.95, show_default=True,
    help="How often prediction sets shall hold the true class.",
)  # fmt: skip
@click.option("--no-control", is_flag=True, help="Don't compare with the same backbone on random weights.")
@click.option(
    "--precision", type=click.Choice(["auto", "fp32", "bf16"]), default="auto", show_default=True,
    help="For making features; auto takes bf16 where the CPU has it and these photos' features agree with fp32.",
)  # fmt: skip
@options.device
@options.offline
@click.option("--slim", is_flag=True, help="Save the model without the backbone's weights.")
@click.option("--force", is_flag=True, help="Replace a model at the output.")
@options.no_cache
@options.seed
@options.max_megapixels
@options.min_accuracy
@options.on_error
@options.json
@options.quiet
def command(
    source: Path,
    output: Path,
    balanced: bool,
    no_control: bool,
    no_cache: bool,
    max_megapixels: float,
    min_accuracy: float | None,
    on_error: str,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> int:
    """Train a classifier on the photos in SOURCE and evaluate it on photos that it has not learned from.

    SOURCE is a folder per class; train/, val/ and test/ folders above that; a flat folder with --label-pattern; or a
    CSV file with the columns path, label and, if you like, split and group.
    """
    from enxerto.jobs import train
    from enxerto.report import summary

    trained = train(
        source, output, class_weight="balanced" if balanced else None, control=not no_control, cache=not no_cache,
        limits=options.limits(max_megapixels), command=command_line(), progress=progress(quiet), **settings,
    )  # fmt: skip
    if as_json:
        print_json("training", trained.contents)
    else:
        click.echo(summary(trained.contents), nl=False)
    tell(f"\nmodel   {output}\nreport  {(output / 'report.html').resolve()}", quiet)
    options.require_accuracy(trained.contents, min_accuracy)
    return exit_code(len(trained.contents.health.skipped), on_error)
