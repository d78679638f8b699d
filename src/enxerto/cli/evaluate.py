"""`enxerto evaluate`."""

from __future__ import annotations

from pathlib import Path

import click

from enxerto.cli import options
from enxerto.cli.messages import command_line, exit_code, print_json, progress, tell


@click.command("evaluate")
@click.argument("model", type=options.PATH)
@click.argument("source", type=options.PATH)
@options.label_pattern
@click.option("-o", "--output", type=options.PATH, help="Write the report, one HTML file, here.")
@options.precision
@options.device
@options.offline
@options.no_cache
@options.seed
@options.max_megapixels
@options.min_accuracy
@options.on_error
@options.json
@options.quiet
def command(
    model: Path,
    source: Path,
    label_pattern: str | None,
    output: Path | None,
    precision: str,
    device: str,
    offline: bool,
    no_cache: bool,
    seed: int,
    max_megapixels: float,
    min_accuracy: float | None,
    on_error: str,
    as_json: bool,
    quiet: bool,
) -> int:
    """Measure the saved MODEL on the labelled photos in SOURCE.

    Photos that the model has learned from are named, and every figure is also given without them. Where SOURCE has a
    test/ side (or else val/), only that side is evaluated.
    """
    from enxerto.files import write_durably
    from enxerto.jobs import evaluate
    from enxerto.report import summary

    if output is not None:
        options.require_outside(model, output)
    evaluated = evaluate(
        model, source, label_pattern=label_pattern, device=device, precision=precision, offline=offline,
        cache=not no_cache, seed=seed, limits=options.limits(max_megapixels), command=command_line(),
        progress=progress(quiet),
    )  # fmt: skip
    if as_json:
        print_json("evaluation", evaluated.contents)
    else:
        click.echo(summary(evaluated.contents), nl=False)
    if output is not None:
        write_durably(output, evaluated.html.encode())
        tell(f"\nreport  {output.resolve()}", quiet)
    options.require_accuracy(evaluated.contents, min_accuracy)
    return exit_code(len(evaluated.contents.health.skipped), on_error)
