"""The learning rate of a run: it warms up, stays, and at the end falls to zero in a straight line.

Every checkpoint of the level part can be continued for as long as one likes, or be finished by a fall of its
own. Hu et al., "MiniCPM", 2024, section 4 (warmup–stable–decay); Hägele et al., "Scaling Laws and
Compute-Optimal Training Beyond Fixed Training Durations", 2024.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Schedule:
    """Step counts of a whole run; the last ``decay_steps`` of ``steps`` are the fall."""

    steps: int
    warmup_steps: int
    decay_steps: int
    peak: float

    @property
    def first_decay_step(self) -> int:
        """The steps taken when the fall begins."""
        return max(self.steps - self.decay_steps, 0)

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0.

        >>> schedule = Schedule(steps=100, warmup_steps=10, decay_steps=20, peak=1.0)
        >>> [schedule.rate(step) for step in (0, 9, 50, 80, 90, 99)]
        [0.1, 1.0, 1.0, 1.0, 0.5, 0.05]
        """
        warm = min(1.0, (step + 1) / max(self.warmup_steps, 1))
        left = (self.steps - step) / max(self.decay_steps, 1)
        return self.peak * min(warm, max(min(left, 1.0), 0.0))
