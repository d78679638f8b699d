"""The end-to-end jobs behind the commands: train, evaluate, tricks, demo."""

from enxerto.jobs.evaluate import Evaluated, evaluate
from enxerto.jobs.report import rerender
from enxerto.jobs.train import Trained, train
from enxerto.jobs.tricks import compare_tricks

__all__ = ["Evaluated", "Trained", "compare_tricks", "evaluate", "rerender", "train"]
