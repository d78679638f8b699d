from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest

import enxerto

PUBLIC = [
    "Backbone",
    "Classifier",
    "Engine",
    "EnxertoError",
    "Evaluated",
    "Evaluation",
    "Explained",
    "FeatureTable",
    "Fooled",
    "IdealRecipe",
    "Imagined",
    "PhotoSet",
    "Prediction",
    "Recipe",
    "RobustnessReport",
    "SeenFeatures",
    "Trained",
    "__version__",
    "check",
    "compare",
    "compare_tricks",
    "evaluate",
    "explain",
    "extract",
    "feature_maps",
    "fool",
    "ideal",
    "list_photos",
    "open_backbone",
    "open_engine",
    "open_store",
    "robustness",
    "train",
    "verify_attack",
]

LAYERS = {
    "backbones": [
        "AUTO", "CLASSES", "DEFAULT", "LAST", "POOLINGS", "Augmentation", "Backbone", "Entry", "Preprocessing",
        "Tap", "TappedBackbone", "View", "candidate_taps", "count_parameters", "entries", "find", "open_backbone",
        "random_backbone", "read_tap", "tap_widths", "tapped", "to_pixels",
    ],
    "engines": [
        "ClassLogit", "CrossEntropy", "Engine", "HeadArrays", "InputGradient", "Margin", "Objective", "describe",
        "has_native_bf16", "logit_network", "open_engine", "processors",
    ],
    "tuning": [
        "Epoch", "FitHistory", "Material", "Recipe", "Surroundings", "Team", "Tuned", "fine_tune", "join_team",
        "read_tricks", "require_possible",
    ],
    "jobs": [
        "Evaluated", "Explained", "Fooled", "Imagined", "Lab", "RobustnessReport", "SeenFeatures", "Trained",
        "compare",
    "compare_tricks", "evaluate", "explain", "feature_maps", "fool", "ideal", "lab_pets", "rerender", "robustness",
        "train", "verify_attack",
    ],
}  # fmt: skip

HEAVY = ("torch", "torchvision", "timm", "openvino", "sklearn", "skimage")

LIGHT = """
import sys
sys.argv[1:] = {arguments}
try:
    {statement}
except SystemExit as ended:
    assert not ended.code, ended.code
print(sorted(set({heavy}) & set(sys.modules)))
"""


def test_public_names_are_pinned() -> None:
    assert enxerto.__all__ == PUBLIC
    assert dir(enxerto) == sorted(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_each_public_name_is_there(name: str) -> None:
    value = getattr(enxerto, name)
    assert name == "__version__" or value.__name__ == name


@pytest.mark.parametrize("layer", LAYERS)
def test_the_names_of_each_layer_are_pinned(layer: str) -> None:
    module = importlib.import_module(f"enxerto.{layer}")
    assert module.__all__ == LAYERS[layer]
    assert all(hasattr(module, name) for name in LAYERS[layer])


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'enxerto' has no attribute 'trian'"):
        enxerto.trian  # noqa: B018


@pytest.mark.parametrize(
    ("statement", "arguments"),
    [
        ("import enxerto; dir(enxerto)", []),
        ("from enxerto.cli import main; main()", ["--help"]),
        ("from enxerto.cli import main; main()", ["train", "--help"]),
        ("from enxerto.cli import main; main()", ["predict", "--help"]),
        ("from enxerto.cli import main; main()", ["backbones", "list", "--help"]),
    ],
    ids=["import", "help", "train", "predict", "backbones-list"],
)
def test_importing_and_asking_for_help_load_nothing_heavy(statement: str, arguments: list[str]) -> None:
    script = LIGHT.format(statement=statement, arguments=arguments, heavy=HEAVY)
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=os.environ, check=False)
    assert child.stderr == ""
    assert child.stdout.splitlines()[-1] == "[]"


def test_the_module_runs_as_a_program() -> None:
    child = subprocess.run(
        [sys.executable, "-m", "enxerto", "--version"], capture_output=True, text=True, env=os.environ, check=False
    )
    assert (child.returncode, child.stderr) == (0, "")
    assert enxerto.__version__ in child.stdout
