"""Evidence bundles: answers with what is needed to check them again later, and the check against a corpus.

A bundle holds, for each answer, its claims and citations with their quotes and spans, and for each document
that is cited the SHA-256 of its text and of its file. Its JSON is ``bundle_format``'s. Its own digest finds
accidents and careless edits; who edits it with care can make the digest anew, so it is no signature.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from itertools import chain

from pincite.answers import Answer, Citation, Claim
from pincite.bundle_format import (
    FORMAT,
    VERSION,
    Bundle,
    BundledAnswer,
    BundledCitation,
    BundledClaim,
    BundledCorpus,
    BundledDocument,
    BundledEncoder,
    BundledFile,
)
from pincite.index.corpus import Corpus
from pincite.index.errors import DocumentNotFound, PinciteError
from pincite.index.store import Snapshot

_UNSEALED = "0" * 64

_Cited = tuple[str, BundledCitation]
"""A citation, with the words by which a finding names it."""


@dataclass(frozen=True, slots=True)
class BundleReport:
    """What came of checking a bundle: ``findings`` are what is wrong, ``notes`` what has changed without
    touching the evidence, a sentence each; the counts are of what the bundle holds.
    """

    findings: tuple[str, ...]
    notes: tuple[str, ...]
    answers: int
    citations: int
    documents: int

    @property
    def summary(self) -> str:
        """The outcome in a few words: ``sound: 3 citations of 2 documents``."""
        if self.findings:
            return _counted(len(self.findings), "finding")
        return f"sound: {_counted(self.citations, 'citation')} of {_counted(self.documents, 'document')}"


def bundle(answers: Sequence[Answer], corpus: Corpus, *, made_at: datetime | None = None) -> Bundle:
    """Return the evidence for ``answers``, which came from ``corpus``; ``made_at`` is now unless it is given.

    Raises ``DocumentNotFound`` where a cited document has changed or gone since, ``PinciteError`` where the
    corpus contradicts an answer in another way, and ValueError for no answers.
    """
    if not answers:
        raise ValueError("there is no answer to put into a bundle")
    when = made_at or datetime.now(UTC)
    if when.tzinfo is None:
        raise ValueError(f"made_at must have a time zone, got {when.isoformat()}")
    cited = {one.document_id: one.source for answer in answers for one in answer.citations}
    with corpus.snapshot() as snapshot:
        made = Bundle(
            format=FORMAT,
            version=VERSION,
            pincite=version("pincite"),
            made_at=when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            corpus=BundledCorpus(
                snapshot.uid, snapshot.generation, BundledEncoder(**asdict(snapshot.encoder))
            ),
            answers=tuple(map(_answer, answers)),
            documents=tuple(_document(snapshot, *one) for one in cited.items()),
            sha256=_UNSEALED,
        ).sealed()
        wrong = next(_findings(made, snapshot), None)
    if wrong is not None:
        raise PinciteError(f"these answers do not fit the corpus: {wrong}: ask again")
    return made


def verify_bundle(bundle: Bundle, corpus: Corpus) -> BundleReport:
    """Check a bundle against itself and against ``corpus``, as it is now. A corpus that has grown since, or
    was built anew from the same files, is as good as the one that it was made from.
    """
    with corpus.snapshot() as snapshot:
        findings = tuple(_findings(bundle, snapshot))
        notes = tuple(_notes(bundle, snapshot))
    citations = sum(len(answer.citations) for answer in bundle.answers)
    return BundleReport(findings, notes, len(bundle.answers), citations, len(bundle.documents))


def _answer(answer: Answer) -> BundledAnswer:
    return BundledAnswer(
        question=_unicode(answer.question),
        standalone_question=_unicode(answer.standalone_question),
        answered=answer.answered,
        text=_unicode(answer.text),
        confidence=answer.confidence,
        method=_unicode(answer.method),
        notes=tuple(map(_unicode, answer.notes)),
        claims=tuple(map(_claim, answer.claims)),
        citations=tuple(map(_citation, answer.citations)),
    )


def _claim(claim: Claim) -> BundledClaim:
    return BundledClaim(_unicode(claim.text), claim.citations, claim.status)


def _citation(citation: Citation) -> BundledCitation:
    return BundledCitation(**asdict(citation))


def _document(snapshot: Snapshot, document_id: str, source: str) -> BundledDocument:
    found, text = snapshot.documents(document_id), snapshot.text(document_id)
    if not found or text is None:
        raise DocumentNotFound(f"{source} has changed or gone since it was cited: ask again, then export")
    return BundledDocument(
        document_id=document_id,
        source=found[0].source,
        characters=len(text),
        text_sha256=_digest(text),
        file=_file(snapshot, document_id),
        metadata=dict(found[0].metadata),
    )


def _file(snapshot: Snapshot, document_id: str) -> BundledFile | None:
    """Return the file of a document as it was indexed; None for text in hand."""
    [source] = snapshot.files_of([document_id])
    fingerprint = snapshot.file_fingerprint(source) or ""
    return None if snapshot.is_text(source) else BundledFile(source, fingerprint.partition(":")[0])


def _unicode(text: str) -> str:
    """Return text of a person or an LLM so that it can be stored: a terminal can hand on lone surrogates."""
    return text.encode("utf-8", "replace").decode()


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _findings(bundle: Bundle, snapshot: Snapshot) -> Iterator[str]:
    if bundle.sha256 != bundle.digest():
        yield "the bundle is not as it was made: its content does not have the digest that it names"
    known = {document.document_id: document for document in bundle.documents}
    if len(known) < len(bundle.documents):
        yield "the bundle describes a document twice"
    cited: dict[str, list[_Cited]] = {document_id: [] for document_id in known}
    for number, answer in enumerate(bundle.answers, start=1):
        name = f"question {number}"
        yield from chain(_faults_of_answer(name, answer), _faults_of_citations(name, answer, known))
        for one in answer.citations:
            if one.document_id in cited:
                cited[one.document_id].append((f"[{one.number}] of {name}", one))
    for document_id, document in known.items():
        yield from _faults_of_document(document, cited[document_id], snapshot)


def _faults_of_answer(name: str, answer: BundledAnswer) -> Iterator[str]:
    numbers = [citation.number for citation in answer.citations]
    claimed = {number for claim in answer.claims for number in claim.citations}
    if not answer.answered and (answer.text or answer.claims or answer.citations):
        yield f"{name} is said to be not answered, yet there is an answer"
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"{name}: its citations are not numbered from 1"
    yield from (
        f"{name}: a claim names [{number}], which is no citation" for number in sorted(claimed - {*numbers})
    )
    yield from (f"{name}: no claim names its citation [{number}]" for number in sorted({*numbers} - claimed))
    if not _is_made_of(answer.text, [claim.text for claim in answer.claims if claim.citations]):
        yield f"{name}: the answer's text is not that of its claims"


def _is_made_of(text: str, claims: Sequence[str]) -> bool:
    """Whether a text is made of these claims in their order, and of nothing else but punctuation."""
    end = 0
    for claim in claims:
        start = text.find(claim, end)
        if start < 0 or any(map(str.isalnum, text[end:start])):
            return False
        end = start + len(claim)
    return not any(map(str.isalnum, text[end:]))


def _faults_of_citations(
    name: str, answer: BundledAnswer, known: Mapping[str, BundledDocument]
) -> Iterator[str]:
    for one in answer.citations:
        if not one.quote:
            yield f"{name}: the quote of [{one.number}] is empty"
        if len(one.quote) != one.end - one.start:
            yield (
                f"{name}: the quote of [{one.number}] has {len(one.quote)} characters,"
                f" its span {one.start}-{one.end} has {one.end - one.start}"
            )
        document = known.get(one.document_id)
        if document is None:
            yield f"{name}: the document of [{one.number}] is not described in the bundle"
        elif document.source != one.source:
            yield f"{name}: the document of [{one.number}] is {document.source}, not {one.source}"


def _faults_of_document(
    document: BundledDocument, cited: Sequence[_Cited], snapshot: Snapshot
) -> Iterator[str]:
    source = document.source
    if not cited:
        yield f"{source} is described in the bundle, but not cited"
    text = snapshot.text(document.document_id)
    if text is None:
        yield _fate(document, cited, snapshot)
        return
    [found] = snapshot.documents(document.document_id)
    if found.source != source:
        yield f"the document that the bundle calls {source} is {found.source} in the corpus"
    if (len(text), _digest(text)) != (document.characters, document.text_sha256):
        yield f"the text of {source} is not the one that was bundled"
    for name, one in cited:
        if text[one.start : one.end] != one.quote:
            place = _place(one.quote, text)
            yield f"{name}: characters {one.start}-{one.end} of {source} are not its quote, which {place}"


def _fate(document: BundledDocument, cited: Sequence[_Cited], snapshot: Snapshot) -> str:
    """Say what has become of a document that is gone from the corpus."""
    source = document.source
    successor = snapshot.documents_named(source).get(source)
    if successor is not None:
        text = snapshot.text(successor) or ""
        quotes = "".join(f"; the quote {name} {_place(one.quote, text)}" for name, one in cited)
        return f"{source} has changed since{quotes}"
    for candidate in snapshot.documents_of_length(document.characters):
        if _digest(snapshot.text(candidate) or "") == document.text_sha256:
            [found] = snapshot.documents(candidate)
            return f"{source} is gone from the corpus; the same text is there as {found.source}"
    return f"{source} is gone from the corpus"


def _place(quote: str, text: str) -> str:
    start = text.find(quote)
    if start < 0:
        return "stands in it no longer"
    return f"stands at {start}-{start + len(quote)}"


def _notes(bundle: Bundle, snapshot: Snapshot) -> Iterator[str]:
    made, now = bundle.corpus.generation, snapshot.generation
    if bundle.corpus.id != snapshot.uid:
        yield "the bundle was made from another corpus"
    elif now < made:
        yield f"the corpus is at generation {now}, before that of the bundle, {made}: is it an old backup?"
    for document in bundle.documents:
        found = snapshot.documents(document.document_id)
        if not found:
            continue
        if _file(snapshot, document.document_id) != document.file:
            yield f"the file of {document.source} is another than was bundled, its text is the same"
        changed = sorted(name for name, _ in found[0].metadata.items() ^ document.metadata.items())
        if changed:
            yield f"metadata of {document.source} have changed: {', '.join(dict.fromkeys(changed))}"


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
