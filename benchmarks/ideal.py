"""Ideal images: what networks that had no part in them see in the saved files, and seconds, against plain and peers."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.child import run
from benchmarks.ideal_task import IMAGES, Task
from benchmarks.judged_ideal import REAL
from benchmarks.page import Answer, Row, table
from benchmarks.rival_ideal import PEERS
from enxerto.evaluation.intervals import wilson

PEER_PYTHON, CHOSEN = "IDEAL_PYTHON", "IDEAL_PEERS"
PEER_SEEDS, PEER_MINUTES = "IDEAL_PEER_SEEDS", "IDEAL_PEER_MINUTES"
"""Variables: the interpreter that has the peers; which of them, separated by commas, all by default; the seeds of every
side but our default recipe, `1` by default; and minutes for each peer, `15`."""
MAKER, SIBLING, UNRELATED = "efficientnet_lite0", "efficientnet_lite2", "squeezenet1_1"
JUDGES = (MAKER, SIBLING, UNRELATED)
ENSEMBLE = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")
PLAIN = "plain PyTorch, the lesson's recipe"
TOGETHER = "ours, Lite0, Lite1 and Lite2 together"
DEFAULT = "ours, default recipe"
EXACT = "ours, default recipe, gradients in fp32"
OURS = {
    DEFAULT: {"BACKBONES": MAKER},
    EXACT: {"BACKBONES": MAKER, "KNOBS": '{"precision": "fp32"}'},
    "ours, the lesson's recipe": {"BACKBONES": MAKER, "RECIPE": "lesson"},
    TOGETHER: {"BACKBONES": ",".join(ENSEMBLE)},
}
HEADER = (
    "", "images", "Lite0: top-1", "Lite2: top-1", "top-5", "SqueezeNet: top-1", "top-5", "95 % of top-1",
)  # fmt: skip


def ideal(photos: Path, _repeats: int) -> Iterator[str]:
    """Ours, the lesson in plain PyTorch, and the peers, judged by the same networks."""
    yield "## Ideal images"
    task = Task.asked()
    chosen = os.environ.get(CHOSEN, ",".join(PEERS)).split(",")
    peer_task = Task(task.classes, int(os.environ.get(PEER_SEEDS, "1")), task.steps)
    minutes = os.environ.get(PEER_MINUTES, "15")
    with tempfile.TemporaryDirectory() as folder:
        made = {PLAIN: made_by("plain_ideal", photos, peer_task, Path(folder) / "plain")}
        for number, (name, options) in enumerate(OURS.items()):
            asked = task if name == DEFAULT else peer_task
            made[name] = made_by("our_ideal", photos, asked, Path(folder) / f"ours{number}", **options)
        plain, first = made[PLAIN], made[DEFAULT]
        peers = [
            made_by("rival_ideal", photos, peer_task, Path(folder) / f"peer{number}", RIVAL=name, MINUTES=minutes)
            for number, name in enumerate(chosen)
        ]
        made |= {peer["rival"]: peer for peer in peers if "error" not in peer}
        judged = judged_by(JUDGES, photos, Path(folder))
    yield (
        f"{task.classes} classes of ImageNet, animals and things in turn; seeds of each: {task.seeds} for our default "
        f"recipe, {peer_task.seeds} for the others. The recipe was tuned on other classes. "
        "EfficientNet-Lite0 makes the images, and nobody else has a say before they are saved. "
        "The files are read back and shown to it, to a sibling, Lite2, and to an unrelated network, SqueezeNet 1.1. "
        f"Plain PyTorch is eager, {plain['batch']} images a batch. Peers run with their documented defaults on the "
        f"same network, with no further image once {minutes} minutes are over." + trial(task)
    )
    yield table(HEADER, [*(score(name, answer, judged) for name, answer in made.items()), *_real(judged)])
    yield (
        "The last column is Wilson's interval of SqueezeNet's top-1. Lite2 is one of the makers where three make the "
        "images together. Real photos are those of the folder imagenet: what the judges reach where nothing is made. "
        f"Of plain PyTorch's images, Lite0 puts {plain['sure']} of {plain['images']} first as they are in memory; a "
        "file is seen through each network's own resizing and cropping, which pixel-sized patterns may not survive."
    )
    rows = [(name, str(answer["size"]), *_seconds(answer), ratio(plain, answer)) for name, answer in made.items()]
    yield table(("", "side in pixels", "steps", "seconds an image", "seconds a step", "ratio to plain PyTorch"), rows)
    yield (
        f"Seconds are wall time, divided by images and by their steps. Ours ran on {first['engine']}, gradients by "
        f"default in {first['gradients']}; opening and converting took "
        f"{first['preparing']:.1f} seconds more, once on a machine."
    )
    left_out = sorted(set(PEERS) - set(chosen))
    if left_out:
        yield f"Left out of this run: {', '.join(left_out)}."
    failed = [f"{peer['rival']}: {peer['error']}" for peer in peers if "error" in peer]
    if failed:
        yield f"What did not run, and why: {'; '.join(failed)}."


def made_by(module: str, photos: Path, task: Task, folder: Path, home: Path | None = None, **options: str) -> Answer:
    """Have a side make its images; the answer knows their folder. A home keeps what is converted for the next one."""
    folder.mkdir()
    python = os.environ.get(PEER_PYTHON) or sys.executable
    environment = {**task.environment(folder), **options}
    answer = run(module, photos, home, python if module.startswith("rival") else sys.executable, **environment)
    return {**answer, "folder": folder.name}


def judged_by(judges: tuple[str, ...], photos: Path, folder: Path) -> Answer:
    """Ranks of the right classes, by judge and folder."""
    return run("judged_ideal", photos, JUDGES=",".join(judges), **{IMAGES: str(folder)})


def score(name: str, answer: Answer, judged: Answer) -> Row:
    """What the judges see in one side's images."""
    own, sibling, unrelated = (judged[judge][answer["folder"]]["ranks"] for judge in JUDGES)
    of = len(own)
    interval = wilson(_top(unrelated, 1) / of, of)
    tops = (_top(own, 1), _top(sibling, 1), _top(sibling, 5), _top(unrelated, 1), _top(unrelated, 5))
    return name, str(of), *(f"{top / of:.0%}" for top in tops), f"{interval.low:.0%} to {interval.high:.0%}"


def ratio(plain: Answer, answer: Answer) -> str:
    """How many steps a side does in the time of one of plain PyTorch's."""
    return f"{plain['seconds'] / plain['steps'] / (answer['seconds'] / answer['steps']):.2f}×"


def _top(ranks: list[int], best: int) -> int:
    return sum(rank <= best for rank in ranks)


def _seconds(answer: Answer) -> Row:
    an_image = answer["seconds"] / answer["images"]
    steps = answer["steps"] / answer["images"]
    return f"{steps:.0f}", f"{an_image:.1f}", f"{an_image / steps:.4f}"


def _real(judged: Answer) -> list[Row]:
    return [score("real photos", {"folder": REAL}, judged)] if REAL in judged[MAKER] else []


def trial(task: Task) -> str:
    """A warning where a side doesn't do what it would."""
    return "" if task.steps is None else f" This is a trial: every side does {task.steps} steps only."
