from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from enxerto import errors
from enxerto.errors import EnxertoError, PhotoError, UnknownNameError

LEAVES = {
    "DataError": (1, ValueError),
    "PhotoError": (1, ValueError),
    "EngineError": (1, RuntimeError),
    "WeightsMissingError": (1, FileNotFoundError),
    "OptionError": (2, ValueError),
    "BoundsError": (2, ValueError),
    "UnknownNameError": (2, LookupError),
    "BusyError": (4, TimeoutError),
    "StorageError": (5, OSError),
    "IntegrityError": (6, ValueError),
    "QualityGateError": (7, Exception),
}


def tree() -> dict[str, type[EnxertoError]]:
    return {
        name: value
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, EnxertoError) and value is not EnxertoError
    }


def test_no_error_is_missing_from_the_table() -> None:
    assert set(tree()) == set(LEAVES)
    assert EnxertoError.exit_code == 1


@pytest.mark.parametrize("name", LEAVES)
def test_each_leaf_has_its_exit_code_and_is_its_builtin(name: str) -> None:
    exit_code, builtin = LEAVES[name]
    assert tree()[name].exit_code == exit_code
    assert issubclass(tree()[name], builtin)


def test_the_drawn_tree_names_every_error_with_its_exit_code() -> None:
    assert errors.__doc__ is not None
    drawn = {
        name: int(exit_code)
        for name, exit_code in re.findall(r"^ *[│├└─ ]*(\w+Error) +(\d)  ", errors.__doc__, flags=re.MULTILINE)
    }
    assert drawn == {"EnxertoError": 1} | {name: exit_code for name, (exit_code, _) in LEAVES.items()}


def test_exit_codes_of_success_with_gaps_and_of_interruption() -> None:
    assert (errors.EXIT_SKIPPED, errors.EXIT_INTERRUPTED) == (3, 130)


def test_a_photo_error_names_path_reason_and_code() -> None:
    error = PhotoError("truncated", "the file ends early", Path("cats/a.jpg"))
    assert str(error) == "cats/a.jpg: the file ends early (truncated)"
    assert (error.code, error.detail, error.path) == ("truncated", "the file ends early", Path("cats/a.jpg"))


def test_a_photo_error_without_a_path() -> None:
    error = PhotoError("empty", "the file is empty")
    assert str(error) == "the file is empty (empty)"
    assert error.path is None


def test_an_unknown_name_comes_with_near_matches() -> None:
    error = UnknownNameError("backbone", "resnet5", ["vgg16", "resnet50", "resnet18"])
    assert str(error) == "unknown backbone 'resnet5'; did you mean resnet50 or resnet18?"


def test_an_unknown_name_without_near_matches_comes_with_the_first_twelve_known_ones() -> None:
    error = UnknownNameError("class", "zebra", (f"{number:02d}" for number in reversed(range(20))))
    assert str(error) == f"unknown class 'zebra'; known: {', '.join(f'{number:02d}' for number in range(12))}"
