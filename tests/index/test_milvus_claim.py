"""Who may write to a corpus on a server, without a server: the rows of claims are kept in memory here."""

import json
import os
import socket
import time
from collections.abc import Iterator

import pytest

from pincite.index.errors import CorpusLocked, CorpusUnavailable
from pincite.index.milvus.claim import LASTS, claimed
from pincite.index.milvus.collections import Pair
from pincite.index.milvus.server import Address, Row, Server

PAIR = Pair("papers", 1)


class RowsOfClaims(Server):
    """A server that keeps claims only, and can be gone."""

    def __init__(self) -> None:
        super().__init__(Address("localhost", 19530, "papers"))
        self.rows: dict[str, Row] = {}
        self.is_gone = False

    def upsert(self, collection: str, rows: object) -> None:
        assert isinstance(rows, list)
        self._meet()
        self.rows |= {row["id"]: row for row in rows}

    def delete(self, collection: str, expression: str) -> None:
        self._meet()
        self.rows = {id_: row for id_, row in self.rows.items() if id_ not in expression}

    def all(self, collection: str, expression: str, fields: object, *, newest: bool = False) -> Iterator[Row]:
        self._meet()
        assert newest
        return iter(list(self.rows.values()))

    def _meet(self) -> None:
        if self.is_gone:
            raise CorpusUnavailable("no server answers")


def test_a_second_writer_of_the_same_process_is_refused_and_leaves_no_trace() -> None:
    server = RowsOfClaims()
    with claimed(server, PAIR, "papers"):
        with pytest.raises(CorpusLocked, match=f"process {os.getpid()} on"), claimed(server, PAIR, "papers"):
            pass
        assert len(server.rows) == 1
    assert not server.rows


def test_a_claim_that_could_not_be_taken_back_does_not_keep_its_own_process_out() -> None:
    server = RowsOfClaims()
    with claimed(server, PAIR, "papers"):
        server.is_gone = True
    assert len(server.rows) == 1
    server.is_gone = False
    with claimed(server, PAIR, "papers") as claim:
        claim.check()
        assert len(server.rows) == 1
    assert not server.rows


def test_a_claim_that_ran_out_while_it_was_renewed_is_not_held_again(monkeypatch: pytest.MonkeyPatch) -> None:
    server, now = RowsOfClaims(), time.time()
    with claimed(server, PAIR, "papers") as claim:
        claim.check()
        monkeypatch.setattr(time, "time", lambda: now + 2 * LASTS)
        claim.renew()
        with pytest.raises(CorpusLocked, match="did not answer for too long"):
            claim.check()
        monkeypatch.undo()


@pytest.mark.parametrize(("seconds", "is_refused"), [(60, True), (-1, False)])
def test_another_machine_is_waited_for_until_its_claim_is_over(seconds: int, is_refused: bool) -> None:
    server = RowsOfClaims()
    assert socket.gethostname() != "elsewhere"
    payload = json.dumps(["elsewhere", os.getpid(), time.time() + seconds, "elsewhere"])
    server.rows["claim-other"] = {"id": "claim-other", "payload": payload}
    if is_refused:
        with pytest.raises(CorpusLocked, match="on elsewhere is writing"), claimed(server, PAIR, "papers"):
            pass
        assert list(server.rows) == ["claim-other"]
    else:
        with claimed(server, PAIR, "papers"):
            assert "claim-other" not in server.rows
