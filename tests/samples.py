"""The questions that pincite must answer from seeds/ by every door, and the one that it must not."""

from dataclasses import dataclass

BANK = "which bank built 30 internal tools?"
UNANSWERABLE = "Who publishes the Financial Times?"


@dataclass(frozen=True, slots=True)
class Sample:
    """A question, words that its answer and its quote hold, and the group that is cited."""

    question: str
    wanted: str
    group: str


SAMPLES = (
    Sample(BANK, "Singapore's OCBC Bank", "Group 2"),
    Sample(
        "When did top Chinese open-source models start to outperform American ones?",
        "November 2024",
        "Group 3",
    ),
    Sample("What did OpenAI release in response to the open-source trend?", "GPT-oss", "Group 1"),
    Sample(
        "Why do Chinese companies prioritize user retention?",
        "a window for startups to attract users",
        "Group 4",
    ),
)
