"""The encoders that an open corpus has loaded, each once, and whether one is the corpus's own."""

import logging
import threading

from pincite.index.encoder import Encoder, EncoderIdentity, load_encoder
from pincite.index.encoder_files import FLOAT32, INT8
from pincite.index.errors import EncoderMismatch, EncoderUnavailable

_LOG = logging.getLogger(__name__)


class LoadedEncoders:
    """Encoders by their weights. Safe to share between threads."""

    def __init__(self, location: str) -> None:
        self._location = location
        self._loaded: dict[tuple[str, int, str], Encoder] = {}
        self._guard = threading.Lock()

    def keep(self, encoder: str | Encoder, precision: str | None = None) -> Encoder:
        """Return the encoder, loaded by its name if that is what is given, and keep it."""
        if isinstance(encoder, str):
            encoder = load_encoder(encoder, precision=precision, progress=_LOG.info)
        self._loaded[_weights(encoder.identity)] = encoder
        return encoder

    def new(self, encoder: str | Encoder, precision: str | None) -> Encoder:
        """Return an encoder for vectors that are to be made. Raises ``EncoderUnavailable`` where it cannot be
        had in that precision.
        """
        found = self.keep(encoder, precision)
        if precision not in {None, found.identity.precision}:
            raise EncoderUnavailable(
                f"{found.identity.name} cannot be had in {precision} here, only in {found.identity.precision}"
            )
        return found

    def of(self, identity: EncoderIdentity) -> Encoder:
        """Return the encoder of that identity. Raises ``EncoderMismatch`` if its weights have changed."""
        with self._guard:
            known = self._loaded.get(_weights(identity))
            return known or self.check(identity, identity.name)

    def check(self, stored: EncoderIdentity, given: str | Encoder) -> Encoder:
        """Return the given encoder, or raise ``EncoderMismatch`` if its vectors are not like those stored."""
        encoder = self.keep(given, _precision(stored))
        if _weights(stored) == _weights(encoder.identity):
            return encoder
        other = encoder.identity
        advice = f"run `pincite reencode --encoder {other.name}`"
        if stored.weights_sha256 == other.weights_sha256:
            advice = f"the model cannot be had in {stored.precision} here; {advice}"
        elif stored.name == other.name:
            advice = f"the model's weights have changed since; {advice}"
        raise EncoderMismatch(
            f"{self._location} was built with {_shown(stored)}, not {_shown(other)}: {advice}"
        )


def load_same(identity: EncoderIdentity) -> Encoder:
    """Return the encoder of that identity. Raises ``EncoderMismatch`` where what is here under its name would
    make other vectors, and ``EncoderUnavailable`` where there is nothing.
    """
    encoder = load_encoder(identity.name, precision=_precision(identity), progress=_LOG.info)
    if _weights(identity) != _weights(encoder.identity):
        raise EncoderMismatch(
            f"there is {_shown(encoder.identity)}, and the corpus was built with {_shown(identity)}: install"
            " the same there"
        )
    return encoder


def _precision(identity: EncoderIdentity) -> str | None:
    """Return the precision to ask for, to get an encoder of that identity."""
    return identity.precision if identity.precision in (FLOAT32, INT8) else None


def _shown(identity: EncoderIdentity) -> str:
    return f"{identity.name} ({identity.dimension}-d, {identity.precision}, {identity.weights_sha256[:8]})"


def _weights(identity: EncoderIdentity) -> tuple[str, int, str]:
    """Return what two encoders share whose vectors compare, whatever they are called."""
    return identity.weights_sha256, identity.dimension, identity.precision
