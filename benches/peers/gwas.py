"""Times the example `gwas` and PLINK 1.9 on the same text files, in interleaved rounds. That both print the same is a test of the example
(`plink_finds_the_same`); without a map, as here, PLINK joins by marker and does not look at alleles.

    cargo build --release --example gwas        # target/release/examples/gwas
    python3 benches/peers/gwas.py target/release/examples/gwas [--plink plink1.9] [--snps 500000] [--cohorts 10] [--rounds 5]

CPU time, user and system, of whole processes: reading the files, joining them by marker, all statistics, writing the table. PLINK
computes the common effect, DerSimonian-Laird, Q and I2; the example REML besides. A ratio is formed within a round.
"""

import argparse
import os
import resource
import statistics
import subprocess
import tempfile


def cpu(command):
    """CPU seconds of a process that succeeds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed: {done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gwas")
    parser.add_argument("--plink", default="plink1.9")
    parser.add_argument("--snps", type=int, default=500_000)
    parser.add_argument("--cohorts", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        size = ["--snps", str(arguments.snps), "--cohorts", str(arguments.cohorts)]
        cpu([arguments.gwas, "generate", "--dir", folder, "--clean", *size])
        files = [os.path.join(folder, f"cohort_{i + 1}.txt") for i in range(arguments.cohorts)]
        bytes_read = sum(os.path.getsize(file) for file in files)
        ours, theirs = os.path.join(folder, "ours.txt"), os.path.join(folder, "theirs")
        commands = {
            "gwas": [arguments.gwas, "--out", ours, *files],
            "plink": [arguments.plink, "--meta-analysis", *files, "+", "qt", "no-map", "--out", theirs],
        }
        for command in commands.values():  # files into the page cache
            cpu(command)
        rounds = [{name: cpu(command) for name, command in commands.items()} for _ in range(arguments.rounds)]
    ratios = [r["plink"] / r["gwas"] for r in rounds]
    print(f"{arguments.snps} markers, {arguments.cohorts} files, {bytes_read / 1e6:.0f} MB, {arguments.rounds} rounds")
    for name in commands:
        times = [r[name] for r in rounds]
        print(f"{name}: {statistics.median(times):.2f} s [{min(times):.2f} .. {max(times):.2f}] CPU")
    print(f"ratio: {statistics.median(ratios):.2f} [{min(ratios):.2f} .. {max(ratios):.2f}], target 5")


if __name__ == "__main__":
    main()
