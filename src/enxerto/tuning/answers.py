"""What a network says of photos, put together from all processes."""

from __future__ import annotations

from collections.abc import Callable

import torch

from enxerto.tuning.inputs import Inputs
from enxerto.tuning.network import TunableNetwork
from enxerto.tuning.task import Surroundings
from enxerto.types import Features, Labels, Logits

ANSWERED_AT_ONCE = 64

Change = Callable[[torch.Tensor, Labels], torch.Tensor]
"""Of inputs of photos in these rows, before they are answered."""


def answers(
    network: TunableNetwork, inputs: Inputs, rows: Labels, around: Surroundings, change: Change | None = None
) -> tuple[Features, Logits]:
    """Features and logits of photos as they are in use, in fp32, put together from all processes.

    Args:
        network: in evaluation mode.
        inputs: of which view 0 is taken.
        rows: of photos.
        around: where it runs.
        change: made to the photos first; `None` takes them as they are.

    Returns:
        float32, shape (rows, features), and float64, shape (rows, classes).
    """
    network.eval()
    features = torch.zeros(len(rows), network.weight.shape[1], device=around.device)
    for start in range(0, len(rows), ANSWERED_AT_ONCE):
        mine = around.team.share(range(start, min(start + ANSWERED_AT_ONCE, len(rows))))
        if len(mine):
            batch = inputs.batch(rows[mine], 0).to(around.device)
            batch = batch if change is None else change(batch, rows[mine])
            with torch.inference_mode():
                features[list(mine)] = network.tail(batch).float()
    around.team.add_up([features])
    with torch.inference_mode():
        logits = torch.nn.functional.linear(features, network.weight, network.bias)
    return features.cpu().numpy(), logits.double().cpu().numpy()
