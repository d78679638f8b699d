from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from children import children
from safetensors.torch import load_file
from tiny_engines import write_photos
from tiny_tuning import LEARNING, PLAIN, same, toy_network, toy_task

from enxerto.tuning import Recipe, Surroundings, Team, join_team
from enxerto.tuning.finder import find_rate
from enxerto.tuning.fit import fit

RECIPES = {
    "plain": PLAIN,
    "tricks": replace(
        PLAIN, batch=7, mixup=0.4, dropout=0.3, smoothing=0.1, accumulate=2, optimizer="momentum"
    ),  # the last of 22 photos is a batch of its own, and one process gets nothing of it
}

PAIR = """
import json, os
from pathlib import Path
rank, port, folder = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2", LOCAL_WORLD_SIZE="2",
                  MASTER_ADDR="127.0.0.1", MASTER_PORT=port)
sys.path.insert(0, sys.argv[4])
import torch
from dataclasses import asdict, replace
from safetensors.torch import save_file
from tiny_engines import ProjectionEngine, write_photos
from tiny_engines import write_photos
from tiny_tuning import LEARNING, toy_network, toy_task
from enxerto.backbones import Augmentation
from enxerto.data import list_unlabeled
from enxerto.tuning import Surroundings, join_team
from enxerto.tuning.finder import find_rate
from enxerto.tuning.fit import fit
from enxerto.tuning.inputs import Maps
from test_team import FIND, RECIPES
sys.stdin.readline()
team = join_team()
said = {"team": [team.rank, team.size, join_team() == team], "backend": torch.distributed.get_backend()}
one, two = torch.full((2, 3), 1.0 + rank), torch.arange(4.0).bfloat16() * rank
team.add_up([one, two])
said["sums"] = [one.tolist(), two.tolist(), str(two.dtype)]
leaders = torch.full((3,), float(rank)), torch.tensor(5 + rank)
team.agree(leaders)
said["leaders"] = [leaders[0].tolist(), int(leaders[1])]
for name, recipe in RECIPES.items():
    heard = []
    network = toy_network(seed=rank)  # the leader's is taken
    checkpoint = folder / f"{name}-{rank}.safetensors"
    around = Surroundings(team=team, checkpoint=checkpoint, watch=lambda _, epoch: heard.append(epoch.number))
    history = fit(network, LEARNING, toy_task(33), recipe, around)
    save_file({n: t.contiguous() for n, t in network.state_dict().items()}, folder / f"weights-{name}-{rank}")
    said[name] = [[asdict(epoch) for epoch in history.epochs], heard, checkpoint.exists()]
    network = toy_network(seed=5)
    again = fit(network, LEARNING, toy_task(33), recipe, replace(around, checkpoint=folder / f"{name}-0.safetensors"))
    said[name].append(again.epochs == history.epochs if rank == 0 else len(again.epochs) == len(history.epochs))
said["rate"] = find_rate(toy_network(), LEARNING, toy_task(33), FIND, Surroundings(team=team)).rate
engine = ProjectionEngine()
photos = list_unlabeled([folder / "photos"])
maps = Maps(photos, torch.tensor([True] * 5).numpy(), engine, (3, 2, 2), folder / "maps", Augmentation(), 0, None, team)
maps.prepare(1, around.progress)
said["photos"] = engine.photos
said["maps"] = float(maps.batch(torch.arange(5).numpy(), 1).double().sum())
maps.close()
team.wait()
(folder / f"said-{rank}.json").write_text(json.dumps(said))
torch.distributed.destroy_process_group()
"""

FIND = replace(PLAIN, learning_rate="find")


def test_two_processes_work_as_one(tmp_path: Path) -> None:
    """All that takes a second process, in one test, as it takes seconds to start."""
    write_photos(tmp_path / "photos", 5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with children(PAIR, [(rank, port, tmp_path, Path(__file__).parent) for rank in range(2)]):
        pass
    both = [json.loads((tmp_path / f"said-{rank}.json").read_text()) for rank in range(2)]
    for rank, said in enumerate(both):
        assert said["team"] == [rank, 2, True]
        assert said["backend"] == "gloo"
        assert said["sums"] == [[[3.0] * 3] * 2, [0, 1, 2, 3], "torch.bfloat16"]
        assert said["leaders"] == [[0.0] * 3, 5]
    for name in RECIPES:
        learn_what_one_does(name, tmp_path, both)
        leader, other = (said[name][1:] for said in both)
        assert leader == [[0, 1, 2, 3], True, True]  # it alone tells and writes, and both go on from what it wrote
        assert other == [[], False, True]
    alone = find_rate(toy_network(), LEARNING, toy_task(33), FIND, Surroundings()).rate
    assert [said["rate"] for said in both] == pytest.approx([alone, alone])
    assert [said["photos"] for said in both] == [5, 0]  # the leader makes the maps
    assert both[0]["maps"] == both[1]["maps"] != 0


def learn_what_one_does(name: str, folder: Path, both: list[dict[str, Any]]) -> None:
    network = toy_network()
    history = fit(network, LEARNING, toy_task(33), RECIPES[name], Surroundings())
    weights = [load_file(folder / f"weights-{name}-{rank}") for rank in range(2)]
    assert same(*weights)
    for key, tensor in network.state_dict().items():
        assert torch.allclose(tensor, weights[0][key], rtol=1e-3, atol=1e-5), key
    for epochs, *_ in (said[name] for said in both):
        for epoch, expected in zip(epochs, history.epochs, strict=True):
            assert epoch["accuracy"] == expected.accuracy
            assert epoch["averaged_accuracy"] == expected.averaged_accuracy
            for figure in ("loss", "averaged_loss", "training_loss", "learning_rate"):
                value = getattr(expected, figure)
                assert epoch[figure] == (value and pytest.approx(value, rel=1e-4))


def test_alone_is_a_team_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    team = join_team()
    assert team == Team(0, 1)
    assert team.leads
    tensor = torch.ones(3)
    team.add_up([tensor])
    team.agree([tensor])
    team.wait()
    assert torch.equal(tensor, torch.ones(3))
    assert not torch.distributed.is_initialized()


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("rows", [0, 1, 4, 7])
def test_every_row_is_exactly_one_process_s(size: int, rows: int) -> None:
    shares = [list(Team(rank, size).share(range(10, 10 + rows))) for rank in range(size)]
    assert sorted(row for share in shares for row in share) == list(range(10, 10 + rows))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert isinstance(RECIPES["plain"], Recipe)
