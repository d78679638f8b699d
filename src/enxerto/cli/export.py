"""`enxerto export`."""

from __future__ import annotations

from pathlib import Path

import click

from enxerto.cli import options
from enxerto.cli.messages import print_json, tell


@click.command("export")
@click.argument("model", type=options.PATH)
@click.option("--to", "kind", type=click.Choice(["keras"]), required=True, help="What it shall become.")
@click.option("-o", "--output", type=options.PATH, required=True, metavar="FILE", help="A new .keras file.")
@click.option(
    "--prove-on", type=click.Choice(["auto", "tensorflow", "jax", "openvino"]), default="auto", show_default=True,
    help="Keras's backend that the file must give the same answers on; auto takes the first that is installed.",
)  # fmt: skip
@options.offline
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@options.json
@options.quiet
def command(
    model: Path, kind: str, output: Path, prove_on: str, offline: bool, force: bool, as_json: bool, quiet: bool
) -> None:
    """Write MODEL, a classifier on one of Keras's networks, as a .keras file for TensorFlow, JAX and PyTorch.

    It takes RGB squares of 0 to 255 and gives calibrated probabilities; normalization is inside. It is written only
    when a fresh process on another of Keras's backends gives the same answers. Classes, crop and that proof go into
    FILE.json beside it.
    """
    assert kind == "keras"  # the only one
    options.require_outside(model, output)
    from enxerto.classifier import Classifier
    from enxerto.export.to_keras import export_keras

    exported = export_keras(Classifier.load(model, offline=offline), output, backend=prove_on, force=force)
    proof = exported.proof
    if as_json:
        print_json("export", exported)
    else:
        click.echo(
            f"{exported.path}: {exported.size_bytes / 1e6:.1f} MB; proven on {proof.backend} {proof.release} (Keras "
            f"{proof.keras}): {proof.same_class} of {proof.photos} photos get the same class, probabilities differ by "
            f"{proof.largest_difference:.1e} at most"
        )
    tell(f"card  {exported.card}", quiet)
