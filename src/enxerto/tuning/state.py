"""Everything that a fit can be continued from: weights, their average, the best so far, the optimizer, the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import torch

from enxerto.errors import IntegrityError, OptionError
from enxerto.files import write_durably
from enxerto.tuning.history import Epoch
from enxerto.tuning.network import TunableNetwork

Tensors = dict[str, torch.Tensor]


@dataclass
class Numbers:
    """The numbers of a fit under way.

    Attributes:
        identity: of everything that decides the fit; a checkpoint of another one is refused.
        step: steps done.
        pieces: that a batch is computed in.
        first_loss: on the photos held out, before any step and without a temperature.
        total_loss: summed over the photos of the epoch so far.
        seconds: spent in the epoch so far.
        epochs: done.
        best: the epoch with the lowest held-out loss so far.
        averaged: it was its moving average that had it.
        best_loss: that loss.
        stopped: why the fit ended; empty while it goes on.
        diverged: it ended because learning went wrong.
    """

    identity: str
    step: int = 0
    pieces: int = 1
    first_loss: float = 0.0
    total_loss: float = 0.0
    seconds: float = 0.0
    epochs: list[Epoch] = field(default_factory=list)
    best: int = 0
    averaged: bool = False
    best_loss: float = 0.0
    stopped: str = ""
    diverged: bool = False


@dataclass
class State:
    """A fit under way.

    Attributes:
        network: that learns.
        optimizer: of its parameters.
        average: moving average of its weights, by name; empty where the recipe keeps none.
        best: the weights with the lowest held-out loss, by name.
        numbers: everything else.
    """

    network: TunableNetwork
    optimizer: torch.optim.Optimizer
    average: Tensors
    best: Tensors
    numbers: Numbers

    def save(self, path: Path) -> None:
        """Write a checkpoint; after a crash there is the old one or the new one.

        Raises:
            StorageError: the disk is full, or the path can't be written.
        """
        from safetensors.torch import save

        tensors = {
            **_named("network", self.network.state_dict()),
            **_named("average", self.average),
            **_named("best", self.best),
            **_named("optimizer", self._slots()),
        }
        numbers = msgspec.json.encode(self.numbers).decode()
        plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        write_durably(path, save(plain, {"numbers": numbers}))

    def restore(self, path: Path) -> bool:
        """Go on from a checkpoint; `False` when there is none.

        Raises:
            IntegrityError: the file is no intact checkpoint.
            OptionError: it is one of another fit: other photos, another recipe, another network.
        """
        if not path.is_file():
            return False
        tensors, numbers = _read(path)
        if numbers.identity != self.numbers.identity:
            raise OptionError(
                f"{path} is from a run with other photos, options or versions; give those again, or start anew without "
                "--resume"
            )
        try:
            self.network.load_state_dict(_of("network", tensors))
            self.average = self._placed(_of("average", tensors))
            self.best = self._placed(_of("best", tensors))
            self._fill_slots(_of("optimizer", tensors))
        except (RuntimeError, KeyError, ValueError, IndexError) as error:
            raise _damaged(path, error) from error
        self.numbers = numbers
        return True

    def _placed(self, tensors: Mapping[str, torch.Tensor]) -> Tensors:
        current = self.network.state_dict()
        return {name: torch.empty_like(current[name]).copy_(tensor) for name, tensor in tensors.items()}

    def _slots(self) -> Tensors:
        """The optimizer's tensors, named by the number of their parameter."""
        slots = {}
        for number, values in self.optimizer.state_dict()["state"].items():
            for name, value in values.items():
                if value is not None:
                    slots[f"{number}/{name}"] = torch.as_tensor(value)
        return slots

    def _fill_slots(self, slots: Mapping[str, torch.Tensor]) -> None:
        parameters = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        saved: dict[int, dict[str, Any]] = {}
        for name, tensor in slots.items():
            number, _, slot = name.partition("/")
            like = parameters[int(number)].detach()  # laid out in memory as it is, so that sums round alike
            placed = torch.empty_like(like).copy_(tensor) if tensor.shape == like.shape else tensor
            saved.setdefault(int(number), {})[slot] = placed
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": saved, "param_groups": groups})


def copied(tensors: Mapping[str, torch.Tensor]) -> Tensors:
    """The tensors as they are now."""
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def _named(part: str, tensors: Mapping[str, torch.Tensor]) -> Tensors:
    return {f"{part}/{name}": tensor for name, tensor in tensors.items()}


def _of(part: str, tensors: Mapping[str, torch.Tensor]) -> Tensors:
    prefix = f"{part}/"
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _read(path: Path) -> tuple[Tensors, Numbers]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            numbers = msgspec.json.decode((file.metadata() or {})["numbers"], type=Numbers)
    except (SafetensorError, msgspec.DecodeError, KeyError) as error:
        raise _damaged(path, error) from error
    return tensors, numbers


def _damaged(path: Path, error: Exception) -> IntegrityError:
    reason = " ".join(str(error).split())[:200]
    return IntegrityError(f"{path} is no intact checkpoint ({reason}); start anew without --resume")
