"""Lays vectors out on a plane, so that what is near in meaning is near in the picture.

A few vectors are shown from the side that shows most of them: their first two principal axes. For more, that
picture is a cloud in which neighbours are lost, so it is only the beginning of another: each point is drawn
to its nearest neighbours and pushed off by all points. This is t-SNE with uniform affinities, begun at the
principal axes (van der Maaten and Hinton, "Visualizing Data using t-SNE", 2008; Kobak and Berens, "The art of
using t-SNE for single-cell transcriptomics", 2019; Böhm, Berens and Kobak, "Attraction-Repulsion Spectrum in
Neighbor Embeddings", 2022), where what pushes is summed on a grid by FFT (Linderman and others, "Fast
interpolation-based t-SNE", 2019).

Nothing is drawn by lot: the same vectors have the same picture. Distances between far groups of points mean
little in it, as in any picture of this kind.
"""

import math

import numpy as np
from numpy.typing import NDArray

from pincite.index.vectors import Matrix

LEAST_LAID_OUT = 40
"""Fewer vectors are shown by their principal axes alone."""

_NEIGHBOURS = 10
_STEPS = 80
_EARLY_STEPS = 30
_EARLY_PULL = 12.0
_SLOW_STEPS = 20
_GRID = 64
_ROWS_AT_ONCE = 512
_WHISKER = 2.0  # of the distances between the quartiles; what lies farther out is drawn in
_NEGLIGIBLE = 1e-6
_SAME_PLACE = 0.003
_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))

Plane = NDArray[np.float64]


def laid_out(vectors: Matrix) -> Plane:
    """Return a place for each of ``vectors``, (n, dim): float64, (n, 2), from 0 to 1 on both axes."""
    plane = principal_plane(vectors)
    if len(vectors) >= LEAST_LAID_OUT and plane.any():
        plane = _neighbours_together(vectors, plane)
    return _beside_each_other(_fitted(plane))


def principal_plane(vectors: Matrix) -> Plane:
    """Return the vectors' coordinates on their first two principal axes, float64, (n, 2), around 0.

    Of the two directions of an axis the one is taken in which its largest component is positive. Where the
    vectors do not differ in a second direction, or in any, the coordinates are 0.
    """
    if len(vectors) < 2:
        return np.zeros((len(vectors), 2))
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    variances, axes = np.linalg.eigh(centred.T @ centred / len(vectors))
    axes, variances = axes[:, :-3:-1], variances[:-3:-1]
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.sign(axes[largest, np.arange(axes.shape[1])])
    plane = np.zeros((len(vectors), 2))
    plane[:, : axes.shape[1]] = centred @ np.where(np.sqrt(variances.clip(min=0)) > _NEGLIGIBLE, axes, 0.0)
    return plane


def nearest(vectors: Matrix, count: int) -> NDArray[np.int64]:
    """Return for each vector the places of the ``count`` others with the highest product, in no order: (n,
    count). ``count`` must be less than n.
    """
    found = np.empty((len(vectors), count), dtype=np.int64)
    for first in range(0, len(vectors), _ROWS_AT_ONCE):
        products = vectors[first : first + _ROWS_AT_ONCE] @ vectors.T
        rows = np.arange(len(products))
        products[rows, first + rows] = -np.inf
        found[first : first + len(products)] = np.argpartition(products, -count, axis=1)[:, -count:]
    return found


def _neighbours_together(vectors: Matrix, plane: Plane) -> Plane:
    """Return the plane after ``_STEPS`` steps down the gradient, the first with a stronger pull."""
    count = len(vectors)
    neighbours = nearest(vectors, _NEIGHBOURS)
    places: Plane = plane / plane.std() * 1e-4
    velocity, gains = np.zeros_like(places), np.ones_like(places)
    for step in range(_STEPS):
        pull = _EARLY_PULL if step < _EARLY_STEPS else 1.0
        force = 4 * (pull * _attraction(places, neighbours) + _repulsion(places))
        gains = np.where((force > 0) == (velocity > 0), gains + 0.2, gains * 0.8).clip(min=0.01)
        momentum = 0.5 if step < _SLOW_STEPS else 0.8
        velocity = momentum * velocity + count / _EARLY_PULL * gains * force
        places = places + velocity
        places -= places.mean(axis=0)
    return places


def _attraction(places: Plane, neighbours: NDArray[np.int64]) -> Plane:
    """Return what draws each place to its neighbours, and to those whose neighbour it is."""
    count, degree = neighbours.shape
    ways = places.T[:, neighbours] - places.T[:, :, None]
    ways /= 1 + (ways * ways).sum(axis=0)
    back = [np.bincount(neighbours.ravel(), way.ravel(), count) for way in ways]
    return np.asarray((ways.sum(axis=2) - np.stack(back)).T / (2 * count * degree))


def _repulsion(places: Plane) -> Plane:
    """Return what pushes each place off all others.

    With k = 1 / (1 + distance²) the force on i is the sum of k² (i - j) over all j, by the sum of all k. The
    sums are convolutions: places are spread over a grid's corners, convolved there and gathered again.
    """
    low = places.min(axis=0)
    width = max(float((places.max(axis=0) - low).max()), _NEGLIGIBLE) / (_GRID - 1)
    cells = ((places - low) / width).astype(np.int64).clip(max=_GRID - 2)
    x, y = ((places - low) / width - cells).T
    first = cells[:, 0] * _GRID + cells[:, 1]
    corners = np.stack([first, first + 1, first + _GRID, first + _GRID + 1])
    shares = np.stack([(1 - x) * (1 - y), (1 - x) * y, x * (1 - y), x * y])
    charges = np.stack(
        [
            np.bincount(corners.ravel(), (shares * charge).ravel(), _GRID * _GRID).reshape(_GRID, _GRID)
            for charge in (np.ones(len(places)), *places.T)
        ]
    )
    kernel = _kernel(width)
    spread = np.fft.rfft2(charges, kernel.shape)
    waves = np.fft.rfft2(np.stack([kernel, kernel * kernel]))
    sums = np.fft.irfft2(np.concatenate([spread[:1] * waves[0], spread * waves[1]]), kernel.shape)
    at_corners = sums[:, :_GRID, :_GRID].reshape(4, -1)[:, corners]
    total, pushes, *weighted = (at_corners * shares).sum(axis=1)
    all_pairs = max(float(total.sum()) - len(places), _NEGLIGIBLE)
    return np.asarray((places * pushes[:, None] - np.stack(weighted, axis=1)) / all_pairs)


def _kernel(width: float) -> NDArray[np.float64]:
    """Return 1 / (1 + distance²) from the first corner of a grid with cells of ``width``, wrapped around."""
    steps = np.arange(2 * _GRID)
    square = (np.minimum(steps, 2 * _GRID - steps) * width) ** 2
    return np.asarray(1 / (1 + square[:, None] + square))


def _fitted(plane: Plane) -> Plane:
    """Return the plane stretched to 0..1 on both axes. What lies far out is drawn in, in the same order, so
    that one outlier does not squash the rest; where all is one on an axis, it is in the middle.
    """
    if not len(plane):
        return plane
    from_middle = plane - np.median(plane, axis=0)
    low, high = np.quantile(from_middle, (0.25, 0.75), axis=0)
    unit = np.where(high - low > _NEGLIGIBLE, high - low, np.abs(from_middle).mean(axis=0))
    steps = from_middle / np.where(unit > _NEGLIGIBLE, unit, 1.0)
    beyond = (np.abs(steps) - _WHISKER).clip(min=0)
    steps = np.sign(steps) * (np.abs(steps).clip(max=_WHISKER) + np.log1p(beyond) / 2)
    least, extent = steps.min(axis=0), np.ptp(steps, axis=0)
    return np.where(extent > _NEGLIGIBLE, (steps - least) / np.where(extent > _NEGLIGIBLE, extent, 1.0), 0.5)


def _beside_each_other(plane: Plane) -> Plane:
    """Return the plane with what is at one place, as passages with the same text are, in a spiral around it,
    so that each can be seen; still within 0..1.
    """
    cells = np.round(plane / _SAME_PLACE).astype(np.int64)
    order = np.lexsort((cells[:, 1], cells[:, 0]))
    is_first = np.ones(len(plane), dtype=np.bool_)
    is_first[1:] = (np.diff(cells[order], axis=0) != 0).any(axis=1)
    places = np.arange(len(plane))
    rank = np.empty(len(plane))
    rank[order] = places - np.maximum.accumulate(np.where(is_first, places, 0))
    away = 2 * _SAME_PLACE * np.sqrt(rank)
    angle = rank * _GOLDEN_ANGLE
    return np.clip(plane + np.stack([away * np.cos(angle), away * np.sin(angle)], axis=1), 0.0, 1.0)
