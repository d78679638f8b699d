"""What happened while a network was tuned, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Epoch:
    """One epoch of one fit; epoch 0 is the start, before any step.

    Where the recipe is adversarial, photos learned from and held-out ones are those changed to fool the network.

    Attributes:
        number: 0, 1, ….
        training_loss: mean over the epoch's photos, with mixup and label smoothing as the recipe has them; `None` at
            the start.
        loss: log loss of the weights on the held-out photos, after a temperature.
        accuracy: of the weights on the held-out photos.
        averaged_loss: log loss of their moving average there; `None` where the recipe keeps none.
        averaged_accuracy: likewise.
        learning_rate: of the topmost stage at the epoch's last step; 0 at the start.
        seconds: of the epoch, validation included.
        rate: photos learned from a second; 0 at the start.
    """

    number: int
    training_loss: float | None
    loss: float
    accuracy: float
    averaged_loss: float | None
    averaged_accuracy: float | None
    learning_rate: float
    seconds: float
    rate: float


@dataclass(frozen=True)
class FitHistory:
    """One fit from its start to its end.

    Attributes:
        name: `fold0`, `fold1`, …; `final` for the fit that the saved model comes from.
        epochs: the start and every epoch.
        best: the number of the epoch whose weights were kept; 0 when the start was never beaten.
        averaged: the weights kept are the moving average of that epoch.
        stopped: why the fit ended, in words: "all 8 epochs done", "no better for 3 epochs", "the loss became nan at
            step 17", ….
        diverged: it ended because learning went wrong; the best weights before that were kept.
        refitted_on: the network then learned again from so many photos, those held out too, until the same epoch, and
            those weights were kept; 0 when the best weights were kept as they were.
    """

    name: str
    epochs: tuple[Epoch, ...]
    best: int
    averaged: bool
    stopped: str
    diverged: bool = False
    refitted_on: int = 0

    @property
    def best_loss(self) -> float:
        """Held-out loss of the weights that were kept."""
        epoch = next(epoch for epoch in self.epochs if epoch.number == self.best)
        return epoch.averaged_loss if self.averaged and epoch.averaged_loss is not None else epoch.loss
