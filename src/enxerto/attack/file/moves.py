"""Unit moves on the lattice of grey levels: which changes to take back and which to make, by gain and cost."""

from __future__ import annotations

from dataclasses import dataclass

import torch

_LEVELS_A_MOVE = 4
_SAFETY = 1.05
_TINY = 1e-12
_FEW, _SAMPLE = 4096, 65_536


@dataclass(frozen=True, eq=False)
class Moves:
    """What the gradient says of every move from where the search is.

    A unit is a value of a pixel; for `l0` it is a pixel.

    Attributes:
        change: so far, whole grey levels, shape (3, height, width).
        gradient: of the margin, in grey levels, same shape.
        room: least and largest change of each value.
        norm: one of `NORMS`; for `linf`, moves cost what they cost in `l2`.
        radius: largest change of a value, for `linf`.
    """

    change: torch.Tensor
    gradient: torch.Tensor
    room: tuple[torch.Tensor, torch.Tensor]
    norm: str
    radius: float

    def exchanged(self, share: float, spare: float) -> torch.Tensor:
        """Take back the changes that gain least for their cost, and make up for what is missing with better ones.

        Args:
            share: of the cost that is taken back, in (0, 1].
            spare: how much of the margin may be lost.
        """
        change = self.change.clone()
        lost = self._take_back(change, share) - spare
        if lost > 0:
            self._make(change, lost * _SAFETY)
        return change

    def _take_back(self, change: torch.Tensor, share: float) -> float:
        """Change in place; returns the gain that went with it, by the gradient."""
        after = torch.zeros_like(change) if self.norm in ("l0", "l1") else change - change.sign()
        gain, cost = self._units(change, after)
        ratio = torch.where(cost > 0, gain / cost.clamp_min(_TINY), torch.inf)
        taken = leading(ratio, cost.clamp_min(0), share * float(cost.sum()))
        self._apply(change, after, taken)
        return float(gain[taken].sum())

    def _make(self, change: torch.Tensor, missing: float) -> None:
        """Change in place what gains most for its cost, until nothing is missing by the gradient."""
        after = self._further(change)
        gain, cost = self._units(after, change)
        ratio = torch.where((cost > 0) & (gain > 0), gain / cost.clamp_min(_TINY), 0)
        self._apply(change, after, leading(-ratio, gain.clamp_min(0) * (ratio > 0), missing, beyond=True))

    def _further(self, change: torch.Tensor) -> torch.Tensor:
        """Where each value would go."""
        levels = {"l0": 255, "l1": _LEVELS_A_MOVE}.get(self.norm, 1)
        after = change + levels * self.gradient.sign()
        if self.norm == "linf":
            after = after.clamp(-self.radius, self.radius)
        return torch.maximum(torch.minimum(after, self.room[1]), self.room[0])

    def _units(self, high: torch.Tensor, low: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Margin that goes when each unit goes from `high` to `low`, and the cost that is saved."""
        gain = (self.gradient * (high - low)).flatten(1)
        if self.norm == "l0":
            changed = ((high != 0).any(0).float() - (low != 0).any(0).float()).flatten()
            return gain.sum(0), changed
        power = 1 if self.norm == "l1" else 2
        return gain.flatten(), (high.abs().pow(power) - low.abs().pow(power)).flatten()

    def _apply(self, change: torch.Tensor, after: torch.Tensor, units: torch.Tensor) -> None:
        if self.norm == "l0":
            change.flatten(1)[:, units] = after.flatten(1)[:, units]
        else:
            change.view(-1)[units] = after.reshape(-1)[units]


def leading(order: torch.Tensor, weight: torch.Tensor, wanted: float, *, beyond: bool = False) -> torch.Tensor:
    """Which come first, as many as weigh so much together; without sorting them all.

    Where more than a few are needed, how many is told from a sample.

    Args:
        order: the smallest come first; those at infinity never, shape (n,).
        weight: at least 0, shape (n,).
        wanted: what they weigh at most.
        beyond: one more, so that they weigh at least that.

    Returns:
        int64 indices.
    """
    few = order.topk(min(_FEW, len(order)), largest=False).indices
    if len(few) < len(order) and float(weight[few].sum()) < wanted:
        stride = max(1, len(order) // _SAMPLE)
        sample = order[::stride].sort()
        last = int((weight[::stride][sample.indices].cumsum(0) * stride < wanted).sum())
        return torch.nonzero((order <= sample.values[min(last, len(sample.values) - 1)]) & (order < torch.inf))[:, 0]
    sums = weight[few].cumsum(0)
    count = int((sums < wanted).sum()) + 1 if beyond else int((sums <= wanted).sum())
    first = few[:count]
    return first[order[first] < torch.inf]
