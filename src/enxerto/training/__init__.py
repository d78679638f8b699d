"""Learning from features: the linear probe."""

from enxerto.training.linear_probe import TrainedProbe, in_order, rounds, train_probe

__all__ = ["TrainedProbe", "in_order", "rounds", "train_probe"]
