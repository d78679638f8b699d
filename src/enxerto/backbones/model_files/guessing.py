"""Which preprocessing a network was trained with, told by its first batch normalization.

It knows the mean and variance that its input had in training. Photos that are prepared as they were then come close to
both; photos prepared otherwise don't, as a rule by far.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn

from enxerto.backbones.model_files.names import MODES
from enxerto.errors import OptionError

CLEAR = 2.0
"""The best preprocessing must be as many times nearer than the next to be taken without being told."""
CLOSE = 4.0
"""And no farther than this: standard deviations, squared and averaged over the channels."""
BGR = "caffe"


@dataclass(frozen=True)
class Distance:
    """How far a preprocessing is from what the network knows."""

    mode: str
    value: float


def distances(network: nn.Module, pixels: torch.Tensor) -> list[Distance]:
    """The distance of every preprocessing, the nearest first; empty where the network has no batch normalization.

    Args:
        network: takes normalized pixels, red first.
        pixels: of photos, in [0, 1], shape (batch, 3, size, size).
    """
    found = []
    for mode, (mean, std) in MODES.items():
        prepared = (pixels - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1)
        with torch.inference_mode():
            distance = first_distance(network, prepared.flip(1) if mode == BGR else prepared)
        if distance is None:
            return []
        found.append(Distance(mode, distance))
    return sorted(found, key=lambda each: each.value)


def choose(name: str, told: str | None, measured: list[Distance]) -> str:
    """The preprocessing that the layers tell or the statistics show.

    Raises:
        OptionError: neither does, or one contradicts the other; the message says how to give it.
    """
    ask = f"say it: {name}::torch, ::tf, ::caffe, ::inside (0 to 255) or ::unit (0 to 1)"
    if not measured:
        if told is None:
            raise OptionError(f"nothing in {name} tells how it wants photos prepared; {ask}")
        return told
    best, second = measured[:2]
    if told is not None:
        value = next(each.value for each in measured if each.mode == told)
        if value > CLEAR * best.value and value > CLOSE:
            raise OptionError(
                f"{name} seems to want its photos prepared as {told}, but its batch normalization has seen such as "
                f"{best.mode} gives; {ask}"
            )
        return told
    if best.value > CLOSE or second.value < CLEAR * best.value:
        raise OptionError(
            f"nothing in {name} tells how it wants photos prepared: {best.mode} and {second.mode} fit about as well; "
            f"{ask}"
        )
    return best.mode


def first_distance(network: nn.Module, inputs: torch.Tensor) -> float | None:
    """Of the input of the first batch normalization from what that knows; `None` where there is none."""
    part = getattr(network, "to_maps", None)
    if isinstance(part, fx.GraphModule):
        return _in_program(part, inputs)
    module = next((each for each in network.modules() if type(each).__name__ == "BatchNormalization"), None)
    if module is None:
        return None
    seen: list[torch.Tensor] = []
    hook = module.register_forward_pre_hook(lambda _module, given: seen.append(given[0]))
    try:
        network(inputs)
    finally:
        hook.remove()
    known: Any = module
    return _distance(seen[0].flatten(0, -2), known.moving_mean, known.moving_variance)


def _in_program(part: fx.GraphModule, inputs: torch.Tensor) -> float | None:
    first = next((node for node in part.graph.nodes if node.target == torch.ops.aten.batch_norm.default), None)
    if first is None:
        return None
    found: list[float] = []

    class Watching(fx.Interpreter):
        def run_node(self, n: fx.Node) -> Any:
            if n is first and not found:
                given, _, _, mean, variance = self.fetch_args_kwargs_from_env(n)[0][:5]
                found.append(_distance(given.movedim(1, -1).flatten(0, -2), mean, variance))
            return super().run_node(n)

    for row in range(len(inputs)):
        Watching(part).run(inputs[row : row + 1])
    return found[0]


def _distance(values: torch.Tensor, mean: torch.Tensor, variance: torch.Tensor) -> float:
    """Of the mean in standard deviations, squared, plus the squared logarithm of the variances' ratio; the median."""
    shifted = (values.mean(0) - mean).square() / (variance + 1e-3)
    scaled = ((values.var(0) + 1e-3) / (variance + 1e-3)).log().square()
    return float((shifted + scaled).median())
