"""Times this crate and its peers on the same data, in interleaved rounds, and prints the table of docs/performance.md.

    cargo bench --bench kernels --no-run        # prints the path of the program KERNELS
    cargo build --release --manifest-path benches/peers/solow/Cargo.toml
    python3 benches/peers/compare.py KERNELS [--rounds 5] [--seconds 0.2] [--huge-pages]

needs R with metafor, and `pip install pymare statsmodels numpy`. A peer that is missing is left out and named. A ratio is formed within a
round, of CPU times; the table has the median over rounds, and the smallest and largest.

numpy asks the system for huge pages for its large arrays; a program in Rust does not by itself. With `--huge-pages` glibc is told to do so for
every program here (`GLIBC_TUNABLES`), so that all of them read the same kind of memory.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

# row, ours, theirs
ROWS = [
    ("one fit, DL, Wald test, k = 10", "fit dl z k=10", "metafor dl z k=10", "metafor `rma`"),
    ("one fit, REML, Wald test, k = 10", "fit reml z k=10", "metafor reml z k=10", "metafor `rma`"),
    ("one fit, REML, Hartung-Knapp, k = 10", "fit reml hk k=10", "metafor reml hk k=10", "metafor `rma`"),
    ("one fit, DL, Wald test, k = 20", "fit dl z k=20", "metafor dl z k=20", "metafor `rma`"),
    ("one fit, REML, Wald test, k = 20", "fit reml z k=20", "metafor reml z k=20", "metafor `rma`"),
    ("one fit, REML, Hartung-Knapp, k = 20", "fit reml hk k=20", "metafor reml hk k=20", "metafor `rma`"),
    ("one fit, DL, Wald test, k = 50", "fit dl z k=50", "metafor dl z k=50", "metafor `rma`"),
    ("one fit, REML, Wald test, k = 50", "fit reml z k=50", "metafor reml z k=50", "metafor `rma`"),
    ("one fit, REML, Hartung-Knapp, k = 50", "fit reml hk k=50", "metafor reml hk k=50", "metafor `rma`"),
    ("REML, Hartung-Knapp, 2 moderators, k = 10", "regression reml 2 moderators hk k=10", "metafor reml 2 moderators hk k=10", "metafor `rma`"),
    ("REML, Hartung-Knapp, 2 moderators, k = 50", "regression reml 2 moderators hk k=50", "metafor reml 2 moderators hk k=50", "metafor `rma`"),
    ("REML with 2 moderators, k = 10 (ours: tau2 alone)", "tau2 reml 2 moderators k=10", "metafor reml 2 moderators hk k=10", "metafor `rma`"),
    ("one fit, DL, k = 1000", "fit dl z k=1000", "metafor dl z k=1000", "metafor `rma`"),
    ("one fit, REML, k = 1000", "fit reml z k=1000", "metafor reml z k=1000", "metafor `rma`"),
    ("tau2, mean and SE, DL, k = 10", "estimate dl k=10", "metafor dl z k=10", "metafor `rma`"),
    ("tau2, mean and SE, REML, k = 10", "estimate reml k=10", "metafor reml z k=10", "metafor `rma`"),
    ("tau2, mean and SE, DL, k = 20", "estimate dl k=20", "metafor dl z k=20", "metafor `rma`"),
    ("tau2, mean and SE, REML, k = 20", "estimate reml k=20", "metafor reml z k=20", "metafor `rma`"),
    ("tau2, mean and SE, DL, k = 50", "estimate dl k=50", "metafor dl z k=50", "metafor `rma`"),
    ("tau2, mean and SE, REML, k = 50", "estimate reml k=50", "metafor reml z k=50", "metafor `rma`"),
    ("one fit, DL, k = 10", "fit dl z k=10", "statsmodels dl k=10", "statsmodels `combine_effects` + `summary_frame`"),
    ("one fit, DL, k = 10", "fit dl z k=10", "pymare dl k=10", "PyMARE `fit` (no statistics)"),
    ("one fit, REML, k = 10", "fit reml z k=10", "pymare reml k=10", "PyMARE `fit` (no statistics)"),
    ("tau2, mean and SE, DL, k = 10", "estimate dl k=10", "solow-stats dl k=10", "solow-stats (Rust)"),
    ("tau2, mean and SE, DL, k = 100", "estimate dl k=100", "solow-stats dl k=100", "solow-stats (Rust)"),
    ("tau2, mean and SE, DL, k = 1000", "estimate dl k=1000", "solow-stats dl k=1000", "solow-stats (Rust)"),
    ("batch, DL and p", "batch dl p k=20", "numpy dl p", "numpy, hand-written"),
    ("batch, DL and p", "batch dl p k=20", "base R dl p", "base R matrices, hand-written"),
    ("batch, DL and p", "batch dl p k=20", "pymare dl", "PyMARE `fit` (no p)"),
    ("batch, DL, all 13 columns", "batch dl all k=20", "pymare dl statistics", "PyMARE fit, mean and heterogeneity statistics"),
    ("batch, REML, tau2, mean and SE", "batch reml core k=20", "pymare reml", "PyMARE `fit`"),
    ("batch, REML, all 13 columns", "batch reml all k=20", "pymare reml", "PyMARE `fit` (no statistics)"),
]
# ratios within this crate: name, numerator, denominator, factor
WITHIN = [
    ("batch DL with p: AVX2 / best", "batch dl, avx2 p k=20", "batch dl p k=20", 1),
    ("batch DL with p: scalar / best", "batch dl, scalar p k=20", "batch dl p k=20", 1),
    ("batch REML: AVX2 / best", "batch reml, avx2 core k=20", "batch reml core k=20", 1),
    ("batch REML: scalar / best", "batch reml, scalar core k=20", "batch reml core k=20", 1),
    ("batch REML / DL from memory", "batch reml, from memory core k=20", "batch dl, from memory core k=20", 1),
    ("batch DL: from memory / in cache", "batch dl, from memory core k=20", "batch dl, in cache core k=20", 1),
    ("batch REML: from memory / in cache", "batch reml, from memory core k=20", "batch reml, in cache core k=20", 1),
    ("batch DL: all 13 columns / with p", "batch dl all k=20", "batch dl p k=20", 1),
    ("batch DL in cache: unit-major / study-major", "batch dl, in cache, unit-major core k=20", "batch dl, in cache core k=20", 1),
    ("batch DL in cache: ragged, mean of 11.5 studies / 20 studies", "batch dl, in cache, ragged core k=20", "batch dl, in cache core k=20", 1),
    ("batch DL from memory: unit-major / study-major", "batch dl, from memory, prefetch, unit-major core k=20", "batch dl, from memory, prefetch core k=20", 1),
    ("batch DL from memory: stride of 4096 bytes / not", "batch dl, from memory, prefetch, stride of 4096 bytes core k=20", "batch dl, from memory, prefetch core k=20", 1),
    ("DL estimate, time per study: k = 1000 / k = 10", "estimate dl k=1000", "estimate dl k=10", 0.01),
    ("REML estimate, time per study: k = 1000 / k = 10", "estimate reml k=1000", "estimate reml k=10", 0.01),
    ("REML fit: k = 1000 / k = 10", "fit reml z k=1000", "fit reml z k=10", 1),
    ("REML / DL estimate, k = 20", "estimate reml k=20", "estimate dl k=20", 1),
    ("REML fit, time per study: k = 1000 / k = 10", "fit reml z k=1000", "fit reml z k=10", 0.01),
]

# What a batch is to reach: what, numerator, denominator, factor, bound, whether the ratio must be at least it (or at most)
DL, REML, CACHED = "batch dl, from memory core k=20", "batch reml, from memory core k=20", "batch dl, in cache core k=20"
PREFETCHED = "batch dl, from memory, prefetch core k=20"
TARGETS = [
    ("batch DL with p / PyMARE fit", "pymare dl", "batch dl p k=20", 1, 20, True),
    ("batch DL with p / numpy", "numpy dl p", "batch dl p k=20", 1, 8, True),
    ("batch DL, all 13 columns / PyMARE with statistics", "pymare dl statistics", "batch dl all k=20", 1, 50, True),
    ("batch REML / PyMARE fit (bound for AVX2; 350 for AVX-512)", "pymare reml", "batch reml core k=20", 1, 180, True),
    ("DL in cache: time of its 40 divisions / time", "divide 40", CACHED, 1, 0.75, True),
    ("DL from memory: time to read its 40 numbers / time", "read 20000000", DL, 40, 0.40, True),
    ("the same with prefetch", "read 20000000", PREFETCHED, 40, 0.60, True),
    ("REML / DL from memory", REML, DL, 1, 3.5, False),
    ("the same with prefetch", "batch reml, from memory, prefetch core k=20", PREFETCHED, 1, 3.5, False),
    ("DL from memory, with p-values, Hartung-Knapp, prediction / core", "batch dl, from memory, prefetch most k=20", PREFETCHED, 1, 2, False),
    ("the same with both logarithms of p", "batch dl, from memory, prefetch all k=20", PREFETCHED, 1, 2, False),
    ("DL in cache, missing studies / none", "batch dl, in cache, missing core k=20", CACHED, 1, 1.10, False),
    ("REML in cache, missing studies / none", "batch reml, in cache, missing core k=20", "batch reml, in cache core k=20", 1, 1.10, False),
]


def targets(rounds):
    print("\n| target of a batch | bound | ours | over rounds | |\n| --- | --- | --- | --- | --- |")
    for what, top, bottom, factor, bound, at_least in TARGETS:
        ratios = [factor * r[top] / r[bottom] for r in rounds if top in r and bottom in r]
        if ratios:
            ours = statistics.median(ratios)
            reached = ours >= bound if at_least else ours <= bound
            print(f"| {what} | {'>=' if at_least else '<='} {bound} | {spread(ratios)} | {'reached' if reached else 'missed'} |")


def run(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(done.stdout.strip().splitlines()[-1])
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError) as error:
        print(f"left out: {command[:2]}: {error} {getattr(error, 'stderr', '')}", file=sys.stderr)
        return {}


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "missing"


def versions():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    flags = next((line for line in open("/proc/cpuinfo") if line.startswith("flags")), "")
    print(f"* Machine: {cpu}, {os.cpu_count()} cores, {'AVX-512' if 'avx512f' in flags else 'AVX2'}; {platform.system()}.")
    python = output(sys.executable, "-c", "import pymare, statsmodels, numpy; print(f'PyMARE {pymare.__version__}, statsmodels {statsmodels.__version__}, numpy {numpy.__version__}')")
    r = output("Rscript", "-e", 'cat(R.version.string, ", metafor ", as.character(packageVersion("metafor")), sep = "")')
    print(f"* {output('rustc', '--version')}; {r}; Python {platform.python_version()}, {python}; solow-stats 0.7.4.")


def number(x):
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def spread(values):
    return f"{number(statistics.median(values))} | {number(min(values))} to {number(max(values))}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kernels")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--huge-pages", action="store_true")
    options = parser.parse_args()
    if options.huge_pages:
        os.environ["GLIBC_TUNABLES"] = "glibc.malloc.hugetlb=1"
    rounds = []
    solow = os.path.join(HERE, "solow", "target", "release", "peer-solow")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([options.kernels, "data", folder], check=True)
        for _ in range(options.rounds):
            seconds = str(options.seconds)
            times = run([options.kernels, "time", seconds])
            times |= run([solow, folder, seconds])
            times |= run([sys.executable, os.path.join(HERE, "peers.py"), folder, seconds])
            times |= run(["Rscript", os.path.join(HERE, "peers.R"), folder, seconds])
            rounds.append(times)
            print(f"round {len(rounds)} of {options.rounds}", file=sys.stderr)
    versions()
    print(f"* {options.rounds} rounds, {options.seconds} s and more per figure.\n")
    print("| what | compared with | ours, ns | theirs, ns | ratio | over rounds |\n| --- | --- | --- | --- | --- | --- |")
    for what, ours, theirs, name in ROWS:
        both = [(r[ours], r[theirs]) for r in rounds if ours in r and theirs in r]
        if both:
            medians = [number(statistics.median(column)) for column in zip(*both)]
            print(f"| {what} | {name} | {medians[0]} | {medians[1]} | {spread([b / a for a, b in both])} |")
    print("\n| within this crate | ratio | over rounds |\n| --- | --- | --- |")
    for what, top, bottom, factor in WITHIN:
        both = [factor * r[top] / r[bottom] for r in rounds if top in r and bottom in r]
        if both:
            print(f"| {what} | {spread(both)} |")
    targets(rounds)
    print("\n| ns per fit | median | over rounds |\n| --- | --- | --- |")
    for name in rounds[0]:
        if not any(name in row for row in ROWS):
            print(f"| {name} | {spread([r[name] for r in rounds if name in r])} |")


main()
