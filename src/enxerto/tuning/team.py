"""Several processes that tune one network together, as `torchrun` starts them; alone is a team of one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import distributed


@dataclass(frozen=True)
class Team:
    """This process among those that work on the same job.

    Attributes:
        rank: 0, 1, …; process 0 leads: it alone writes and speaks.
        size: how many processes.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes and speaks."""
        return self.rank == 0

    def share(self, rows: range) -> range:
        """The rows of a batch that are this process's to compute; every row is exactly one process's."""
        return rows[self.rank :: self.size]

    def add_up(self, tensors: Iterable[torch.Tensor]) -> None:
        """Replace each tensor by its sum over all processes, in one message."""
        if self.size == 1:
            return
        together = list(tensors)
        flat = torch.cat([tensor.reshape(-1).float() for tensor in together])
        distributed.all_reduce(flat)
        start = 0
        for tensor in together:
            tensor.copy_(flat[start : start + tensor.numel()].view_as(tensor))
            start += tensor.numel()

    def agree(self, tensors: Iterable[torch.Tensor]) -> None:
        """Replace each tensor by the leader's."""
        if self.size > 1:
            for tensor in tensors:
                distributed.broadcast(tensor.detach(), 0)

    def wait(self) -> None:
        """Go on when every process has come here."""
        if self.size > 1:
            distributed.barrier()


def join_team() -> Team:
    """The team that `torchrun` made of this process and others; a team of one without it.

    Processes talk by NCCL where each has a GPU, by gloo otherwise.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Team()
    if not distributed.is_initialized():
        local = int(os.environ["LOCAL_RANK"])
        gpus = torch.cuda.device_count()
        if gpus > local:
            torch.cuda.set_device(local)
        distributed.init_process_group("nccl" if gpus >= int(os.environ["LOCAL_WORLD_SIZE"]) else "gloo")
    return Team(distributed.get_rank(), distributed.get_world_size())
