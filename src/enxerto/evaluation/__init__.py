"""How good a classifier is: figures with intervals, mistakes, suspicious labels, a control, and comparisons."""

from enxerto.evaluation.compare import Comparison, compare
from enxerto.evaluation.control import control
from enxerto.evaluation.evaluate import evaluate
from enxerto.evaluation.learning_curve import learning_curve
from enxerto.evaluation.results import (
    Candidate,
    ClassResult,
    Control,
    Evaluation,
    Interval,
    LearningCurve,
    LearningPoint,
    Outcome,
)

__all__ = [
    "Candidate",
    "ClassResult",
    "Comparison",
    "Control",
    "Evaluation",
    "Interval",
    "LearningCurve",
    "LearningPoint",
    "Outcome",
    "compare",
    "control",
    "evaluate",
    "learning_curve",
]
