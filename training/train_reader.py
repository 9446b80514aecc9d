"""Fine-tunes the default encoder into the span reader, on SQuAD v1.1 train and on negatives made from it.

    python training/retrieved.py DATA FOLDER/retrieved.jsonl        # half a minute, once
    python training/train_reader.py DATA FOLDER --passes 2          # hours on two cores, minutes on a GPU

Where torch finds a GPU, it is used. ``--passes`` or ``--steps`` plans the whole run: its learning rate falls
over the last ``--decay-steps``, and over the last ``--rounded-steps`` matrix products are rounded as they
will be in the exported model. The same command goes on where ``FOLDER/last.pt`` ends, with the same batches
as if it had never stopped; a run is stopped by SIGTERM or Ctrl-C, and may be paused by SIGSTOP. When the
fall begins, ``stable-STEP.pt`` is kept. From there

    --begin-from FOLDER/stable-001500.pt --steps 4000           prolongs the run
    --begin-from FOLDER/last.pt --steps N --decay-steps M       ends it sooner or later

and the result is ``final.pt``. With ``--teachers A.pt B.pt …`` the model learns more from what these make of
a question than from its one right answer, and ``--weights A.pt`` begins a run with A's weights. Nothing
depends on the clock but when ``last.pt`` is written.
"""

import argparse
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import torch
from checkpoints import Recipe, load_checkpoint, load_weights, read_checkpoint, save_checkpoint
from examples import Schooling, validation_sample
from gradients import Gradients
from negatives import read_retrieved
from schedule import Schedule
from score import Score, score_one
from span_features import Batch, Featurizer, best_span, new_tokenizer
from span_model import SpanModel, new_model
from squad import TRAIN_FILE, Question, read_squad
from teaching import Teachers

from pincite.index.encoder_files import sha256_of
from pincite.risk import auroc

SEED = 20261123
WARMUP_STEPS = 120
DECAY_SHARE = 0.9
ROUNDED_SHARE = 0.5
WEIGHT_DECAY = 0.01
MOST_GRADIENT = 1.0
LOG_STEPS = 25
VALIDATION_STEPS = 1000
CHECKPOINT_SECONDS = 480


@dataclass(slots=True)
class Pace:
    """Losses and tokens since the last line of the log."""

    losses: list[torch.Tensor] = field(default_factory=list)
    tokens: int = 0
    since: float = field(default_factory=time.monotonic)

    def line(self, step: int, rate: float) -> str:
        seconds = time.monotonic() - self.since
        return (
            f"step {step}  loss {float(torch.stack(self.losses).mean()):.3f}  rate {rate:.2e}"
            f"  {self.tokens / seconds:.0f} tokens/s  {seconds / len(self.losses):.2f} s/step"
        )


class Stop:
    """Becomes true at the first SIGTERM or SIGINT; a second one ends the process at once."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(number, signal.SIG_DFL)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run goes: its learning rate, when rounding begins, and what computes it."""

    schedule: Schedule
    first_rounded_step: int
    threads: int
    workers: int
    device: str


class Run:
    """One model in training, in its folder."""

    def __init__(
        self, folder: Path, plan: Plan, schooling: Schooling, recipe: Recipe, teachers: Teachers | None
    ) -> None:
        self.folder = folder
        self.plan = plan
        self.recipe = recipe
        self.schooling = schooling
        self.model = new_model(recipe.dropout).to(plan.device).train()
        torch.manual_seed(recipe.seed)
        self.gradients = Gradients(self.model, teachers, plan.threads)
        self.optimizer = new_optimizer(self.model)
        self.step = 0
        self.featurizer = Featurizer(new_tokenizer())
        self.sample = validation_sample(schooling.squad, schooling.retrieved, SEED)

    def resume(self, file: Path) -> None:
        """Go on from a checkpoint."""
        self.step = load_checkpoint(file, self.recipe, self.model, self.optimizer)
        tell(f"resumed at step {self.step} from {file.name}")

    def train(self, stop: Stop) -> None:
        """Take the steps that are left, unless told to stop; leaves ``last.pt``, at the end ``final.pt``."""
        pace, saved = Pace(), time.monotonic()
        schedule = self.plan.schedule
        for batch in self.schooling.batches(self.step, self.plan.workers):
            self.model.is_rounded = self.step >= self.plan.first_rounded_step
            if stop.asked or self.step >= schedule.steps:
                break
            if self.step == schedule.first_decay_step:
                self.save(f"stable-{self.step:06d}.pt")
            pace.losses.append(self.learn(batch))
            pace.tokens += int(batch.inputs.mask.sum())
            self.step += 1
            if self.step % LOG_STEPS == 0:
                tell(pace.line(self.step, schedule.rate(self.step)))
                pace = Pace()
            if self.step % VALIDATION_STEPS == 0:
                tell(f"step {self.step}  {validate(self.model, self.featurizer, self.sample)}")
                pace = Pace()
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self.save("last.pt")
                saved = time.monotonic()
        self.save("last.pt")
        if self.step >= schedule.steps:
            self.save("final.pt")
            tell(validate(self.model, self.featurizer, self.sample))
        tell(f"{'stopped' if stop.asked else 'finished'} at step {self.step}")

    def learn(self, batch: Batch) -> torch.Tensor:
        """Take one step; returns the loss before it."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.schedule.rate(self.step)
        loss = self.gradients.set(batch)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), MOST_GRADIENT)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss

    def save(self, name: str) -> None:
        save_checkpoint(self.folder / name, self.step, self.recipe, self.model, self.optimizer)


def new_optimizer(model: SpanModel) -> torch.optim.AdamW:
    """Return AdamW; biases and norms are not decayed."""
    trained = [value for value in model.parameters() if value.requires_grad]
    groups = [
        {"params": [value for value in trained if value.dim() > 1], "weight_decay": WEIGHT_DECAY},
        {"params": [value for value in trained if value.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=0.0, fused=True)


def validate(model: SpanModel, featurizer: Featurizer, questions: list[Question]) -> str:
    """Return EM/F1 over real questions, and AUROC of the margin between them and negatives."""
    model.eval()
    order = sorted(
        zip(questions, featurizer.features(questions), strict=True), key=lambda pair: len(pair[1].window.ids)
    )
    scores: list[Score] = []
    answerable: list[float] = []
    others: list[float] = []
    with torch.inference_mode():
        for begin in range(0, len(order), 32):
            pairs = order[begin : begin + 32]
            batch = Batch.of([feature for _, feature in pairs])
            starts, ends = (one.cpu().numpy() for one in model.scores(batch))
            for row, (question, feature) in enumerate(pairs):
                found = best_span(feature, question.paragraph.text, starts[row], ends[row])
                (answerable if question.answers else others).append(found.margin)
                if question.answers:
                    scores.append(score_one(found.text, question.answers))
    model.train()
    return f"held out: {Score.mean(scores)}  AUROC {auroc(answerable, others):.3f}"


def tell(line: str) -> None:
    print(time.strftime("%H:%M:%S"), line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="holds squad/train-v1.1.json.gz")
    parser.add_argument("folder", type=Path, help="holds retrieved.jsonl; takes the checkpoints")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--steps", type=int, help="steps of the whole run")
    length.add_argument("--passes", type=float, help="the same as passes over all questions")
    parser.add_argument("--decay-steps", type=int, help=f"steps of the fall (default: {DECAY_SHARE} of all)")
    parser.add_argument(
        "--rounded-steps", type=int, help=f"last steps with rounding (default: {ROUNDED_SHARE} of all)"
    )
    begun = parser.add_mutually_exclusive_group()
    begun.add_argument("--begin-from", type=Path, help="a checkpoint to go on from instead of last.pt")
    begun.add_argument("--weights", type=Path, help="a checkpoint whose weights a new run begins with")
    parser.add_argument("--teachers", type=Path, nargs="+", default=[], help="checkpoints to learn from")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--peak", type=float, default=1.5e-4, help="learning rate of the level part")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--threads", type=int, default=2, help="that share a batch, without a GPU")
    parser.add_argument("--workers", type=int, default=0, help="processes that make batches")
    options = parser.parse_args()
    found = options.folder / "retrieved.jsonl"
    recipe = Recipe(
        options.batch_size,
        options.seed,
        options.peak,
        options.dropout,
        sha256_of(found),
        sha256_of(*options.teachers) if options.teachers else "",
        sha256_of(options.weights) if options.weights else "",
    )
    schooling = Schooling(
        read_squad(options.data / TRAIN_FILE), read_retrieved(found), options.batch_size, options.seed
    )
    steps = options.steps or round(options.passes * schooling.batches_a_pass)
    decay_steps = options.decay_steps or round(steps * DECAY_SHARE)
    rounded_steps = round(steps * ROUNDED_SHARE) if options.rounded_steps is None else options.rounded_steps
    device = "cuda" if torch.cuda.is_available() else "cpu"
    plan = Plan(
        Schedule(steps, WARMUP_STEPS, decay_steps, options.peak),
        steps - rounded_steps,
        options.threads if device == "cpu" else 1,
        options.workers,
        device,
    )
    teachers = Teachers.open(options.teachers, device) if options.teachers else None
    run = Run(options.folder, plan, schooling, recipe, teachers)
    begin = options.begin_from or options.folder / "last.pt"
    if options.begin_from or begin.exists():
        run.resume(begin)
    elif options.weights:
        load_weights(run.model, read_checkpoint(options.weights))
    tell(
        f"{steps} steps, the last {decay_steps} of them falling, the last {rounded_steps} rounded;"
        f" {schooling.batches_a_pass} are a pass"
    )
    run.train(Stop())


if __name__ == "__main__":
    main()
