"""How the chosen network learned: too much by heart, too little, not to the end, by luck."""

from __future__ import annotations

from thetastar.model.conclusion import number
from thetastar.model.record import Finding
from thetastar.study.checks.facts import Facts

__all__ = ["less_on_test", "overfitting", "still_learning", "underfitting", "unstable_folds", "unstable_starts"]

_REMEMBERED = 0.3  # of what it knows on training rows
_MISSED = 0.1  # of what the best baseline knows
_STARTS, _FOLDS = 0.2, 0.25  # of what it is better than the constant by
_LAST = 0.95  # of the epochs


def overfitting(facts: Facts) -> Finding | None:
    """Much of what is known on training rows is lost on others."""
    chosen = facts.record.chosen
    known, kept = facts.gain(chosen.training_mean), facts.gain(chosen.validation_mean)
    if known is None or kept is None or known <= 0 or known - kept < _REMEMBERED * known:
        return None
    return Finding(
        name="overfitting",
        evidence=f"{chosen.name} has {facts.metric.name} {number(chosen.training_mean)} on rows that it trained on and "
        f"{number(chosen.validation_mean)} on validation rows.",
        advice="More rows, a smaller network, dropout or weight decay would let it remember less.",
    )


def underfitting(facts: Facts) -> Finding | None:
    """Training rows are known no better than others, and a baseline knows more."""
    chosen, metric = facts.record.chosen, facts.metric
    known, kept = facts.gain(chosen.training_mean), facts.gain(chosen.validation_mean)
    best = next((row for row in facts.record.leaderboard if row.kind == "baseline"), None)
    could = None if best is None else facts.gain(best.validation_mean)
    if best is None or known is None or kept is None or could is None or could <= 0:
        return None
    if known > 1.1 * max(kept, 0.0) + 0.02 * could or could - kept < _MISSED * could:
        return None
    return Finding(
        name="underfitting",
        evidence=f"{chosen.name} has {metric.name} {number(chosen.training_mean)} even on rows that it trained on, "
        f"where {best.name} reaches {number(best.validation_mean)} on validation rows.",
        advice="Wider or deeper candidates, or more effort, would let it learn more.",
    )


def still_learning(facts: Facts) -> Finding | None:
    """Most runs were best in their last epochs, so more of them would have helped."""
    runs = facts.standings[0].outcomes
    late = [run for run in runs if run.stopped == "epochs" and run.best_epoch >= _LAST * run.epochs]
    if not runs or 2 * len(late) <= len(runs) or max(run.epochs for run in late) < 5:
        return None
    # A course whose rate falls to nothing ends best as a matter of course: only where the loss still falls.
    falling = [run for run in late if len(run.validation_loss) >= 10 and _falls(run.validation_loss)]
    if 2 * len(falling) <= len(runs):
        return None
    return Finding(
        name="still learning",
        evidence=f"{len(falling)} of {len(runs)} runs of {facts.record.chosen.name} were still getting better when "
        f"their {max(run.epochs for run in falling)} epochs ended.",
        advice="Give more effort (--effort), so that it trains longer.",
    )


def _falls(losses: list[float]) -> bool:
    """The last tenth of the epochs takes at least a twentieth of all that was gained."""
    before = losses[-max(len(losses) // 10, 1) - 1]
    gained = losses[0] - losses[-1]
    return gained > 0 and before - losses[-1] >= 0.05 * gained


def unstable_starts(facts: Facts) -> Finding | None:
    """The same rows from another start give another score."""
    chosen = facts.record.chosen
    gain = facts.gain(chosen.validation_mean)
    if gain is None or gain <= 0 or chosen.start_spread is None or chosen.start_spread < _STARTS * gain:
        return None
    return Finding(
        name="unstable over starts",
        evidence=f"From one random start to another the {facts.metric.name} of {chosen.name} differs by about "
        f"{number(chosen.start_spread)}, where it is {number(gain)} better than the constant.",
        advice="An average of several networks (more restarts) would depend less on luck.",
    )


def unstable_folds(facts: Facts) -> Finding | None:
    """Other rows give another score."""
    chosen = facts.record.chosen
    gain = facts.gain(chosen.validation_mean)
    if gain is None or gain <= 0 or chosen.fold_spread is None or chosen.fold_spread < _FOLDS * gain:
        return None
    return Finding(
        name="unstable over folds",
        evidence=f"From fold to fold the {facts.metric.name} of {chosen.name} differs by about "
        f"{number(chosen.fold_spread)}, where it is {number(gain)} better than the constant.",
        advice="The rows are too few, or of several kinds: look for groups (--group), and gather more.",
    )


def less_on_test(facts: Facts) -> Finding | None:
    """The test rows say clearly less than the validation rows did."""
    chosen, test, metric = facts.record.chosen, facts.record.test, facts.metric
    ends, score, mean = test.intervals.get(metric.name), test.scores[metric.name], chosen.validation_mean
    answer = facts.record.answer
    if ends is None or score is None or mean is None or (answer is not None and answer.kind != "network"):
        return None  # the interval is that of the answer
    worst = ends[1] if metric.direction == "max" else ends[0]
    spread = chosen.fold_spread or 0.0
    if not metric.better(mean, worst) or metric.loss(score) - metric.loss(mean) <= 2 * spread:
        return None
    return Finding(
        name="less on the test rows",
        evidence=f"On the validation rows {metric.name} was {number(mean)}, on the test rows it is {number(score)} "
        f"(95 % interval {number(ends[0])} to {number(ends[1])}).",
        advice="The choice was lucky, or the test rows are of another kind; believe the test.",
    )
