"""`enxerto demo`."""

from __future__ import annotations

from pathlib import Path

import click

from enxerto.cli import options
from enxerto.cli.messages import progress, tell


@click.command("demo")
@click.option(
    "-o", "--output", type=options.PATH, default=Path("enxerto-demo"), show_default=True,
    help="Folder for the photos, the model and the report.",
)  # fmt: skip
@options.quiet
def command(output: Path, quiet: bool) -> None:
    """Train on 200 small photos that come with scikit-image (100 faces, 100 others), and show the report's path."""
    from enxerto.data import write_faces
    from enxerto.jobs import train
    from enxerto.report import summary

    photos = write_faces(output / "photos")
    tell(f"wrote 200 photos to {photos}", quiet)
    model = output / "model"
    trained = train(photos, model, force=True, command=f"enxerto train {photos} -o {model}", progress=progress(quiet))
    click.echo(summary(trained.contents), nl=False)
    tell(f"\nmodel   {model}\nreport  {(model / 'report.html').resolve()}", quiet)
