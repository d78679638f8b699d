"""Taking a weight file from disk into Enxerto's own store, converted to safetensors by a process of its own."""

from __future__ import annotations

import secrets
import subprocess
import sys
from pathlib import Path

from enxerto.backbones import store, torchvision_files
from enxerto.backbones.catalog import Entry, find
from enxerto.backbones.keras_zoo import published as keras_files
from enxerto.backbones.weights import KERAS_SUFFIXES, read_for
from enxerto.errors import IntegrityError, OptionError, StorageError, UnknownNameError, WeightsMissingError
from enxerto.files import require_space, storage_errors, sweep, unfinished_directory

SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")
TIMEOUT_S = 600
_UNFINISHED = ".unfinished-"


def entry_of(file: Path) -> Entry:
    """The backbone that a weight file belongs to, by the name that its publisher or Enxerto's store gave it.

    Raises:
        OptionError: the name doesn't say.
    """
    for each in torchvision_files.PUBLISHED:
        if file.name in (each.file, f"{find(each.names[1]).tagged_name}{store.SUFFIX}"):
            return find(each.names[1])
    for name, published in keras_files.published().items():
        if file.name in (published.file, f"{find(name).tagged_name}{store.SUFFIX}"):
            return find(name)
    try:
        return find(file.stem)
    except UnknownNameError as error:
        raise OptionError(
            f"the name of {file.name} doesn't say which backbone it belongs to; say it: "
            f"enxerto backbones import NAME {file}"
        ) from error


def import_weights(entry: Entry, file: Path) -> Path:
    """Convert a weight file to safetensors, prove that it fits the architecture, and keep it.

    The file is opened by a child process with `weights_only=True`: it can neither run code here nor harm this process.

    Args:
        entry: which backbone it belongs to.
        file: `.safetensors`, a PyTorch state dict (`.pth`, `.pt`, `.bin`), or for its networks one of Keras's files.

    Returns:
        The path of the imported file.

    Raises:
        WeightsMissingError: there is no such file.
        OptionError: it has another ending, or the backbone's weights come with a package.
        IntegrityError: it can't be read safely, it belongs to another architecture, or it is not what the checksum in
            its name says.
        StorageError: the disk is full, or the store can't be written.
    """
    if entry.package is not None:
        raise OptionError(f"the weights of {entry.name} come with the package {entry.package}; nothing to import")
    if not file.is_file():
        raise WeightsMissingError(f"there is no weight file {file}")
    endings = (".safetensors", *KERAS_SUFFIXES) if entry.keras is not None else SUFFIXES
    if file.suffix not in endings:
        raise OptionError(f"a weight file ends with {', '.join(endings)}, got {file.name}")
    if file.name in {each.file for each in torchvision_files.PUBLISHED}:
        torchvision_files.verify(file)
    if entry.keras is not None:
        keras_files.verify(file)
    target = store.imported_file(entry)
    require_space(target, file.stat().st_size, f"the weights of {entry.name}")
    unfinished = target.parent / f"{_UNFINISHED}{secrets.token_hex(4)}"
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        for stale in target.parent.glob(f"{_UNFINISHED}*"):
            sweep(stale)
        with unfinished_directory(unfinished):
            _run_child(entry, file, unfinished / target.name)
            store.keep(unfinished / target.name, target)
        unfinished.rmdir()
    return target


def _run_child(entry: Entry, file: Path, converted: Path) -> None:
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
        kind = StorageError if child.returncode == StorageError.exit_code else IntegrityError
        raise kind(f"{file} was not imported: {reason[0].replace(f'{file} is', 'it is', 1)[:400]}")


def _convert(name: str, source: Path, target: Path) -> None:
    """What the child does."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    from enxerto.backbones.networks import build

    entry = find(name)
    network = build(entry, read_for(entry, source))
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    try:
        save_file(tensors, target)
    except (OSError, SafetensorError) as error:  # these tensors can be written; the disk can't
        raise StorageError(f"can't write {target}: {error}") from error


if __name__ == "__main__":
    try:
        _convert(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    except StorageError as error:
        print(error, file=sys.stderr)  # noqa: T201 - for the parent
        sys.exit(StorageError.exit_code)
    except Exception as error:  # noqa: BLE001 - whatever a hostile file does, the parent gets one line
        sys.exit(" ".join(str(error).split()))
