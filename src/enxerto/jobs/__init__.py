"""The end-to-end jobs behind the commands: train, evaluate, explain, tricks, demo."""

from enxerto.jobs.attack import Fooled, fool
from enxerto.jobs.attack_check import verify_attack
from enxerto.jobs.evaluate import Evaluated, evaluate
from enxerto.jobs.explain import Explained, explain
from enxerto.jobs.feature_maps import SeenFeatures, feature_maps
from enxerto.jobs.ideal import Imagined, ideal
from enxerto.jobs.lab import Lab, lab_pets
from enxerto.jobs.report import rerender
from enxerto.jobs.train import Trained, train
from enxerto.jobs.tricks import compare_tricks

__all__ = [
    "Evaluated",
    "Explained",
    "Fooled",
    "Imagined",
    "Lab",
    "SeenFeatures",
    "Trained",
    "compare_tricks",
    "evaluate",
    "explain",
    "feature_maps",
    "fool",
    "ideal",
    "lab_pets",
    "rerender",
    "train",
    "verify_attack",
]
