"""A picture of the corpus: its passages as points on a plane, and where a question and its hits are among
them.

Where points lie is ``layout``'s matter. Of a large corpus a sample is laid out, spread over its documents.
The picture of a generation is kept, so that only the first look at it costs something; a question that comes
later has its place among the points that are nearest to it in meaning.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pincite.index.encoder import LEAST_KNOWN_SHARE, Encoder
from pincite.index.layout import Plane, laid_out
from pincite.index.passages import Passage, PassagePlace
from pincite.index.store import Snapshot

MOST_POINTS = 5000
BEGINNING_CHARACTERS = 90
_KEPT_AMONG = 5
_SHARPNESS = 0.03  # a neighbour whose cosine is lower by this weighs 1 / e

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the map, 0..1 from its left and from its top."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class MapPoint:
    """A passage on the map. ``beginning`` is the first ``BEGINNING_CHARACTERS`` of its text."""

    document_id: str
    start: int
    end: int
    address: str
    beginning: str
    place: Place


@dataclass(frozen=True, slots=True)
class CorpusMap:
    """The passages of one generation, or a sample of them, by document and in reading order.

    ``passages`` counts those of the corpus. ``question`` is None where there is none, or where the encoder
    does not know its script; of ``hits``, one is None where the corpus no longer has that passage.
    """

    generation: int
    passages: int
    points: tuple[MapPoint, ...]
    question: Place | None = None
    hits: tuple[Place | None, ...] = ()

    @property
    def is_sample(self) -> bool:
        """Whether the corpus has passages that are not on the map."""
        return len(self.points) < self.passages


@dataclass(frozen=True, slots=True)
class _Picture:
    """A map with what is needed to place more on it: where each passage's point is, and the points' vectors,
    float16, (n, dim).
    """

    map: CorpusMap
    most: int
    points: Mapping[PassagePlace, Place]
    vectors: NDArray[np.float16]
    plane: Plane

    def place(self, vector: Vector) -> Place | None:
        """Return where ``vector`` is, among the points nearest to it; None where there are no points."""
        if not len(self.vectors):
            return None
        cosines = self.vectors.astype(np.float32) @ vector
        near = np.argsort(-cosines, kind="stable")[:_KEPT_AMONG]
        weights = np.exp((cosines[near] - cosines[near[0]]) / _SHARPNESS)
        x, y = (weights[:, None] * self.plane[near]).sum(axis=0) / weights.sum()
        return Place(float(x), float(y))


class LiveMap:
    """The map of the newest generation that was asked for. Safe to share between threads."""

    def __init__(self) -> None:
        self._latest: _Picture | None = None
        self._guard = threading.Lock()

    def of(
        self,
        snapshot: Snapshot,
        encoder: Encoder | None,
        question: str,
        passages: Sequence[Passage],
        most: int,
    ) -> CorpusMap:
        """Return the snapshot's map with the question, encoded by ``encoder``, and the passages on it."""
        with self._guard:
            latest = self._latest
            if latest is None or (latest.map.generation, latest.most) != (snapshot.generation, most):
                latest = self._latest = _picture(snapshot, most)
        vector = _encoded(question, encoder)
        return replace(
            latest.map,
            question=None if vector is None else latest.place(vector),
            hits=_places(latest, snapshot, passages),
        )


def _picture(snapshot: Snapshot, most: int) -> _Picture:
    total, passages, vectors = snapshot.sample(most)
    plane = laid_out(vectors)
    places = [Place(x, y) for x, y in plane.tolist()]
    points = tuple(_point(passage, place) for passage, place in zip(passages, places, strict=True))
    found = {(one.document_id, one.start, one.end): one.place for one in points}
    drawn = CorpusMap(snapshot.generation, total, points)
    return _Picture(drawn, most, found, vectors.astype(np.float16), plane)


def _point(passage: Passage, place: Place) -> MapPoint:
    beginning = passage.text[:BEGINNING_CHARACTERS]
    return MapPoint(passage.document_id, passage.start, passage.end, passage.address, beginning, place)


def _encoded(question: str, encoder: Encoder | None) -> Vector | None:
    if encoder is None or not question.strip() or encoder.known_share(question) < LEAST_KNOWN_SHARE:
        return None
    return np.asarray(encoder.encode([question])[0], dtype=np.float32)


def _places(picture: _Picture, snapshot: Snapshot, passages: Sequence[Passage]) -> tuple[Place | None, ...]:
    """Return the passages' places: their points', or where their vectors are, for those not in the sample."""
    wanted = [(one.document_id, one.start, one.end) for one in passages]
    vectors = snapshot.vectors_at(wanted)
    found = ((picture.points.get(place), vectors.get(place)) for place in wanted)
    return tuple(None if vector is None else point or picture.place(vector) for point, vector in found)
