"""`enxerto explain`."""

from __future__ import annotations

from pathlib import Path

import click

from enxerto.cli import options
from enxerto.cli.messages import command_line, exit_code, print_json, progress, tell


@click.command("explain")
@click.argument("photos", type=options.PATH, nargs=-1, required=True)
@click.option("--model", type=options.PATH, help="Directory of a saved model.")
@click.option(
    "--backbone", metavar="NAME",
    help="Without a model: a network with ImageNet's 1,000 classes.  [default: efficientnet_lite0]",
)  # fmt: skip
@click.option("--class", "target", metavar="NAME", help="Class to explain, by name or index; else the predicted one.")
@click.option(
    "--method", "methods", multiple=True, metavar="NAME",
    help="gradcam, ablation-cam, integrated-gradients or occlusion; may be given several times. All by default.",
)  # fmt: skip
@click.option("-o", "--output", type=options.PATH, help="Folder for the page and the overlays.")
@click.option("--no-checks", is_flag=True, help="Only maps: no scores, no check with random weights. Much faster.")
@click.option(
    "--neighbors", type=click.IntRange(0, 20), default=3, show_default=True, metavar="N",
    help="Nearest training photos to show of a model's predictions.",
)  # fmt: skip
@click.option(
    "--learned-from",
    type=options.PATH,
    metavar="DIR",
    help="Where the model's training photos are, if not where they were.",
)
@options.device
@options.offline
@click.option("--force", is_flag=True, help="Replace the explanations at the output.")
@options.no_cache
@options.seed
@options.max_megapixels
@options.on_error
@options.json
@options.quiet
def command(
    photos: tuple[Path, ...],
    model: Path | None,
    backbone: str | None,
    target: str | None,
    methods: tuple[str, ...],
    output: Path | None,
    no_checks: bool,
    neighbors: int,
    learned_from: Path | None,
    device: str,
    offline: bool,
    force: bool,
    no_cache: bool,
    seed: int,
    max_megapixels: float,
    on_error: str,
    as_json: bool,
    quiet: bool,
) -> int:
    """Show which parts of PHOTOS (files and folders) the answer of a network rests on, and how far to trust that.

    Each method's map is laid over the photo, scored by taking its most important pixels away and putting them back,
    and checked against the same network with random weights. integrated-gradients and occlusion need the extra
    `explain`: pip install 'enxerto[explain]'.
    """
    if model is not None and backbone is not None:
        raise click.UsageError("--model and --backbone exclude each other")
    from enxerto.backbones.catalog import DEFAULT
    from enxerto.jobs import explain
    from enxerto.jobs.explaining.output import PAGE
    from enxerto.report.explanation.table import explanation_table

    explained = explain(
        photos, output, model=model, backbone=backbone or DEFAULT, target=target, methods=methods,
        checks=not no_checks, neighbors=neighbors, learned_from=learned_from, device=device, offline=offline,
        cache=not no_cache, force=force, seed=seed, limits=options.limits(max_megapixels), command=command_line(),
        progress=progress(quiet),
    )  # fmt: skip
    if as_json:
        print_json("explanation", explained.contents)
    else:
        click.echo(explanation_table(explained.contents), nl=False)
    if output is not None:
        tell(f"\npage  {(output / PAGE).resolve()}", quiet)
    return exit_code(len(explained.contents.problems), on_error)
