"""What a step of sampling costs beside the model: diffusers' schedulers on a (64, 2) state, float32.

The loop of a diffusers pipeline, a hundred steps, with what the model was given as its output, which costs nothing. Told is the
time of a thousand steps, ten times that of a run; set_timesteps() is not in it.
"""
import time

import harness

STEPS = 100


def diffusers():
    torch = harness.one_torch_thread()
    from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler, UniPCMultistepScheduler
    harness.imported()
    schedulers = {"euler": EulerDiscreteScheduler(), "ddim": DDIMScheduler(clip_sample=False),
                  "dpmpp-2m": DPMSolverMultistepScheduler(), "unipc": UniPCMultistepScheduler()}
    start = torch.randn(64, 2, 1, 1, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for name, scheduler in schedulers.items():
            harness.report(f"sampler-overhead/{name}", "diffusers", a_thousand(scheduler, start), note=type(scheduler).__name__,
                           versions=harness.versions("diffusers", "torch"))


def a_thousand(scheduler, start, seconds=3.0):
    """ms of a thousand steps, each ten times a run."""
    taken, end = [], time.perf_counter() + seconds
    while len(taken) < 7 or time.perf_counter() < end:
        scheduler.set_timesteps(STEPS)
        x = start * scheduler.init_noise_sigma
        begin = time.perf_counter()
        for t in scheduler.timesteps:
            given = scheduler.scale_model_input(x, t)
            x = scheduler.step(given, t, x).prev_sample
        taken.append(1e3 * (time.perf_counter() - begin) * 1000 / STEPS)
    return taken[2:]


if __name__ == "__main__":
    harness.main({"diffusers": diffusers})
