"""Taking a weight file from disk into Enxerto's own store, converted to safetensors by a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from enxerto.backbones.catalog import Entry
from enxerto.backbones.weights import adapt, imported_file, read_safetensors
from enxerto.errors import IntegrityError, OptionError, WeightsMissingError
from enxerto.files import write_durably

SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")
TIMEOUT_S = 600


def import_weights(entry: Entry, file: Path) -> Path:
    """Convert a weight file to safetensors, prove that it fits the architecture, and keep it.

    The file is opened by a child process with `weights_only=True`: it can neither run code here nor harm this process.

    Args:
        entry: which backbone it belongs to.
        file: `.safetensors`, or a PyTorch state dict (`.pth`, `.pt`, `.bin`).

    Returns:
        The path of the imported file.

    Raises:
        WeightsMissingError: there is no such file.
        OptionError: it has another ending, or the backbone's weights come with a package.
        IntegrityError: it can't be read safely, or it belongs to another architecture.
    """
    if entry.package is not None:
        raise OptionError(f"the weights of {entry.name} come with the package {entry.package}; nothing to import")
    if not file.is_file():
        raise WeightsMissingError(f"there is no weight file {file}")
    if file.suffix not in SUFFIXES:
        raise OptionError(f"a weight file ends with {', '.join(SUFFIXES)}, got {file.name}")
    with tempfile.TemporaryDirectory() as folder:
        converted = Path(folder) / "weights.safetensors"
        try:
            child = subprocess.run(
                [sys.executable, "-m", __name__, entry.name, str(file), str(converted)],
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise IntegrityError(f"{file} was not imported: reading it took more than {TIMEOUT_S} s") from error
        if child.returncode != 0:
            reason = child.stderr.strip().splitlines()[-1:] or ["the converter was killed"]
            raise IntegrityError(f"{file} was not imported: {reason[0][:400]}")
        target = imported_file(entry)
        write_durably(target, converted.read_bytes())
    return target


def _convert(name: str, source: Path, target: Path) -> None:
    """What the child does."""
    import torch
    from safetensors.torch import save_file

    from enxerto.backbones.catalog import find
    from enxerto.backbones.networks import build

    entry = find(name)
    if source.suffix == ".safetensors":
        tensors = read_safetensors(source)
    else:
        loaded = torch.load(source, map_location="cpu", weights_only=True)
        tensors = next((loaded[key] for key in ("state_dict", "model") if key in loaded), loaded)
    network = build(entry, adapt(entry, tensors))
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, target)


if __name__ == "__main__":
    try:
        _convert(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    except Exception as error:  # noqa: BLE001 - whatever a hostile file does, the parent gets one line
        sys.exit(" ".join(str(error).split()))
