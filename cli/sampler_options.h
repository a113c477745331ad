/* sampler_options.h - options of the verbs that sample: the sampler, the schedule and its points, what a gradient costs. sample_options(),
   sample_schedule() and sample_scheduler() of sample.h obey them; a verb has all four. */
// clang-format off
#define ADJOINT_NAME_OPTION \
    { "adjoint", CLI_TEXT, "NAME", "points", "points, tape, checkpoints, reversible, last, continuous (AdjointDPM's own)", NULL }

#define SAMPLER_OPTIONS \
    { "sampler", CLI_TEXT, "NAME", NULL, "`costate list samplers` names them; found: what `costate search` stored with the run; dpmpp-2m", "sampler" }, \
    { "found", CLI_TEXT, "FILE", NULL, "a schedule that `costate search` wrote", NULL }, \
    { "scheduler", CLI_TEXT, "FILE", NULL, "a scheduler_config.json of diffusers; options here go before it", NULL }, \
    { "steps", CLI_INTEGER, NULL, NULL, "how many; 20", NULL }, \
    { "nfe", CLI_INTEGER, NULL, NULL, "instead of steps: as many as take at most N evaluations of the model", NULL }, \
    { "order", CLI_INTEGER, "1|2|3|..", NULL, "of samplers that come in several", NULL }, \
    { "prediction", CLI_TEXT, "noise|data", NULL, "which of them is integrated; the sampler's", NULL }, \
    { "solver-type", CLI_TEXT, "TYPE", NULL, "dpmsolver or taylor (diffusers: midpoint, heun)", NULL }, \
    { "singlestep", CLI_TEXT, "fast|fixed", NULL, "orders so that steps is the number of evaluations, or one order", NULL }, \
    { "variant", CLI_TEXT, "NAME", NULL, "of UniPC: bh1 or bh2; of DDPM: small or large", NULL }, \
    { "lower-order-final", CLI_FLAG, NULL, NULL, "true or false: the last steps are of lower order; the sampler's rule", NULL }, \
    { "corrector", CLI_FLAG, NULL, "yes", "of UniPC", NULL }, \
    { "compat", CLI_TEXT, "KIND", "exact", "published: with the known errors of the official code", NULL }, \
    { "eta", CLI_NUMBER, NULL, NULL, "the part of the noise, of samplers that draw it; the sampler's", NULL }, \
    { "churn", CLI_NUMBER, NULL, NULL, "S_churn of Karras et al. 2022; 0", NULL }, \
    { "churn-min", CLI_NUMBER, NULL, NULL, "S_tmin; 0", NULL }, \
    { "churn-max", CLI_NUMBER, NULL, NULL, "S_tmax; none", NULL }, \
    { "churn-noise", CLI_NUMBER, NULL, NULL, "S_noise; 1", NULL }, \
    { "gamma", CLI_NUMBER, NULL, NULL, "of BDIA; 1", NULL }, \
    { "mixing", CLI_NUMBER, NULL, NULL, "p of EDICT; 0.93", NULL }, \
    { "zeta", CLI_NUMBER, NULL, NULL, "of Rex; 0.999", NULL }, \
    { "tableau", CLI_TEXT, "METHOD", NULL, "the Runge-Kutta method inside rho-rk and rex", NULL }, \
    { "rtol", CLI_NUMBER, NULL, NULL, "of adaptive samplers; 0.05", NULL }, \
    { "atol", CLI_NUMBER, NULL, NULL, "the same; 0.0078", NULL }, \
    { "clip", CLI_NUMBER, "RANGE", NULL, "predicted data are cut to +-RANGE; none", NULL }, \
    { "threshold", CLI_NUMBER, "RATIO", NULL, "dynamic thresholding: 0.995; none", NULL }, \
    { "threshold-most", CLI_NUMBER, NULL, NULL, "the largest that it scales by; none", NULL }, \
    { "statistics", CLI_TEXT, "FILE", NULL, "of the model, for dpm-v3", NULL }, \
    { "noise-level", CLI_NUMBER, NULL, NULL, "epsilon of an interpolant's SDE; 0: its ODE", NULL }, \
    { "skip-most", CLI_INTEGER, NULL, NULL, "sada: evaluations that are skipped in a row; 4", NULL }

#define GRID_OPTIONS \
    { "schedule", CLI_TEXT, "NAME", NULL, "of a mixture: `costate list schedules` names them; a run has its own; vp-linear", "noise schedule and grid" }, \
    { "grid", CLI_TEXT, "NAME", NULL, "`costate list grids` names them; logsnr", NULL }, \
    { "t-begin", CLI_NUMBER, "T", NULL, "the noise end; the schedule's", NULL }, \
    { "t-end", CLI_NUMBER, "T", NULL, "the data end; the schedule's", NULL }, \
    { "times", CLI_LIST, "T,...", NULL, "steps + 1 times instead of a grid", NULL }, \
    { "sigmas", CLI_LIST, "S,...", NULL, "the same as values of sigma / alpha", NULL }, \
    { "final", CLI_TEXT, "KIND", NULL, "the last point: min, the grid's; zero, without noise, behind the grid; replaced, in place of its last; end, at --t-end behind it", NULL }, \
    { "rho", CLI_NUMBER, NULL, NULL, "of karras; 7", NULL }, \
    { "shift", CLI_NUMBER, NULL, NULL, "of flow's noise levels, on time-uniform; 1", NULL }, \
    { "beta-min", CLI_NUMBER, NULL, NULL, "the schedule's", NULL }, \
    { "beta-max", CLI_NUMBER, NULL, NULL, "the schedule's", NULL }, \
    { "train-steps", CLI_INTEGER, NULL, NULL, "of discrete schedules; 1000", NULL }, \
    { "sigma-min", CLI_NUMBER, NULL, NULL, "of ve and edm", NULL }, \
    { "sigma-max", CLI_NUMBER, NULL, NULL, "of ve and edm", NULL }, \
    { "sigma-inf", CLI_NUMBER, NULL, NULL, "of mean-reverting", NULL }, \
    { "schedule-shift", CLI_NUMBER, NULL, NULL, "of flow, where the network is told t before it; 1", NULL }, \
    { "zero-terminal-snr", CLI_FLAG, NULL, NULL, "discrete schedules end in noise alone (Lin et al. 2024)", NULL }

#define ADJOINT_OPTIONS \
    { "budget", CLI_NUMBER, "BYTES", NULL, "of checkpoints; 16 states", NULL }, \
    { "last", CLI_INTEGER, NULL, NULL, "of last: steps", NULL }, \
    { "adjoint-method", CLI_TEXT, "METHOD", NULL, "of continuous; rk4, with --adjoint-rtol tsit5", NULL }, \
    { "adjoint-rtol", CLI_NUMBER, NULL, NULL, "of continuous: steps of its own, with this tolerance; the sampler's grid", NULL }
// clang-format on
