"""A network that PyTorch exported as a program (`torch.export`, a `.pt2` file), cut where backbones are cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import fx, nn

from enxerto.backbones.model_files.program_check import require_plain, tensors_only
from enxerto.errors import IntegrityError

aten = torch.ops.aten
_SOFTMAX = (aten.softmax.int, aten._softmax.default)
_FLEXIBLE_PX = 224


class ProgramNetwork(nn.Module):
    """Normalized pixels to logits, or to features and maps on the way there.

    Args:
        program: of a network with one input of photos, channels first, and one output.

    Attributes:
        num_classes: of its own; 0 where the output doesn't come from a linear layer.
        size_px: of the squares that it takes; where it takes any, 224.
        fixed_size: it takes no others.

    Raises:
        IntegrityError: it takes or gives something else.
    """

    def __init__(self, program: fx.GraphModule) -> None:
        super().__init__()
        start = _only([node for node in program.graph.nodes if node.op == "placeholder"], "input")
        outputs = next(node for node in program.graph.nodes if node.op == "output").args[0]
        end = _only(list(outputs) if isinstance(outputs, list | tuple) else [outputs], "output")
        self.size_px, self.fixed_size, self._single = _looks_at(start)
        logits = end.args[0] if end.target in _SOFTMAX else end
        classifies = logits.target == aten.linear.default
        features = logits.args[0] if classifies else end
        self.num_classes = int(_shape(logits)[-1]) if classifies else 0
        gives_maps = len(_shape(features)) == 4 and int(_shape(features)[-1]) > 1
        if not gives_maps and len(_shape(features)) not in (2, 4):
            raise IntegrityError(f"a backbone gives vectors or maps, and the program gives shape {_shape(end)}")
        maps = features if gives_maps else _maps_before(features, start)
        self.to_maps = _part(program, start, maps)
        self.to_features = None if gives_maps else _part(program, maps, features)
        self.to_logits = _part(program, features, logits) if classifies else None

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Logits, or features where the program has no classes.

        Args:
            inputs: normalized pixels, shape (batch, 3, size, size).
        """
        return self.forward_head(self.forward_features(inputs))

    def forward_features(self, inputs: torch.Tensor) -> torch.Tensor:
        """The last maps, shape (batch, channel, height, width)."""
        return self._each(self.to_maps, inputs)

    def forward_head(self, maps: torch.Tensor, *, pre_logits: bool = False) -> torch.Tensor:
        """From the last maps to logits, or to features, which are their average where the program ends with them."""
        features = maps.mean((2, 3)) if self.to_features is None else self._each(self.to_features, maps)
        if pre_logits or self.to_logits is None:
            return features.flatten(1)
        return self._each(self.to_logits, features).flatten(1)

    def _each(self, part: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
        """Photo by photo where the program was made for one."""
        if not self._single or len(inputs) == 1:
            output: torch.Tensor = part(inputs)
            return output
        return torch.cat([part(inputs[row : row + 1]) for row in range(len(inputs))])


def open_program(path: Path) -> ProgramNetwork:
    """The network in a `.pt2` file.

    Raises:
        IntegrityError: it is none, it is damaged, or opening it would run more than PyTorch's operators on tensors.
    """
    require_plain(path)
    try:
        with tensors_only():
            program = torch.export.load(path).module(check_guards=False)
        return ProgramNetwork(program)
    except IntegrityError:
        raise
    except Exception as error:  # PyTorch meets damaged and foreign files with whatever error it runs into
        reason = " ".join(str(error).split())[:300]
        raise IntegrityError(f"{path} is no exported program that can be opened: {reason}") from error


def _only(nodes: list[Any], what: str) -> Any:
    if len(nodes) != 1:
        raise IntegrityError(f"a backbone has one {what}, and the program has {len(nodes)}")
    return nodes[0]


def _shape(node: fx.Node) -> tuple[Any, ...]:
    value = node.meta.get("val")
    return tuple(value.shape) if isinstance(value, torch.Tensor) else ()


def _looks_at(start: fx.Node) -> tuple[int, bool, bool]:
    """Side of the squares, whether others are refused, and whether it takes one photo at a time."""
    shape = _shape(start)
    if len(shape) != 4 or shape[1] != 3 or not (isinstance(shape[0], torch.SymInt) or shape[0] == 1):
        raise IntegrityError(
            f"a program must take photos of shape (batch, 3, size, size), one at a time or any number, got {shape}"
        )
    height, width = shape[2:]
    if isinstance(height, int) and height == width:
        return height, True, shape[0] == 1
    if isinstance(height, torch.SymInt) and isinstance(width, torch.SymInt):
        return _FLEXIBLE_PX, False, shape[0] == 1
    raise IntegrityError(f"a program must take squares, got {height} x {width} pixels")


def _maps_before(features: fx.Node, start: fx.Node) -> fx.Node:
    """The last node on the way to the features with a height and a width; the input where they follow from none."""
    node: Any = features
    while node is not start and isinstance(node, fx.Node):
        shape = _shape(node)
        if len(shape) == 4 and (isinstance(shape[-1], torch.SymInt) or shape[-1] > 1) and _leads(node, features):
            return node
        node = next((argument for argument in node.args if isinstance(argument, fx.Node)), start)
    return start


def _leads(start: fx.Node, end: fx.Node) -> bool:
    return not any(node.op == "placeholder" for node in _needed(start, end))


def _needed(start: fx.Node, end: fx.Node) -> set[fx.Node]:
    found: set[fx.Node] = set()
    waiting = [end]
    while waiting:
        node = waiting.pop()
        if node not in found and node is not start:
            found.add(node)
            waiting.extend(node.all_input_nodes)
    return found


def _part(whole: fx.GraphModule, start: fx.Node, end: fx.Node) -> fx.GraphModule:
    """From one node to another."""
    needed, graph = _needed(start, end), fx.Graph()
    copied = {start: graph.placeholder("inputs")}
    for node in whole.graph.nodes:
        if node in needed:
            copied[node] = graph.node_copy(node, copied.__getitem__)
    graph.output(copied[end])
    return fx.GraphModule(whole, graph)
