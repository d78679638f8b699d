"""`enxerto train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from enxerto.cli import options
from enxerto.cli.messages import command_line, exit_code, is_leader, print_json, progress, tell
from enxerto.errors import OptionError


@click.command("train")
@click.argument("source", type=options.PATH)
@click.option("-o", "--output", type=options.PATH, required=True, help="Directory to save the model in.")
@click.option("--backbone", default="efficientnet_lite0", show_default=True, help="See: enxerto backbones list.")
@click.option(
    "--layer", default="last", show_default=True, metavar="NAME[:2x2]",
    help="Where features come from: a module inside the network, averaged or over a 2x2 grid; auto tries the ends of "
    "all stages, and keeps the best if it is better than the last beyond noise.",
)  # fmt: skip
@click.option(
    "--pooling", type=click.Choice(["average", "max", "grid2"]), default="average", show_default=True,
    help="How a layer's maps become one vector.",
)  # fmt: skip
@click.option("--size", "size_px", type=click.IntRange(32, 1024), metavar="PX", help="Side of the square it looks at.")
@click.option(
    "--crop", type=options.Number(0, 1, min_open=True), metavar="SHARE",
    help="Part of a photo's shorter side that the square covers.",
)  # fmt: skip
@click.option("--mirror", is_flag=True, help="Look at the mirror image, too; takes twice the time.")
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
@click.option(
    "--no-control",
    is_flag=True,
    help="Don't compare with random weights, nor measure how far the photos are from ImageNet's.",
)
@click.option(
    "--scratch",
    is_flag=True,
    help="Also train a small network from scratch, to see what transfer is worth; a minute or so.",
)
@click.option(
    "--precision", type=click.Choice(["auto", "fp32", "bf16"]), default="auto", show_default=True,
    help="For making features; auto takes bf16 where the CPU has it and these photos' features agree with fp32.",
)  # fmt: skip
@click.option(
    "--views", type=click.IntRange(1, 64), default=1, show_default=True, metavar="K",
    help="Also solve the head on K views of each photo, and keep it if that is better beyond noise.",
)  # fmt: skip
@click.option("--finetune", is_flag=True, help="Also tune the backbone, and keep it if that is better beyond noise.")
@options.recipe
@click.option(
    "--log", "logs", multiple=True, metavar="KIND:PLACE",
    help="Where the history of fine-tuning goes, too: tensorboard:DIRECTORY or mlflow:URI.",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with the fine-tuning that was interrupted at the output.")
@click.option("--no-curve", is_flag=True, help="Don't measure how accuracy grows with the number of photos.")
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
    finetune: bool,
    knobs: dict[str, Any],
    no_control: bool,
    no_curve: bool,
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

    With --finetune, several processes share the work when they are started by torchrun:

        torchrun --nproc-per-node 2 -m enxerto train SOURCE -o MODEL --finetune
    """
    from enxerto.jobs import train
    from enxerto.report import summary
    from enxerto.tuning.recipe import recipe_with

    if knobs and not finetune:
        raise OptionError(f"--{next(iter(knobs)).replace('_', '-')} belongs to fine-tuning; add --finetune")
    leads = is_leader()
    trained = train(
        source, output, class_weight="balanced" if balanced else None, control=not no_control, curve=not no_curve,
        cache=not no_cache, finetune=recipe_with(**knobs) if finetune else False, limits=options.limits(max_megapixels),
        command=command_line(), progress=progress(quiet or not leads), **settings,
    )  # fmt: skip
    if not leads:
        return 0
    if as_json:
        print_json("training", trained.contents)
    else:
        click.echo(summary(trained.contents), nl=False)
    tell(f"\nmodel   {output}\nreport  {(output / 'report.html').resolve()}", quiet)
    options.require_accuracy(trained.contents, min_accuracy)
    return exit_code(len(trained.contents.health.skipped), on_error)
