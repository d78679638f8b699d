"""`enxerto robustness`."""

from __future__ import annotations

from pathlib import Path

import click

from enxerto.cli import options
from enxerto.cli.messages import command_line, exit_code, print_json, progress, tell
from enxerto.errors import EXIT_INTERRUPTED, OptionError


@click.command("robustness")
@click.argument("arguments", metavar="[MODEL] PHOTOS", nargs=-1, type=options.PATH, required=True)
@click.option(
    "--backbone", metavar="NAME",
    help="Without a model: a network with ImageNet's 1,000 classes.  [default: efficientnet_lite0]",
)  # fmt: skip
@click.option("-o", "--output", type=options.PATH, help="Directory for the page, its figures and what was measured.")
@click.option(
    "--minutes", type=options.Number(0, 1e6, min_open=True), default=5.0, show_default=True,
    help="For all of it; each part measures as many photos as fit in.",
)  # fmt: skip
@click.option("--norms", default="linf,l2,l1,l0", show_default=True, metavar="LIST", help="Of changes.")
@click.option(
    "--only", default="", metavar="LIST",
    help="Parts: curves, autoattack, corruptions, transfer, certified, masking; all by default.",
)  # fmt: skip
@options.label_pattern
@options.device
@options.offline
@click.option("--resume", is_flag=True, help="Go on with the report at the output; the time that it took counts.")
@click.option("--force", is_flag=True, help="Start anew in place of a report at the output.")
@options.seed
@options.max_megapixels
@options.on_error
@options.json
@options.quiet
def command(
    arguments: tuple[Path, ...],
    backbone: str | None,
    output: Path | None,
    minutes: float,
    norms: str,
    only: str,
    label_pattern: str | None,
    device: str,
    offline: bool,
    resume: bool,
    force: bool,
    seed: int,
    max_megapixels: float,
    on_error: str,
    as_json: bool,
    quiet: bool,
) -> int:
    """Measure how easily MODEL is fooled, on the labelled photos in PHOTOS.

    MODEL is the directory of a saved model, or the name of a backbone with ImageNet's 1,000 classes. The smallest
    changes that fool, AutoAttack, ordinary mishaps, transfer to other networks, certified radii and signs of gradient
    masking share the time. Ctrl-C ends it early, with what was measured.
    """
    if len(arguments) > 2:
        raise click.UsageError(f"expected [MODEL] PHOTOS, got {len(arguments)} arguments")
    if len(arguments) == 2 and backbone is not None:
        raise click.UsageError("MODEL and --backbone exclude each other")
    if resume and output is None:
        raise OptionError("--resume goes on with the report at an output; give it with -o")
    from enxerto.backbones.catalog import DEFAULT
    from enxerto.jobs import robustness
    from enxerto.jobs.robustness.output import PAGE, RECORD
    from enxerto.report.robustness.table import robustness_table

    model = arguments[0] if len(arguments) == 2 else backbone or DEFAULT
    report = robustness(
        model, arguments[-1], output, minutes=minutes, norms=_listed(norms), only=_listed(only),
        label_pattern=label_pattern, device=device, offline=offline, resume=resume, force=force, seed=seed,
        limits=options.limits(max_megapixels), command=command_line(), progress=progress(quiet),
    )  # fmt: skip
    contents = report.contents
    if as_json:
        print_json("robustness", contents)
    else:
        click.echo(robustness_table(contents), nl=False)
    if output is not None:
        tell(f"\npage     {(output / PAGE).resolve()}\nfigures  {(output / RECORD).resolve()}", quiet)
    if contents.interrupted:
        tell("enxerto: interrupted; this is what was measured" + ", and --resume goes on" * (output is not None))
        return EXIT_INTERRUPTED
    return exit_code(len(contents.unreadable), on_error)


def _listed(typed: str) -> list[str]:
    return [part.strip() for part in typed.split(",") if part.strip()]
