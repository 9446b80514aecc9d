"""The FAISS projection against exact search with NumPy, and its file against all that can befall one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index.vectors import (
    EXACT_UP_TO,
    FILE_NAME,
    Base,
    Ids,
    Mask,
    Matrix,
    Neighbours,
    VectorIndex,
    add_to,
    is_intact,
    lists_for,
    new_index,
    read_base,
    sample_size,
    writable,
    write_base,
)

UID = "0123456789abcdef" * 2
DIMENSION = 8


def unit_vectors(count: int, seed: int = 0) -> Matrix:
    vectors = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float16).astype(np.float32)


def exact(
    ids: Ids, vectors: Matrix, query: Matrix, top_k: int, keep: set[int]
) -> tuple[list[int], list[float]]:
    """The oracle: every kept vector's inner product, best first, ties by id."""
    scored = [
        (-float(vector @ query), int(id_)) for id_, vector in zip(ids, vectors, strict=True) if id_ in keep
    ]
    best = sorted(scored)[:top_k]
    return [id_ for _, id_ in best], [-score for score, _ in best]


def check(found: Neighbours, expected: tuple[list[int], list[float]]) -> None:
    assert found.ids.tolist() == expected[0]
    np.testing.assert_allclose(found.scores, np.array(expected[1], dtype=np.float32), atol=1e-6)


def base_of(ids: Ids, vectors: Matrix, generation: int = 1) -> Base:
    index = new_index(vectors[:0], DIMENSION, 0)
    add_to(index, [(ids, vectors)])
    return Base(index, generation, int(ids.max(initial=0)), 0)


def index_of(ids: Ids, vectors: Matrix, in_base: int, deleted: list[int]) -> VectorIndex:
    gone = np.array(sorted(deleted), dtype=np.int64)
    added = np.array([row for row in range(in_base, len(ids)) if ids[row] not in gone], dtype=np.int64)
    return VectorIndex(base_of(ids[:in_base], vectors[:in_base]), ids[added], vectors[added], gone, 2)


def mask_of(chosen: Iterable[int], last_id: int) -> Mask:
    mask = np.zeros(last_id + 1, dtype=np.bool_)
    mask[[id_ for id_ in chosen if id_ <= last_id]] = True
    return mask


def test_the_nearest_are_those_of_an_exact_search_with_their_inner_products() -> None:
    ids, vectors = np.arange(5, 205, dtype=np.int64), unit_vectors(200)
    index = index_of(ids, vectors, 150, [])
    for query in unit_vectors(20, seed=1):
        check(index.search(query, 10), exact(ids, vectors, query, 10, set(ids.tolist())))
    assert index.search(vectors[7], 1).ids.tolist() == [12]
    assert index.search(vectors[7], 1).scores[0] == pytest.approx(1, abs=1e-3)


def test_a_narrow_filter_still_fills_top_k() -> None:
    ids, vectors = np.arange(1, 2001, dtype=np.int64), unit_vectors(2000)
    index = index_of(ids, vectors, 1900, list(range(1, 1000)))
    allowed = mask_of([1000, 1500, 1899, 1901, 1999], 2000)
    query = unit_vectors(1, seed=2)[0]
    found = index.search(query, 5, allowed)
    check(found, exact(ids, vectors, query, 5, {1000, 1500, 1899, 1901, 1999}))
    assert len(found.ids) == 5


def test_nothing_allowed_and_nothing_there_find_nothing() -> None:
    ids, vectors = np.arange(1, 11, dtype=np.int64), unit_vectors(10)
    nobody = mask_of([], 10)
    assert index_of(ids, vectors, 5, []).search(vectors[0], 3, nobody).ids.tolist() == []
    assert index_of(ids[:0], vectors[:0], 0, []).search(vectors[0], 3).ids.tolist() == []
    assert index_of(ids, vectors, 10, list(range(1, 11))).search(vectors[0], 3).ids.tolist() == []


def test_equal_scores_come_in_the_order_of_their_ids() -> None:
    ids = np.array([9, 4, 6], dtype=np.int64)
    vectors = np.repeat(unit_vectors(1), 3, axis=0)
    assert index_of(ids, vectors, 3, []).search(vectors[0], 3).ids.tolist() == [4, 6, 9]


@pytest.fixture(scope="module")
def many() -> tuple[Ids, Matrix, Base]:
    """A base of many lists over vectors that lie in clumps."""
    count = EXACT_UP_TO + 4_000
    ids, centres = np.arange(1, count + 1, dtype=np.int64), unit_vectors(300, seed=3)
    vectors = centres[np.arange(count) % 300] + 0.3 * unit_vectors(count, seed=4)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)
    index = new_index(vectors[: sample_size(count)], DIMENSION, count)
    add_to(index, [(ids, vectors)])
    assert index.nlist == lists_for(count) > 100
    return ids, vectors, Base(index, 1, count, count)


def recall(found: Neighbours, expected: tuple[list[int], list[float]]) -> float:
    return len(set(found.ids.tolist()) & set(expected[0])) / len(expected[0])


def test_many_vectors_are_searched_in_part_and_nearly_all_of_the_nearest_found(
    many: tuple[Ids, Matrix, Base],
) -> None:
    ids, vectors, base = many
    index = VectorIndex(base, ids[:0], vectors[:0], ids[:0], 1)
    everything = set(ids.tolist())
    recalls = [
        recall(index.search(query, 100), exact(ids, vectors, query, 10, everything)) for query in vectors[:30]
    ]
    assert np.mean(recalls) > 0.98


def test_ids_that_are_long_gone_do_not_narrow_the_search(many: tuple[Ids, Matrix, Base]) -> None:
    ids, vectors, base = many
    index = new_index(vectors[: sample_size(len(ids))], DIMENSION, len(ids))
    add_to(index, [(40 * ids, vectors)])
    sparse = Base(index, 1, 40 * len(ids), len(ids))
    gone = np.array([40], dtype=np.int64)
    for query in vectors[1:30]:
        found = VectorIndex(sparse, ids[:0], vectors[:0], gone, 1).search(query, 100)
        expected = VectorIndex(base, ids[:0], vectors[:0], gone // 40, 1).search(query, 100)
        assert (found.ids // 40).tolist() == expected.ids.tolist()


def test_zeros_come_before_nothing_wherever_they_are() -> None:
    ids, vectors = np.arange(1, 7, dtype=np.int64), unit_vectors(6)
    vectors[:3] = 0
    vectors[3] = -vectors[4]
    for in_base in (0, 2, 6):
        for allowed in (None, mask_of([1, 2, 3, 4, 5], 6)):
            found = index_of(ids, vectors, in_base, []).search(vectors[4], 2, allowed)
            assert not set(found.ids.tolist()) & {1, 2, 3}
            assert len(found.ids) == 2


@pytest.mark.parametrize("step", [3, 50, 2_000])
def test_a_filter_of_any_width_finds_as_many_and_as_well(many: tuple[Ids, Matrix, Base], step: int) -> None:
    ids, vectors, base = many
    index = VectorIndex(base, ids[:0], vectors[:0], ids[:0], 1)
    keep = set(range(step, len(ids), step))
    allowed = mask_of(keep, len(ids))
    for query in vectors[:10]:
        found = index.search(query, 100, allowed)
        assert len(found.ids) == min(100, len(keep))
        assert set(found.ids.tolist()) <= keep
        assert recall(found, exact(ids, vectors, query, 10, keep)) >= 0.9


def test_a_base_of_many_lists_has_its_vectors_near_what_went_in(
    many: tuple[Ids, Matrix, Base], tmp_path: Path
) -> None:
    ids, vectors, base = many
    write_base(tmp_path, UID, base)
    read = read_base(tmp_path, UID, DIMENSION)
    assert read is not None
    assert (read.index.nlist, read.count, read.drawn_up_to) == (base.index.nlist, len(ids), len(ids))
    for one in read.lists():
        near = read.index.sq.decode(one.codes) + one.centre
        assert ((near * vectors[one.ids - 1]).sum(axis=1) > 0.99).all()
        assert read.has_coded(one, vectors[one.ids - 1]).all()
        assert not read.has_coded(one, -vectors[one.ids - 1]).any()
    copy = writable(read)
    copy.remove_ids(faiss.IDSelectorBatch(ids[:10]))
    assert (copy.ntotal, read.count) == (len(ids) - 10, len(ids))


small_ids = st.sets(st.integers(1, 45))
sizes = st.integers(0, 40)


@given(sizes, sizes, small_ids, st.none() | small_ids, st.integers(1, 45), st.integers(0, 9))
def test_any_mix_of_base_added_deleted_and_allowed_equals_exact_search(
    count: int, in_base: int, deleted: set[int], allowed: set[int] | None, top_k: int, seed: int
) -> None:
    ids, vectors = np.arange(1, count + 1, dtype=np.int64), unit_vectors(count, seed)
    in_base = min(in_base, count)
    index = index_of(ids, vectors, in_base, sorted(deleted))
    query = unit_vectors(1, seed + 100)[0]
    keep = set(ids.tolist()) - deleted
    chosen = None if allowed is None else mask_of(keep & allowed, count)
    check(
        index.search(query, top_k, chosen),
        exact(ids, vectors, query, top_k, keep if allowed is None else keep & allowed),
    )


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder whose name is not ASCII, with a base of 30 vectors in it."""
    folder = tmp_path / "语料 корпус"
    folder.mkdir()
    write_base(folder, UID, base_of(np.arange(3, 33, dtype=np.int64), unit_vectors(30), 7))
    return folder


def test_a_base_comes_back_from_its_file_as_it_was(written: Path) -> None:
    base = read_base(written, UID, DIMENSION)
    assert base is not None
    (one,) = base.lists()
    assert (base.generation, base.last_id, one.ids.tolist()) == (7, 32, list(range(3, 33)))
    np.testing.assert_array_equal(base.index.sq.decode(one.codes), unit_vectors(30))
    assert base.has_coded(one, unit_vectors(30)).all()
    assert (
        base.has_coded(one, np.nextafter(unit_vectors(30).astype(np.float16), 2).astype(np.float32)).sum()
        == 0
    )
    assert is_intact(base)
    assert [file.name for file in written.iterdir()] == [FILE_NAME]


def test_an_empty_base_comes_back_too(tmp_path: Path) -> None:
    write_base(tmp_path, UID, base_of(np.empty(0, np.int64), unit_vectors(0)))
    base = read_base(tmp_path, UID, DIMENSION)
    assert base is not None
    assert (base.last_id, list(base.lists())) == (0, [])


def test_no_bit_of_the_file_can_flip_unseen(written: Path) -> None:
    file = written / FILE_NAME
    content = file.read_bytes()
    codes = len(content) - 30 * (2 * DIMENSION + 8)
    for place in range(len(content)):
        file.write_bytes(content[:place] + bytes([content[place] ^ (1 << place % 8)]) + content[place + 1 :])
        base = read_base(written, UID, DIMENSION)
        assert (base is not None) == (place >= codes), place
        assert base is None or not is_intact(base)


def test_a_file_that_is_cut_short_or_too_long_is_passed_over(written: Path) -> None:
    file = written / FILE_NAME
    content = file.read_bytes()
    for changed in (b"", content[:10], content[:47], content[:60], content[:-1], content + b"x"):
        file.write_bytes(changed)
        assert read_base(written, UID, DIMENSION) is None


def test_a_file_of_another_corpus_encoder_or_kind_is_passed_over(written: Path) -> None:
    assert read_base(written, "f" * 32, DIMENSION) is None
    assert read_base(written, UID, DIMENSION + 1) is None
    flat = faiss.IndexFlatIP(DIMENSION)
    flat.code_size = 0
    write_base(written, UID, Base(flat, 1, 0, 0))
    assert read_base(written, UID, DIMENSION) is None
    (written / FILE_NAME).unlink()
    assert read_base(written, UID, DIMENSION) is None
    (written / FILE_NAME).mkdir()
    assert read_base(written, UID, DIMENSION) is None


def test_a_write_that_fails_leaves_the_old_file(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (written / FILE_NAME).read_bytes()

    def fail(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_base(written, UID, base_of(np.empty(0, np.int64), unit_vectors(0)))
    assert {file.name: file.read_bytes() for file in written.iterdir()} == {FILE_NAME: before}
