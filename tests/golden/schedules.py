"""Golden figures: learning rates of PyTorch's schedulers with a base rate of 1, step by step."""

import torch
from _write import write

EPOCHS, STEPS_PER_EPOCH = 12, 5
TOTAL = EPOCHS * STEPS_PER_EPOCH
schedulers = torch.optim.lr_scheduler


def optimizer():
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)


def per_epoch(make):
    """Step the scheduler after every epoch; every step of an epoch has the same rate."""
    opt = optimizer()
    scheduler = make(opt)
    rates = []
    for _ in range(EPOCHS):
        for _ in range(STEPS_PER_EPOCH):
            opt.step()
            rates.append(opt.param_groups[0]["lr"])
        scheduler.step()
    return rates


def per_step(make, fraction_of_epoch=False):
    """Step the scheduler after every step, or tell it the epoch as a fraction."""
    opt = optimizer()
    scheduler = make(opt)
    rates = []
    for t in range(TOTAL):
        opt.step()
        rates.append(opt.param_groups[0]["lr"])
        if fraction_of_epoch:
            scheduler.step((t + 1) / STEPS_PER_EPOCH)
        elif t + 1 < TOTAL:
            scheduler.step()
    return rates


def plateau(losses, **settings):
    opt = optimizer()
    scheduler = schedulers.ReduceLROnPlateau(opt, threshold=0.0, **settings)
    rates = []
    for loss in losses:
        rates.append(opt.param_groups[0]["lr"])
        opt.step()
        scheduler.step(loss)
    return rates


def one_cycle(opt, peak, start_factor, end_factor):
    # torch's final_div_factor is taken from the start, ours from the peak
    return schedulers.OneCycleLR(
        opt,
        max_lr=1.0,
        total_steps=TOTAL,
        pct_start=peak,
        div_factor=1 / start_factor,
        final_div_factor=start_factor / end_factor,
    )


def case(schedule, settings, rates):
    return {"schedule": schedule, "settings": settings, "factors": rates}


LOSSES = [5.0, 4.0, 4.0, 4.5, 4.2, 3.0, 3.0, 3.0, 3.1, 3.0, 2.0, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5]
write(
    __file__,
    {
        "epochs": EPOCHS,
        "steps_per_epoch": STEPS_PER_EPOCH,
        "step": case("Step", {"every": 3, "factor": 0.5}, per_epoch(lambda o: schedulers.StepLR(o, 3, 0.5))),
        "exponential": case("Exponential", {"factor": 0.9}, per_epoch(lambda o: schedulers.ExponentialLR(o, 0.9))),
        "cosine": case("Cosine", {}, per_step(lambda o: schedulers.CosineAnnealingLR(o, TOTAL))),
        "cosine minimum": case(
            "Cosine", {"minimum": 0.1}, per_step(lambda o: schedulers.CosineAnnealingLR(o, TOTAL, eta_min=0.1))
        ),
        "restarts": case(
            "CosineRestarts",
            {"every": 4},
            per_step(lambda o: schedulers.CosineAnnealingWarmRestarts(o, 4), fraction_of_epoch=True),
        ),
        "restarts growing": case(
            "CosineRestarts",
            {"every": 2, "multiplier": 2, "minimum": 0.05},
            per_step(lambda o: schedulers.CosineAnnealingWarmRestarts(o, 2, 2, eta_min=0.05), fraction_of_epoch=True),
        ),
        "one cycle": case("OneCycle", {}, per_step(lambda o: one_cycle(o, 0.3, 1 / 25, 1e-4))),
        "one cycle early": case(
            "OneCycle",
            {"peak": 0.25, "start": 0.1, "end": 0.01},
            per_step(lambda o: one_cycle(o, 0.25, 0.1, 0.01)),
        ),
        "plateau": {
            "schedule": "ReduceOnPlateau",
            "settings": {"factor": 0.5, "patience": 2, "minimum": 0.2},
            "losses": LOSSES,
            "factors": plateau(LOSSES, factor=0.5, patience=2, min_lr=0.2),
        },
    },
)
