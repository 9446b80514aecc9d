"""Every error that pincite raises on purpose.

    PinciteError
    ├── CorpusNotFound         no corpus where one was expected
    ├── CorpusLocked           another process is writing to it
    ├── CorpusDamaged          the stored data contradict themselves
    ├── CorpusUnavailable      the server that keeps it does not answer, or refuses
    ├── DocumentNotFound       no document of that name or id
    ├── UnsupportedDocument    a file that cannot be read as text
    ├── EncoderUnavailable     the encoder's files are missing or not the expected ones
    ├── EncoderMismatch        the corpus was built with another encoder
    └── AnswererUnavailable    the LLM did not answer, or not in a usable form

Each message says what happened, what was met and what to do. A wrong argument is a ``ValueError``.
"""


class PinciteError(Exception):
    """The base of all of them: catch this one to catch everything that pincite foresees."""


class CorpusNotFound(PinciteError):
    """There is no corpus at the location, or the folder holds something else."""


class CorpusLocked(PinciteError):
    """Another process is writing to the corpus; the message names its process id."""


class CorpusDamaged(PinciteError):
    """The corpus's files cannot be read or written, or contradict each other."""


class CorpusUnavailable(PinciteError):
    """The server that keeps a corpus does not answer, or does not let us in."""


class DocumentNotFound(PinciteError):
    """No document has this source or id, or a shortened source fits several."""


class UnsupportedDocument(PinciteError):
    """A file that cannot be turned into text; the message becomes its receipt's reason."""


class EncoderUnavailable(PinciteError):
    """An encoder could not be loaded, or its weights are not the ones they should be."""


class EncoderMismatch(PinciteError):
    """A corpus built with one encoder was opened with another."""


class AnswererUnavailable(PinciteError):
    """The LLM server did not answer, or answered something that cannot be used."""
