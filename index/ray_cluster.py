"""Workers on a Ray cluster: each is an actor with one core, an encoder and a reading process of its own.

A worker that is lost is not started again by Ray: ``spread`` asks for another, and gives what it had to those
that are there, so that nothing waits for a machine that does not come back. What passes between here and the
actors goes Ray's own way, by pickle, between processes of one user who trust each other.

Ray is imported, and a cluster started or joined (``ray_connection``), for the first file that has to be sent.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from pincite.index import ray_actor
from pincite.index.encoder_files import EncoderIdentity, first_line
from pincite.index.errors import PinciteError
from pincite.index.ray_actor import installed_version
from pincite.index.ray_connection import CONNECTION, check_address
from pincite.index.spread import DistantWorker, WorkerLostError
from pincite.index.vectors import Matrix
from pincite.index.worker import Outcome, Pages, Sent

MOST_WORKERS = 64
"""More would wait for the one process that stores: it takes a twenty-fifth of the time that they take."""
_PATIENCE = 300.0
_LOOKED_UP_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class RayCluster:
    """A cluster by its address, "auto" for the one that runs on this machine, "local" for one of our own."""

    address: str
    identity: EncoderIdentity
    """The encoder that the workers are to have."""

    def __post_init__(self) -> None:
        """Raises ``PinciteError`` where Ray is not installed or the address cannot be one."""
        check_address(self.address)

    def connect(self) -> RayWorkers:
        """Start or join the cluster. Raises ``PinciteError`` where that cannot be done."""
        ray = CONNECTION.open(self.address)
        try:
            cores = int(ray.cluster_resources().get("CPU", 0))
            if not cores:
                raise PinciteError(f"the Ray cluster at {self.address} has no CPU to work on")
            return RayWorkers(ray, self.identity, min(cores, MOST_WORKERS))
        except BaseException:
            CONNECTION.close()
            raise


class RayWorkers:
    """The ``Workers`` of a cluster that this process is connected to."""

    def __init__(self, ray: ModuleType, identity: EncoderIdentity, most: int) -> None:
        self._ray = ray
        self._identity = identity
        self._most = most
        ray.cloudpickle.register_pickle_by_value(ray_actor)
        remote = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)
        self._actor_class = remote(ray_actor.PinciteWorker)
        self._actors: set[Any] = set()
        self._at_work = 0
        self._guard = threading.Lock()
        self._is_stopped = False

    @property
    def most(self) -> int:
        """One for each core of the cluster, up to ``MOST_WORKERS``."""
        return self._most

    def start(self) -> RayWorker:
        """See ``Workers``. Raises ``PinciteError`` where the worker's pincite or encoder is not the same as
        here, or where the cluster has had no room for a single one for five minutes.
        """
        with self._guard:
            if self._is_stopped:
                raise WorkerLostError("no worker is wanted any more")
            actor = self._actor_class.remote()
            self._actors.add(actor)
        worker = RayWorker(self._ray, actor, lambda: self._is_stopped)
        try:
            self._check_version(worker)
            worker.get(actor.prepare.remote(self._identity))
        except BaseException:
            self._kill(actor)
            raise
        with self._guard:
            self._at_work += 1
        return worker

    def end(self, worker: DistantWorker) -> None:
        """See ``Workers``."""
        assert isinstance(worker, RayWorker)  # noqa: S101 -- it came from ``start``
        with self._guard:
            self._at_work -= 1
        self._kill(worker.actor)

    def stop(self) -> None:
        """See ``Workers``."""
        with self._guard:
            self._is_stopped = True
            left = list(self._actors)
        for actor in left:
            self._kill(actor)

    def close(self) -> None:
        """See ``Workers``: from here on a call of Ray would start a cluster again."""
        CONNECTION.close()

    def _check_version(self, worker: RayWorker) -> None:
        """Raise ``PinciteError`` unless the worker has this pincite. It may have to wait for a free core."""
        here, there = installed_version(), None
        answer = worker.actor.version.remote()
        while there is None:
            try:
                there = worker.get(answer, seconds=_PATIENCE)
            except TimeoutError:
                with self._guard:
                    if not self._at_work:
                        raise PinciteError(
                            f"the Ray cluster has given no core to a worker for {_PATIENCE / 60:.0f} minutes:"
                            " see `ray status`"
                        ) from None
        if here != there:
            host = worker.get(worker.actor.host.remote())
            raise PinciteError(
                f"{host}, a machine of the Ray cluster, has pincite {there}, and this one has {here}: install"
                " the same on both"
            )

    def _kill(self, actor: Any) -> None:
        with self._guard:
            if actor not in self._actors:
                return
            self._actors.remove(actor)
        self._ray.kill(actor)


@dataclass(frozen=True, slots=True, eq=False)
class RayWorker:
    """A ``DistantWorker`` that is an actor."""

    ray: ModuleType
    actor: Any = field(repr=False)
    is_unwanted: Callable[[], bool] = field(repr=False)

    def read(self, files: Sequence[Sent]) -> Iterator[Pages | Outcome]:
        """See ``Worker``."""
        answers = self.actor.read.options(num_returns="streaming").remote(list(files))
        while True:
            with self._watched():
                self._wait_for(answers)
                answer = next(answers, None)
            if answer is None:
                return
            yield self.get(answer)

    def encode(self, texts: Sequence[str]) -> Matrix:
        """See ``Worker``."""
        return np.array(self.get(self.actor.encode.remote(list(texts))))  # a copy, out of Ray's own memory

    def get(self, answer: Any, seconds: float = math.inf) -> Any:
        """Return what the actor answers. Raises ``WorkerLostError`` where it never will, or is not wanted any
        more, whatever the actor raised, and ``TimeoutError`` after so many seconds.
        """
        with self._watched():
            self._wait_for(answer, seconds)
            return self.ray.get(answer)

    def _wait_for(self, answer: Any, seconds: float = math.inf) -> None:
        """Wait, looking up now and then: a cluster whose head is gone does not even say that it is."""
        deadline = time.monotonic() + seconds
        while not self.ray.wait([answer], timeout=_LOOKED_UP_EVERY)[0]:
            if self.is_unwanted():
                raise WorkerLostError("nobody wants its answer any more")
            if time.monotonic() > deadline:
                raise TimeoutError

    @contextmanager
    def _watched(self) -> Iterator[None]:
        errors = self.ray.exceptions
        try:
            yield
        except errors.RayTaskError as error:
            if isinstance(error.cause, PinciteError):
                raise error.cause from None
            raise
        except errors.RayError as error:
            raise WorkerLostError(first_line(error)) from error
