"""Attacks: how small changes that fool are, at equal gradients, in how many seconds, and what is left in a file."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.attack_score import joint_best, median, optimality, ratio, robust
from benchmarks.attack_task import FOLDER, RADII, WITHIN, gradients
from benchmarks.child import run
from benchmarks.our_attack import OURS, SHARES
from benchmarks.page import Answer, Row, table

PYTHON, CHOSEN, MINUTES = "ATTACK_PYTHON", "ATTACK_RIVALS", "ATTACK_MINUTES"
"""Variables: the interpreter that has adv-lib and torchattacks; which of the libraries, separated by commas, all by
default; minutes that each attack of a rival may take, `15` by default."""
HERE, THERE = ("foolbox", "adversarial-robustness-toolbox"), ("adv-lib", "torchattacks")
TITLES = {
    "linf": "L-infinity, in grey levels",
    "l2": "L2, of values in [0, 1]",
    "l1": "L1, of values in [0, 1]",
    "l0": "L0, in pixels",
    "values": "the same L0 attacks, in values: three a pixel, which the rivals keep small",
}
UNITS = {"linf": 255}
NETWORKS = {
    "EfficientNet-Lite0 with ImageNet's classes": "imagenet",
    "A model of cats and dogs, `enxerto train cats-dogs`": "cats-dogs",
}
"""What is attacked, and the folder of its photos."""


def attack(photos: Path, _repeats: int) -> Iterator[str]:
    """Ours and the libraries, in every norm; then within radii, on both networks; and the whole command."""
    yield "## Attacks"
    errors: dict[str, None] = {}
    for network, folder in NETWORKS.items():
        yield f"### {network}"
        if (photos / folder).is_dir():
            yield from _compared_on(network, photos / folder, errors)
        else:
            yield f"Not measured: the folder {folder} is missing."
    if (photos / "imagenet").is_dir():
        yield _command(run("our_attack_command", photos / "imagenet"))
    left_out = sorted({*HERE, *THERE} - set(libraries()))
    if left_out:
        yield f"Left out of this run: {', '.join(left_out)}."
    if errors:
        yield f"What did not run, and why: {'; '.join(errors)}."


def _compared_on(network: str, photos: Path, errors: dict[str, None]) -> Iterator[str]:
    """Everything on one network; what failed is added to the errors."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as warm:
        shared, home = {FOLDER: folder}, Path(warm)
        chosen = run("attacked_photos", photos, home, **shared)
        ours = run("our_attack", photos, home, **shared)
        rivals = [_rival(library, photos, home, shared) for library in libraries()]
        files = run("judged_attack", photos, home, **shared)
    runs = [_judged(each, files) for side in (ours, *rivals) for each in side["runs"]]
    errors |= dict.fromkeys(f"on {network}: {error}" for rival in rivals for error in rival["errors"])
    yield (
        f"{chosen['photos']} photos that it gets right, in a seeded order, at the network's "
        f"{chosen['size_px']} pixels; untargeted. Every side may ask for {gradients()} gradients a photo; what it did "
        "ask for is counted around the network. Rivals are at their documented defaults but for the number of steps, "
        "the length of FMN's first step where a row says so, adv-lib's DDN without its rounding, and EAD by L1; on the "
        f"same network in eager PyTorch, frozen, {'; '.join(_layout(rival) for rival in rivals)}, which is the fastest "
        f"of those tried. Ours ran on {ours['engine']}; converting the gradients took {ours['preparing']:.1f} seconds "
        "more, once on a machine."
    )
    for measure in TITLES:
        yield from smallest(measure, [each for each in runs if measure in each["distances"] and not each["radius"]])
    yield from within([each for each in runs if each["radius"] or (each["name"] == OURS and each["norm"] in WITHIN)])


def libraries() -> list[str]:
    """That were asked for."""
    return os.environ.get(CHOSEN, ",".join((*HERE, *THERE))).split(",")


def _rival(library: str, photos: Path, home: Path, shared: dict[str, str]) -> Answer:
    python = os.environ.get(PYTHON) if library in THERE else None
    minutes = os.environ.get(MINUTES, "15")
    return run("rival_attack", photos, home, python or sys.executable, RIVAL=library, MINUTES=minutes, **shared)


def _judged(each: dict[str, Any], files: Answer) -> dict[str, Any]:
    """With the name to show and the share of the files that fool."""
    shown = f"{each['library']}, {each['name']}" if "library" in each else each["name"]
    saved = files[each["file"]]
    return {**each, "shown": shown, "saved": sum(saved) / len(saved), "photos": len(saved)}


def smallest(measure: str, runs: list[dict[str, Any]]) -> Iterator[str]:
    """A table of the attacks that look for the smallest change, and how ours compare with the best rival."""
    norm = "l0" if measure == "values" else measure
    free = [each for each in runs if "settled" not in each]
    best = joint_best([each["distances"][measure] for each in free])
    scores = {each["shown"]: optimality(each["distances"][measure], best) for each in free}
    at = () if measure == "values" else tuple(f"accuracy at {_size(norm, radius)}" for radius in RADII[norm])
    header = (
        f"**{TITLES[measure]}**", "gradients", "answers", "fooled", "median", "optimality", "times the best", *at,
        "seconds", "processor seconds", "PNGs that fool",
    )  # fmt: skip
    rows = []
    for each in sorted(runs, key=lambda each: -scores.get(each["shown"], -1)):
        far = each["distances"][measure]
        score = f"{scores[each['shown']]:.4f}" if each["shown"] in scores else ""
        left = (f"{robust(far, radius):.0%}" for radius in RADII[norm][: len(at)])
        rows.append((
            each["shown"], *_counts(each), f"{1 - robust(far, 1e9):.0%}", f"{median(far) * UNITS.get(norm, 1):.4g}",
            score, f"{ratio(far, best):.3f}", *left, *_seconds(each), f"{each['saved']:.0%}",
        ))  # fmt: skip
    yield table(header, rows)
    rivals = [each for each in free if "library" in each]
    if rivals:
        yield _compared(scores, free, max(rivals, key=lambda each: scores[each["shown"]]))


def _compared(scores: dict[str, float], free: list[dict[str, Any]], rival: dict[str, Any]) -> str:
    goal = scores[rival["shown"]]
    enough = [each for each in free if each["name"] in SHARES and scores[each["shown"]] >= goal]
    text = (
        f"The best rival is {rival['shown']}: {goal:.4f} in {rival['seconds'] / rival['photos']:.1f} seconds a photo."
    )
    if not enough:
        return f"{text} None of ours is as good."
    ours = min(enough, key=lambda each: each["seconds"])
    share = ours["seconds"] / rival["seconds"]
    return f"{text} The fastest of ours that is at least as good, `{ours['name']}`, takes {share:.2f} of that."


def within(runs: list[dict[str, Any]]) -> Iterator[str]:
    """Tables of what is left at each radius by those that are told the radius, next to the smallest changes."""
    yield (
        f"Attacks that are told the radius, each radius with {gradients() // len(RADII['linf'])} steps, so that all "
        "radii together take what one search for the smallest change takes; that one gives every radius at once."
    )
    for norm in WITHIN:
        radii = RADII[norm]
        header = (f"**{norm}**: accuracy left at", *(_size(norm, radius) for radius in radii))
        files = tuple(f"PNGs that fool, {_size(norm, radius)}" for radius in radii)
        rows: list[Row] = []
        here = [each for each in runs if each["norm"] == norm]
        for shown in dict.fromkeys(each["shown"] for each in here):
            same = [each for each in here if each["shown"] == shown]
            whole = same[0]["radius"] is None
            of = {radius: same[0] if whole else _at(same, radius) for radius in radii}
            left = ("" if (each := of[r]) is None else f"{robust(each['distances'][norm], 1e9 if not whole else r):.0%}"
                    for r in radii)  # fmt: skip
            saved = ("" if whole or (each := of[r]) is None else f"{each['saved']:.0%}" for r in radii)
            seconds = sum(each["seconds"] / each["photos"] for each in same)
            rows.append((f"{shown}, smallest change" if whole else shown, *left, f"{seconds:.2f}", *saved))
        yield table((*header, "seconds a photo, all radii", *files), rows)


def _at(runs: list[dict[str, Any]], radius: float) -> dict[str, Any] | None:
    return next((each for each in runs if each["radius"] == radius), None)


def _counts(each: dict[str, Any]) -> Row:
    return tuple(f"{each[key] / each['photos']:.0f}" for key in ("backwards", "forwards"))


def _seconds(each: dict[str, Any]) -> Row:
    return tuple(f"{each[key] / each['photos']:.2f}" for key in ("seconds", "processor_seconds"))


def _size(norm: str, radius: float) -> str:
    return f"{radius * 255:.3g}/255" if norm == "linf" else f"{radius:.3g}"


def _layout(rival: Answer) -> str:
    return (
        f"{rival['library']} in batches of {rival['batch']} {rival['format']} "
        f"({rival['gradient_seconds'] * 1000:.0f} ms a gradient)"
    )


def _command(command: Answer) -> str:
    width, height = command["size"]
    change = command["change"] or {}
    stages = ", ".join(f"{name} {seconds:.1f}" for name, seconds in command["stages"].items())
    figures = ", ".join(f"{name} {value:.4g}" for name, value in change.items() if isinstance(value, (int, float)))
    return (
        f"`enxerto attack PHOTO --target {command['target']!r}`, a photo of {width} × {height} pixels changed at its "
        f"own size, with a confidence of 0.9: the whole command, start-up and page included, took "
        f"{command['seconds']:.1f} seconds with warm caches, of them by stage: {stages}. It asked for "
        f"{command['backwards']} gradients and {command['forwards']} answers. The file, read back, "
        f"{'fools' if command['fooled'] else 'does not fool'} ({figures}). No rival does this."
    )
