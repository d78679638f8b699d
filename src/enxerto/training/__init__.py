"""Learning from features: the linear probe, and the choice of the layer that features come from."""

from enxerto.training.linear_probe import TrainedProbe, fits_of, in_order, rounds, train_probe, train_probes
from enxerto.training.tap_choice import TapScore, best_tap, score_tap

__all__ = [
    "TapScore",
    "TrainedProbe",
    "best_tap",
    "fits_of",
    "in_order",
    "rounds",
    "score_tap",
    "train_probe",
    "train_probes",
]
