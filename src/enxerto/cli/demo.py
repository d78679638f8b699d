"""`enxerto demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from enxerto.cli import options
from enxerto.cli.messages import progress, tell

DIGITS: dict[str, Any] = {"layer": "auto", "size_px": 96, "crop": 1.0, "scratch": True}
"""The whole of a picture of 8 pixels, not enlarged more than need be, and the layer that suits it."""


@click.command("demo")
@click.option(
    "--data", "name", type=click.Choice(["faces", "digits"]), default="faces", show_default=True,
    help="faces: 200 small photos that come with scikit-image. digits: 1,797 handwritten digits that come with "
    "scikit-learn, a kind of image that the network has never seen.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=options.PATH, default=Path("enxerto-demo"), show_default=True,
    help="Folder for the photos, the model and the report.",
)  # fmt: skip
@options.quiet
def command(name: str, output: Path, quiet: bool) -> None:
    """Train on small photos that come with a package, and show the report's path.

    With --data digits the layer that features come from is chosen, too, and a small network is trained from scratch
    to see what transfer is worth; that takes a minute or two.
    """
    from enxerto.data import write_digits, write_faces
    from enxerto.jobs import train
    from enxerto.report import summary

    if name == "digits":
        photos, model = write_digits(output / "digits"), output / "digits-model"
        settings, typed = DIGITS, " --layer auto --size 96 --crop 1 --scratch"
    else:
        photos, model, settings, typed = write_faces(output / "photos"), output / "model", {}, ""
    tell(f"wrote {1797 if name == 'digits' else 200:,} photos to {photos}", quiet)
    trained = train(
        photos, model, force=True, command=f"enxerto train {photos} -o {model}{typed}", progress=progress(quiet),
        **settings,
    )  # fmt: skip
    click.echo(summary(trained.contents), nl=False)
    tell(f"\nmodel   {model}\nreport  {(model / 'report.html').resolve()}", quiet)
