"""Learning from features: the linear probe."""

from enxerto.training.linear_probe import TrainedProbe, train_probe

__all__ = ["TrainedProbe", "train_probe"]
