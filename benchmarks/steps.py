"""One training step of the same network against plain eager PyTorch, and what bfloat16 costs in accuracy."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.child import run
from benchmarks.page import PETS, Answer, Row, table
from benchmarks.sides import write_sides
from enxerto.engines import has_native_bf16

STEPS = 5
PLAIN = {
    "plain PyTorch, batch norm in training mode": {"BATCH_NORM": "train"},
    "plain PyTorch, batch-norm statistics frozen": {},
}
OURS = {"ours, whole network": {"STAGES": "all"}, "ours, default recipe": {}}


def step(photos: Path, _repeats: int) -> Iterator[str]:
    """Photos learned from a second, then fp32 against bf16."""
    yield "## One step of fine-tuning"
    where = photos / "cats-dogs"
    if not where.is_dir():
        yield "Not measured: the folder cats-dogs is missing."
        return
    plain = {name: run("plain_step", where, STEPS=str(STEPS), **options) for name, options in PLAIN.items()}
    ours = {
        f"{name}, {precision}": run("our_step", where, STEPS=str(STEPS), PRECISION=precision, **options)
        for name, options in OURS.items()
        for precision in _precisions()
    }
    fastest = max(answer["rate"] for answer in plain.values())
    stages = min(answer["stages"] for answer in ours.values())
    measured = next(iter(plain.values()))
    yield (
        f"EfficientNet-Lite0 on photos of cats-dogs, batches of {measured['batch']}, AdamW; the median of "
        f"{measured['steps']} steps after {measured['warm_up']} more. Plain PyTorch is eager, contiguous and fp32. "
        "Ours is channels last, with the batch-norm statistics frozen, the gradient clipped and the moving average "
        f"kept; by default the last {stages} stages and the head learn, on maps that the frozen part made before. "
        "Pixels and maps are in memory; the third column adds the seconds that decoding and the frozen part took for "
        "each photo, to our side only. Ratios are to the faster plain loop."
    )
    rows = [_rates(name, answer, fastest) for name, answer in (plain | ours).items()]
    yield table(("", "photos a second", "ratio", "with frozen part and decoding", "ratio"), rows)
    yield from _precision(photos)


def _precisions() -> tuple[str, ...]:
    return ("fp32", "bf16") if has_native_bf16() else ("fp32",)


def _rates(name: str, answer: Answer, fastest: float) -> Row:
    rate = answer["rate"]
    row = (name, f"{rate:.1f}/s", f"{rate / fastest:.2f}×")
    if not answer.get("preparing_a_photo"):
        return *row, "", ""
    whole = 1 / (1 / rate + answer["preparing_a_photo"])
    return *row, f"{whole:.1f}/s", f"{whole / fastest:.2f}×"


def _precision(photos: Path) -> Iterator[str]:
    """Fine-tuning in fp32 and bf16, all else equal."""
    if not has_native_bf16():
        yield "This processor has no native bf16, so that `auto` fine-tunes in fp32."
        return
    yield "Fine-tuning in both precisions, all else equal, on photos not learned from:"
    rows: list[Row] = []
    for name, options in (("ants-bees", {}), ("pets37", PETS)):
        if not (photos / name).is_dir():
            rows.append((name, "not measured: the folder is missing", "", "", ""))
            continue
        with tempfile.TemporaryDirectory() as folder:
            if options:
                split = Path(folder) / "split.csv"
                write_sides(photos / name, split, options["LABEL_PATTERN"], 0)
                options = {**options, "SPLIT": str(split)}
            for precision in ("fp32", "bf16"):
                answer = run("our_ways", photos / name, VIEWS="1", PRECISION=precision, **options)
                tuned = answer["points"][-1]
                shown = f"{name}, {answer['photos']} photos"
                kept = ", ".join(str(epoch) for epoch in answer["best_epochs"])
                rows.append((shown, precision, kept, f"{tuned['accuracy']:.4f}", f"{tuned['log_loss']:.4f}"))
    yield table(("photos", "precision", "epoch whose weights were kept", "accuracy", "log loss"), rows)
