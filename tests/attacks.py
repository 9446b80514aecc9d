"""The attacks of ``data/attacks``: documents that try to make an LLM, the page or the terminal do their will.

Here the table is read, and an LLM made that obeys an attack in full. What has to come out is tested in
``test_injection``; ``python -m tests.attacks`` writes the table in ``docs/prompt-injection.md`` again.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data" / "attacks"
HONEST = {"@mill": "Josiah Trewin.", "@ferry": "every twenty minutes"}
PAGE = Path(__file__).parent.parent / "docs" / "prompt-injection.md"
OUTCOMES = {
    "own": "Its own words, as plain text, cited under its own name.",
    "honest": "The honest answer, which came first, cited from the honest document.",
    "put right": "Its own words, cited under its own name and not under the name it asked for.",
    "check": "Shown with the warning that it says more than its quote.",
    "in part": "The claims whose words stand there; the other is marked as unsupported, outside the answer.",
    "nothing": "Not answered: what was quoted stands in no document.",
    "silent": "Not answered, with the nearest passages, the honest document's among them.",
    "reader": "The reply is refused; the reader answers instead, and a note says so.",
}
HOLES = {
    "crowding out": "the honest document is not among the passages that are read",
}
_BLOCK = re.compile(r"<passage-(\w+) (P\d+)>\n(.*?)\n</passage-\1>", re.DOTALL)
_HEADER = "| attack | what it tries | what comes out |\n| --- | --- | --- |\n"
_BEGIN, _END = "<!-- attacks: python -m tests.attacks -->\n", "<!-- end of attacks -->\n"


@dataclass(frozen=True, slots=True)
class QuotedClaim:
    """What the LLM claims; ``passage`` is a label, or @own, @mill or @ferry for that of such a passage."""

    passage: str
    quote: str
    text: str


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack, as ``attacks.toml`` describes it."""

    name: str
    kind: str
    files: tuple[str, ...]
    tries: str
    outcome: str
    claims: tuple[QuotedClaim, ...] = ()
    says: str = ""
    repeat: int = 1
    named: str = ""
    text: str = ""
    unseen: str = ""
    holes: tuple[str, ...] = ()

    @property
    def reply(self) -> str:
        """What an LLM replies that obeys, with places for labels."""
        if self.says:
            return self.says * self.repeat
        claims = [
            {"text": claim.text, "passage": claim.passage, "quote": claim.quote} for claim in self.claims
        ]
        return json.dumps({"claims": claims * self.repeat})


@dataclass
class Seen:
    """What the LLM was sent."""

    systems: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    options: list[dict[str, Any]] = field(default_factory=list)


def attacks() -> list[Attack]:
    """Return all attacks, in the table's order."""
    return [_attack(entry) for entry in _table()["attack"]]


def question() -> str:
    """Return what is asked in each of them."""
    return str(_table()["question"])


def obedient_llm(attack: Attack, seen: Seen) -> Any:
    """Return an LLM that replies as the attack wants, whole or in pieces, and keeps what it was sent."""
    from llama_index.core.base.llms.types import ChatMessage, ChatResponse
    from llama_index.core.llms import MockLLM

    class Obedient(MockLLM):
        def chat(self, messages: Any, **options: Any) -> ChatResponse:
            *_, whole = self.stream_chat(messages, **options)
            return whole

        def stream_chat(self, messages: Any, **options: Any) -> Iterator[ChatResponse]:  # type: ignore[override]
            system, user = (message.content for message in messages)
            seen.systems.append(system)
            seen.users.append(user)
            seen.options.append(options)
            reply = labelled(attack.reply, user)
            step = max(7, len(reply) // 100)
            for end in range(step, len(reply) + step, step):
                message = ChatMessage(role="assistant", content=reply[:end])
                yield ChatResponse(message=message, delta=reply[end - step : end])

    return Obedient(max_tokens=None)


def blocks(user: str) -> dict[str, str]:
    """Return what stands between delimiters, by label."""
    return {label: text for _, label, text in _BLOCK.findall(user)}


def outside_blocks(user: str) -> str:
    """Return what stands outside of all delimiters, white space folded."""
    return " ".join(_BLOCK.sub("", user).split())


def labelled(reply: str, user: str) -> str:
    """Return ``reply`` with labels of the prompt for @own, @mill and @ferry."""
    shown = blocks(user)
    honest = {name: _label(shown, words) for name, words in HONEST.items()}
    own = [label for label in shown if label not in honest.values()]
    for name, label in {**honest, "@own": own[0] if own else "P99"}.items():
        reply = reply.replace(name, label)
    return reply


def table() -> str:
    """Return all attacks as Markdown tables, one for each kind."""
    parts = []
    for kind, found in groupby(attacks(), key=lambda attack: attack.kind):
        rows = "".join(_row(attack) for attack in found)
        parts.append(f"### {kind}\n\n{_HEADER}{rows}")
    return "\n".join(parts)


def with_table(page: str) -> str:
    """Return the page with the table as it has to be."""
    before, _, rest = page.partition(_BEGIN)
    return f"{before}{_BEGIN}\n{table()}\n{_END}{rest.partition(_END)[2]}"


def _table() -> Mapping[str, Any]:
    return tomllib.loads((FOLDER / "attacks.toml").read_text(encoding="utf-8"))


def _attack(entry: Mapping[str, Any]) -> Attack:
    tuples = {name: tuple(entry[name]) for name in ("files", "holes") if name in entry}
    claims = tuple(QuotedClaim(**claim) for claim in entry.get("claims", ()))
    return Attack(**{**entry, **tuples, "claims": claims})


def _label(shown: Mapping[str, str], words: str) -> str:
    return next((label for label, text in shown.items() if words in text), "P99")


def _row(attack: Attack) -> str:
    files = ", ".join(f"[{name}](../tests/data/attacks/{name})" for name in attack.files)
    hidden = "What it hides is not read. " if attack.unseen else ""
    known = f" **Not yet right:** {'; '.join(HOLES[hole] for hole in attack.holes)}." if attack.holes else ""
    return f"| {files} | {attack.tries} | {hidden}{OUTCOMES[attack.outcome]}{known} |\n"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
