"""`enxerto attack`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from enxerto.cli import options
from enxerto.cli.messages import command_line, exit_code, print_json, progress, tell

if TYPE_CHECKING:
    from enxerto.report.attack.contents import VerifiedContents

CONFIDENCE = 0.9


@click.command("attack")
@click.argument("photos", type=options.PATH, nargs=-1)
@click.option("--target", metavar="NAME", help="Class that shall be predicted, by name or index; else any wrong one.")
@click.option("--label", metavar="NAME", help="What the photos show; else what the model says of each.")
@click.option(
    "--confidence", type=options.Number(0, 1, max_open=True), default=CONFIDENCE, show_default=True, metavar="SHARE",
    help="Probability of the wrong class, at least; 0: it only has to come first.",
)  # fmt: skip
@click.option(
    "--norm", type=click.Choice(["linf", "l2", "l1", "l0"]), default="linf", show_default=True,
    help="What is kept small: the largest change of a value, length, sum, or number of changed pixels.",
)  # fmt: skip
@click.option("--budget", metavar="SIZE", help="Largest change, such as 4/255; for l0 a number of pixels.")
@click.option("--minimal", is_flag=True, help="Look for the smallest change; so it is without --budget.")
@click.option("--survive", default="", metavar="LIST", help="What it shall survive: jpeg:90,shift:1,resize:0.9.")
@click.option(
    "--verify", type=options.PATH, metavar="FILE", help="Only ask about FILE; PHOTOS is its original, if given."
)
@click.option("--model", type=options.PATH, help="Directory of a saved model.")
@click.option(
    "--backbone", metavar="NAME",
    help="Without a model: a network with ImageNet's 1,000 classes.  [default: efficientnet_lite0]",
)  # fmt: skip
@click.option("-o", "--output", type=options.PATH, help="Folder for the PNGs, pictures, the page and attack.json.")
@click.option(
    "--steps", type=click.IntRange(1), default=60, show_default=True, metavar="N", help="Of the search, at most."
)
@options.device
@options.offline
@click.option("--force", is_flag=True, help="Replace an earlier attack at the output.")
@options.seed
@options.max_megapixels
@options.on_error
@options.json
@options.quiet
def command(
    photos: tuple[Path, ...],
    target: str | None,
    label: str | None,
    confidence: float,
    norm: str,
    budget: str | None,
    minimal: bool,
    survive: str,
    verify: Path | None,
    model: Path | None,
    backbone: str | None,
    output: Path | None,
    steps: int,
    device: str,
    offline: bool,
    force: bool,
    seed: int,
    max_megapixels: float,
    on_error: str,
    as_json: bool,
    quiet: bool,
) -> int:
    """Change PHOTOS (files and folders) so that a network takes them for something else.

    The result is a PNG of the photo's own size. It counts only if it fools when it is read back. Exit code 1 means that
    not one photo was fooled, or that FILE doesn't fool.
    """
    _require_together(photos, budget, verify, output, model, backbone, minimal=minimal)
    from enxerto.backbones.catalog import DEFAULT

    limits = options.limits(max_megapixels)
    if verify is not None:
        from enxerto.jobs.fooling.check import verify_attack

        original = photos[0] if photos else None
        found = verify_attack(
            verify, original, target=target, label=label, confidence=confidence, survive=survive, model=model,
            backbone=backbone or DEFAULT, device=device, offline=offline, limits=limits,
        )  # fmt: skip
        return _verified(found, as_json)
    from enxerto.jobs.fooling.fool import fool
    from enxerto.jobs.fooling.output import PAGE
    from enxerto.report.attack.table import attack_table

    fooled = fool(
        photos, output, target=target, label=label, confidence=confidence, norm=norm, budget=budget, survive=survive,
        model=model, backbone=backbone or DEFAULT, steps=steps, seed=seed, device=device, offline=offline, force=force,
        limits=limits, command=command_line(), progress=progress(quiet),
    )  # fmt: skip
    if as_json:
        print_json("attack", fooled.contents)
    else:
        click.echo(attack_table(fooled.contents), nl=False)
    if output is not None:
        tell(f"\npage  {(output / PAGE).resolve()}", quiet)
    return exit_code(fooled.contents.unreadable, on_error) if fooled.contents.fooled else 1


def _verified(found: VerifiedContents, as_json: bool) -> int:
    from enxerto.report.attack.table import verified_table

    if as_json:
        print_json("verified attack", found)
    else:
        click.echo(verified_table(found), nl=False)
    return 1 if found.fools is False else 0


def _require_together(
    photos: tuple[Path, ...],
    budget: str | None,
    verify: Path | None,
    output: Path | None,
    model: Path | None,
    backbone: str | None,
    *,
    minimal: bool,
) -> None:
    """Raise a usage error for options that don't go together."""
    if model is not None and backbone is not None:
        raise click.UsageError("--model and --backbone exclude each other")
    if budget is not None and minimal:
        raise click.UsageError("--budget and --minimal exclude each other: a largest change, or the smallest that does")
    if verify is None and not photos:
        raise click.UsageError("give photos to attack, or --verify FILE")
    if verify is not None and (len(photos) > 1 or output is not None):
        raise click.UsageError("--verify takes one original at most and writes nothing; leave -o out")
