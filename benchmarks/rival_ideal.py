"""Peers of ideal images: each with its documented defaults, on the same network with the same weights.

What can't be a default is set as each one's documentation asks for it: the class, the device, and how the network wants
its pixels.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.child import report
from benchmarks.ideal_task import Task, save
from enxerto.backbones import open_backbone

Maker = Callable[[int, int], NDArray[np.float32]]
"""A class's index and how many steps to images in [0, 1], float32, shape (height, width, 3)."""
LAYER = "classifier"
"""Of the network: the one that gives logits."""


def main(_photos: Path) -> dict[str, Any]:
    """Seconds and steps of the images that `RIVAL` makes within `MINUTES`, the first one in any case; or the error."""
    task = Task.asked()
    name = os.environ["RIVAL"]
    peer, rival = PEERS[name], _called(*name.split())
    seconds, done = 0.0, 0
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # one of them downloads into the current directory
        try:
            make, steps = peer()
            steps = task.steps or steps
            for index, seed in task.wanted():
                torch.manual_seed(seed)
                np.random.seed(seed)  # they draw from the global generators
                start = time.perf_counter()
                image = make(index, steps)
                save((image.clip(0, 1) * 255).round().astype(np.uint8), index, seed)
                seconds += time.perf_counter() - start
                done += 1
                if seconds > 60 * float(os.environ["MINUTES"]):
                    break
        except Exception as error:  # noqa: BLE001 - that it fails, and how, is the answer
            return {"rival": rival, "error": " ".join(f"{type(error).__name__}: {error}".split())}
        finally:
            os.chdir(home)
    return {"rival": rival, "seconds": seconds, "images": done, "steps": done * steps, "size": image.shape[0]}


def _called(package: str, function: str) -> str:
    try:
        return f"{package} {version(package)}, `{function}`"
    except PackageNotFoundError:
        return f"{package} (not installed), `{function}`"


def _lucent() -> tuple[Maker, int]:
    """`render_vis` with all its defaults but the normalization, which it assumes to be torchvision's."""
    render, transform = import_module("lucent.optvis.render"), import_module("lucent.optvis.transform")
    network, normalize, _ = _subject()

    def make(index: int, steps: int) -> NDArray[np.float32]:
        transforms = [*transform.standard_transforms, normalize]
        found: NDArray[np.float32] = render.render_vis(
            network, f"{LAYER}:{index}", transforms=transforms, preprocess=False, thresholds=(steps,),
            progress=False, show_image=False,
        )[0][0]  # fmt: skip
        return found

    return make, 512


def _dreamlens(method: str) -> tuple[Maker, int]:
    """`FeatureVisualizer.visualize`."""
    dreamlens = import_module("dreamlens")
    network, normalize, _ = _subject()
    visualizer = dreamlens.FeatureVisualizer(network, quiet=True, preprocess=normalize)
    settings = {"maximize": dreamlens.RenderConfig, "maco": dreamlens.MacoConfig}[method]

    def make(index: int, steps: int) -> NDArray[np.float32]:
        target = dreamlens.FeatureTarget.for_class(index, layer=LAYER)
        image = visualizer.visualize(target, method=method, config=settings(steps=steps)).as_chw()
        found: NDArray[np.float32] = image.detach().permute(1, 2, 0).numpy()
        return found

    return make, settings().steps


def _horama(function: str) -> tuple[Maker, int]:
    """The function with the range of pixels that the network expects."""
    horama = import_module("horama")
    network, _, (low, high) = _subject()

    def make(index: int, steps: int) -> NDArray[np.float32]:
        def objective(pixels: torch.Tensor) -> torch.Tensor:
            return network(pixels)[:, index].mean()  # type: ignore[no-any-return]  # a network returns anything

        image, _ = getattr(horama, function)(objective, total_steps=steps, values_range=(low, high), device="cpu")
        found: NDArray[np.float32] = ((image.detach() - low) / (high - low)).permute(1, 2, 0).numpy()
        return found

    return make, 1000


def _subject() -> tuple[Any, Callable[[torch.Tensor], torch.Tensor], tuple[float, float]]:
    """The network as timm builds it, how pixels in [0, 1] are normalized for it, and the range that this gives."""
    backbone = open_backbone()
    looks = backbone.preprocessing
    mean, deviation = (torch.tensor(values).view(3, 1, 1) for values in (looks.mean, looks.std))
    low, high = (float(((edge - mean) / deviation).mean()) for edge in (0, 1))
    return backbone.network.eval(), lambda pixels: (pixels - mean) / deviation, (low, high)


PEERS: dict[str, Callable[[], tuple[Maker, int]]] = {
    "horama maco": lambda: _horama("maco"),
    "horama fourier": lambda: _horama("fourier"),
    "dreamlens maximize": lambda: _dreamlens("maximize"),
    "dreamlens maco": lambda: _dreamlens("maco"),
    "torch-lucent render_vis": _lucent,
}
"""Package and function: opens it, and gives how many steps its default is."""


if __name__ == "__main__":
    report(main)
