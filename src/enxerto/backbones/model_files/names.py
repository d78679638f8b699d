"""Names of backbones that are files, and what can be told of a file by its name."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from enxerto.backbones.catalog import FILE
from enxerto.backbones.keras_zoo.published import NORMALIZATIONS
from enxerto.errors import OptionError, UnknownNameError, WeightsMissingError

SEPARATOR = "::"
UNIT = "unit"
MODES = {**NORMALIZATIONS, UNIT: ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))}
"""Mean and standard deviation by preprocessing: Keras's modes, and pixels of 0 to 1 as they are."""
KERAS_SUFFIXES = (".keras", ".h5", ".hdf5")
PROGRAM_SUFFIX = ".pt2"
SUFFIXES = (*KERAS_SUFFIXES, PROGRAM_SUFFIX)


@dataclass(frozen=True)
class FileName:
    """What a name says.

    Attributes:
        path: of the file.
        mode: one of `MODES`; `None` where it is to be found out.
    """

    path: Path
    mode: str | None


def parse(name: str) -> FileName:
    """Take `file:PATH` or `file:PATH::PREPROCESSING` apart.

    Raises:
        UnknownNameError: there is no such preprocessing.
        WeightsMissingError: there is no such file.
        OptionError: it is no file that can be a backbone; the message says which can.
    """
    path_text, separator, mode = name.removeprefix(FILE).partition(SEPARATOR)
    if separator and mode not in MODES:
        raise UnknownNameError("preprocessing", mode, MODES)
    path = Path(path_text).expanduser()
    if not path.is_file():
        raise WeightsMissingError(f"there is no model file {path}; a backbone from a file is named {FILE}PATH")
    require_kind(path)
    return FileName(path, mode or None)


def require_kind(path: Path) -> None:
    """Raise an `OptionError` unless a file is of a kind that can be opened without running what is in it."""
    if path.name.endswith(".weights.h5"):
        raise OptionError(
            f"{path.name} holds weights without their network; save the whole model: model.save('model.keras')"
        )
    if path.suffix in SUFFIXES:
        return
    if path.suffix in (".pt", ".pth", ".ts", ".bin", ".torchscript"):
        raise OptionError(
            f"{path.name} is {_torch_kind(path)}; save the network as a program, which can be checked before it runs: "
            f"torch.export.save(torch.export.export(model.eval(), (example,)), 'model{PROGRAM_SUFFIX}')"
        )
    raise OptionError(f"a backbone's file ends with {', '.join(SUFFIXES)}, got {path.name}")


def _torch_kind(path: Path) -> str:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(name.endswith("/constants.pkl") for name in archive.namelist()):
                return "TorchScript, which PyTorch gave up and which is not run here"
    return "a pickle, which may run code and is never opened as a network"
