"""The plane that vectors are laid out on, against an SVD, and for corpora that have no shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pincite.index import layout
from pincite.index.vectors import Matrix

DIMENSION = 24
TOPICS = 20


def topics(count: int, seed: int = 0) -> tuple[Matrix, NDArray[np.int64]]:
    """Unit vectors of a few topics in turn, and the number of each one's topic."""
    rng = np.random.default_rng(seed)
    topic = np.arange(count) % TOPICS
    vectors = rng.normal(size=(TOPICS, DIMENSION))[topic] + rng.normal(size=(count, DIMENSION)) * 0.35
    return as_unit(vectors), topic


def as_unit(vectors: NDArray[np.float64]) -> Matrix:
    unit: Matrix = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def neighbours_kept(vectors: Matrix, plane: NDArray[np.float64], count: int = 10) -> float:
    """The share of each vector's nearest neighbours that are its nearest on the plane too."""
    before = layout.nearest(vectors, count)
    distances = ((plane[:, None] - plane) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    after = np.argsort(distances, axis=1)[:, :count]
    return float(np.mean([len({*a} & {*b}) / count for a, b in zip(before, after, strict=True)]))


@pytest.mark.parametrize("count", [2, 3, 40, 300])
def test_the_principal_plane_is_that_of_a_singular_value_decomposition(count: int) -> None:
    vectors, _ = topics(count)
    centred = vectors.astype(np.float64) - vectors.astype(np.float64).mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    found = layout.principal_plane(vectors)
    for axis in range(min(2, count - 1)):
        upward = axes[axis] * np.sign(axes[axis][np.abs(axes[axis]).argmax()])
        np.testing.assert_allclose(found[:, axis], centred @ upward, atol=1e-5)


def test_two_vectors_differ_on_one_axis_only() -> None:
    found = layout.principal_plane(topics(2)[0])
    assert found[0, 0] == pytest.approx(-found[1, 0])
    assert found[:, 1].tolist() == [0, 0]


def test_the_neighbours_are_those_of_an_exact_search() -> None:
    vectors, _ = topics(700)
    products = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    np.fill_diagonal(products, -np.inf)
    expected = np.argsort(-products, axis=1)[:, :10]
    for row, wanted in zip(layout.nearest(vectors, 10), expected, strict=True):
        assert {*row} == {*wanted}


def test_the_layout_keeps_neighbours_that_the_principal_plane_loses() -> None:
    vectors, topic = topics(400)
    plane = layout.laid_out(vectors)
    assert neighbours_kept(vectors, layout.principal_plane(vectors)) < 0.45
    assert neighbours_kept(vectors, plane) > 0.75
    distances = ((plane[:, None] - plane) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (topic[distances.argmin(axis=1)] == topic).mean() > 0.97


def test_the_push_is_that_of_all_pairs() -> None:
    places = np.random.default_rng(1).normal(size=(250, 2)) * 4
    away = places[:, None] - places
    near = 1 / (1 + (away**2).sum(axis=2))
    exact = (near[..., None] ** 2 * away).sum(axis=1) / (near.sum() - len(places))
    found = layout._repulsion(places)
    assert np.abs(found - exact).max() < 0.08 * np.abs(exact).max()


def test_the_pull_is_that_of_all_edges() -> None:
    places = np.random.default_rng(2).normal(size=(30, 2))
    neighbours = layout.nearest(topics(30)[0], 4)
    exact = np.zeros((30, 2))
    for one in range(30):
        for other in neighbours[one]:
            way = (places[other] - places[one]) / (1 + ((places[other] - places[one]) ** 2).sum())
            exact[one] += way / (2 * 30 * 4)
            exact[other] -= way / (2 * 30 * 4)
    np.testing.assert_allclose(layout._attraction(places, neighbours), exact, atol=1e-12)


@settings(max_examples=40)
@given(
    count=st.integers(0, 60),
    rank=st.integers(0, 3),
    copies=st.integers(1, 3),
    seed=st.integers(0, 2**16),
)
def test_every_corpus_has_a_place_for_each_vector_within_the_plane(
    count: int, rank: int, copies: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    middle = rng.normal(size=DIMENSION)
    shapes = middle + rng.normal(size=(count, rank)) @ rng.normal(size=(rank, DIMENSION))
    vectors = as_unit(np.repeat(shapes, copies, axis=0).reshape(-1, DIMENSION))
    plane = layout.laid_out(vectors)
    assert plane.shape == (len(vectors), 2)
    assert np.isfinite(plane).all()
    assert ((plane >= 0) & (plane <= 1)).all()
    assert np.array_equal(plane, layout.laid_out(vectors.copy()))


@pytest.mark.parametrize("count", [1, 7, 200])
def test_equal_vectors_stand_beside_each_other_in_the_middle(count: int) -> None:
    plane = layout.laid_out(np.repeat(topics(1)[0], count, axis=0))
    assert plane[0].tolist() == [0.5, 0.5]
    assert len({tuple(place) for place in plane.tolist()}) == count
    assert np.abs(plane - 0.5).max() < 0.1


def test_one_outlier_does_not_squash_the_rest() -> None:
    plane = np.random.default_rng(3).normal(size=(100, 2))
    plane[17] = [4000.0, -9000.0]
    fitted = layout._fitted(plane)
    assert fitted[17].tolist() == [1.0, 0.0]
    rest = np.delete(fitted, 17, axis=0)
    assert (np.ptp(rest, axis=0) > 0.35).all()
    for axis in (0, 1):
        assert fitted[:, axis].argsort().tolist() == plane[:, axis].argsort().tolist()


def test_a_layout_does_not_depend_on_what_was_laid_out_before() -> None:
    vectors, _ = topics(120)
    first = layout.laid_out(vectors)
    layout.laid_out(topics(90, seed=5)[0])
    assert np.array_equal(first, layout.laid_out(vectors))
