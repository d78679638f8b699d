"""The end-to-end jobs behind the commands: train, evaluate, explain, compare, tricks, demo."""

from enxerto.jobs.comparing.compare import compare
from enxerto.jobs.evaluate import Evaluated, evaluate
from enxerto.jobs.explaining.explain import Explained, explain
from enxerto.jobs.fooling.check import verify_attack
from enxerto.jobs.fooling.fool import Fooled, fool
from enxerto.jobs.imagining.ideal import Imagined, ideal
from enxerto.jobs.lab.lab import Lab, lab_pets
from enxerto.jobs.report import rerender
from enxerto.jobs.robustness.making import RobustnessReport
from enxerto.jobs.robustness.robustness import robustness
from enxerto.jobs.seeing.feature_maps import SeenFeatures, feature_maps
from enxerto.jobs.training.train import train
from enxerto.jobs.training.trained import Trained
from enxerto.jobs.tricks.tricks import compare_tricks

__all__ = [
    "Evaluated",
    "Explained",
    "Fooled",
    "Imagined",
    "Lab",
    "RobustnessReport",
    "SeenFeatures",
    "Trained",
    "compare",
    "compare_tricks",
    "evaluate",
    "explain",
    "feature_maps",
    "fool",
    "ideal",
    "lab_pets",
    "rerender",
    "robustness",
    "train",
    "verify_attack",
]
