#!/usr/bin/env python3
"""Mutation testing of a random sample with one build for the whole sample.

cargo-mutants names the mutants (`cargo mutants --list --json`); one build per mutant would take minutes each, so every
sampled mutant becomes one arm of a `match` around the body of its function, chosen at run time by the environment
variable MUTANT. Mutants that do not compile are found by `cargo check` and leave the sample as "unviable".

  mutants.py build --seed 4 --sizes tau2=300,num=250,inference=100 [--only names.txt]
  mutants.py run   --minutes 60 [--missed]
  mutants.py score
"""
import argparse, json, math, os, pathlib, random, re, shutil, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / os.environ.get("MUTANTS_WORK", "schemata")
STATE, RESULT = WORK / "state.json", WORK / "results.json"
# The tests that decide, those that catch most per second first.
TESTS = ["hard_cases", "tau2_more_estimators", "kenward_roger", "bad_inputs_pooling", "mpmath", "metafor", "printing",
        "special_functions", "escalc_means", "tau2_design", "mean_likelihood", "tau2_further", "generalised_q", "quadratic_form", "lib", "tau2_intervals",
        "tau2_properties", "posterior", "prediction", "p_value_functions",
        "tau2_stress", "lanes", "weighted_mean", "conventions", "published", "bad_inputs_designs", "pooled_properties", "datasets",
        "mean_exact", "tables_reference", "tables_properties"]
ENV = dict(os.environ, CARGO_PROFILE_TEST_DEBUG="0", CARGO_TARGET_DIR=str(ROOT / "target"), RUSTFLAGS="--cap-lints=warn -Awarnings",
           PROPTEST_MAX_SHRINK_ITERS="0", PROPTEST_RNG_SEED="4")
# Elsewhere than the sources, so that proptest cannot keep a mutant's failing cases and fail the next mutant with them.
CWD = pathlib.Path(tempfile.mkdtemp())


def body_start(text, at):
    """Offset of the `{` that opens the body of the function whose item starts at `at`."""
    depth, i = 0, at
    while i < len(text):
        if text.startswith("//", i):
            i = text.index("\n", i)
        elif text[i] == '"':
            i = re.compile(r'"(?:\\.|[^"\\])*"', re.S).match(text, i).end() - 1
        elif text[i] in "([":
            depth += 1
        elif text[i] in ")]":
            depth -= 1
        elif text[i] == "{" and depth == 0:
            return i
        i += 1
    raise ValueError("no body")


def offset(starts, point):
    return starts[point["line"] - 1] + point["column"] - 1


def write_sources(sample):
    """Sources with every mutant of `sample` as an arm; returns {file: [(first line, last line, number)]}."""
    shutil.rmtree(WORK / "src", ignore_errors=True)
    shutil.copytree(ROOT / "src", WORK / "src")
    arms = {}
    for file in sorted({m["file"] for m in sample.values()}):
        text = (ROOT / file).read_text()
        starts = [0]
        for line in text.split("\n"):
            starts.append(starts[-1] + len(line) + 1)
        spans = {}
        for number, m in sample.items():
            if m["file"] == file:
                span = m["function"]["span"]
                spans.setdefault((offset(starts, span["start"]), offset(starts, span["end"])), []).append((number, m))
        outer = sorted(s for s in spans if not any(t != s and t[0] <= s[0] and s[1] <= t[1] for t in spans))
        out, last = [], 0
        for begin, end in outer:
            brace = body_start(text, begin)
            head = text[begin:brace].replace("const fn", "fn")
            out += [text[last:begin], head, "{ match crate::mutant() {\n"]
            inside = sorted(nm for s, ms in spans.items() if begin <= s[0] and s[1] <= end for nm in ms)
            for number, m in inside:
                a, b = offset(starts, m["span"]["start"]), offset(starts, m["span"]["end"])
                repl = m["replacement"]
                body = text[brace:a] + repl + text[b:end]
                out += [f"/*ARM {number}*/ {number} => {body}\n"]
            out += ["/*ARM -1*/ _ => ", text[brace:end], "\n} }"]
            last = end
        out.append(text[last:])
        new = "".join(out)
        (WORK / file).write_text(new)
        current, ranges = -1, []
        for n, line in enumerate(new.split("\n"), 1):
            found = re.search(r"/\*ARM (-?\d+)\*/", line)
            if found:
                current = int(found.group(1))
            ranges.append(current)
        arms[file] = ranges
    lib = WORK / "src/lib.rs"
    lib.write_text(lib.read_text() + """
pub(crate) fn mutant() -> u32 {
    static CHOSEN: std::sync::LazyLock<u32> =
        std::sync::LazyLock::new(|| std::env::var("MUTANT").ok().and_then(|n| n.parse().ok()).unwrap_or(0));
    *CHOSEN
}
""")
    return arms


def build(args):
    WORK.mkdir(parents=True, exist_ok=True)
    listed = subprocess.run(["cargo", "mutants", "--list", "--json", "-f", "src/tau2/**", "-f", "src/inference/**", "-f",
                             "src/num/**"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    every = json.loads(listed)
    # Constants and functions that return `impl Trait` (one type for all arms) cannot be switched at run time.
    every = [m for m in every if m["function"] and "impl " not in (m["function"]["return_type"] or "")]
    every.sort(key=lambda m: m["name"])
    sizes = dict(s.split("=") for s in args.sizes.split(","))
    sample = {}
    if args.only:
        wanted = set(pathlib.Path(args.only).read_text().split("\n"))
        chosen = [m for m in every if m["name"] in wanted]
    else:
        chosen = []
        for directory, size in sorted(sizes.items()):
            group = [m for m in every if m["file"].startswith(f"src/{directory}/")]
            chosen += random.Random(f"{args.seed} {directory}").sample(group, min(int(size), len(group)))
    for number, m in enumerate(chosen, 1):
        sample[number] = m
    for name in ["Cargo.toml", "Cargo.lock"]:
        shutil.copy(ROOT / name, WORK / name)
    for name in ["tests", "docs", "benches", "examples", "README.md", "CHANGELOG.md"]:
        if not (WORK / name).exists():
            (WORK / name).symlink_to(ROOT / name)
    unviable, alive = {}, dict(sample)
    while True:
        arms = write_sources(alive)
        out = subprocess.run(["cargo", "check", "--offline", "--lib", "--message-format=json"], cwd=WORK, env=ENV,
                             capture_output=True, text=True)
        if out.returncode == 0:
            break
        bad, other = {}, []
        for line in out.stdout.splitlines():
            message = json.loads(line).get("message")
            if not isinstance(message, dict) or message["level"] != "error":
                continue
            for span in message["spans"]:
                if span["is_primary"]:
                    number = arms.get(span["file_name"], [])
                    number = number[span["line_start"] - 1] if number else -1
                    if number > 0:
                        bad[number] = message["message"]
                    else:
                        other.append(message["rendered"])
        if not bad:
            print("\n".join(other), out.stderr[-2000:])
            sys.exit("errors outside the mutants")
        for number, why in bad.items():
            unviable[number] = why
            del alive[number]
        print("unviable so far", len(unviable), flush=True)
    STATE.write_text(json.dumps({"sample": sample, "unviable": unviable}))
    tests(args.tests.split(",") if args.tests else TESTS)


def tests(names):
    """Builds test binaries and returns their paths."""
    command = ["cargo", "test", "--offline", "--no-run", "--message-format=json"]
    for name in names:
        command += ["--lib"] if name == "lib" else ["--test", name]
    out = subprocess.run(command, cwd=WORK, env=ENV, capture_output=True, text=True)
    paths = {}
    for line in out.stdout.splitlines():
        record = json.loads(line)
        if record.get("executable") and record.get("profile", {}).get("test"):
            name = record["target"]["name"]
            paths["lib" if name == "meta_analysis" else name] = record["executable"]
    if set(paths) != set(names):
        sys.exit(out.stderr[-3000:])
    return paths


def verdict(number, paths, limits):
    for name, path in paths:
        try:
            done = subprocess.run([path, "-q"], cwd=CWD, env=dict(ENV, MUTANT=str(number)), timeout=limits[name],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return "timeout", name
        if done.returncode:
            return "caught", name
    return "missed", ""


def run(args):
    state = json.loads(STATE.read_text())
    names = args.tests.split(",") if args.tests else TESTS
    paths = tests(names)
    limits = {}
    for name in names:
        begin = time.time()
        subprocess.run([paths[name], "-q"], cwd=CWD, env=dict(ENV, MUTANT="0"), check=True, stdout=subprocess.DEVNULL)
        limits[name] = 15 + 5 * (time.time() - begin)
    print(limits, flush=True)
    results = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    # One order for all runs, so that what is done after any time is a random sample itself.
    todo = [n for n in state["sample"] if n not in state["unviable"]]
    random.Random(1).shuffle(todo)
    if args.missed:
        todo = [n for n in todo if results.get(n, ["missed"])[0] == "missed"]
    else:
        todo = [n for n in todo if n not in results]
    until = time.time() + 60 * args.minutes
    ordered = [(name, paths[name]) for name in names]

    def one(number):
        if time.time() < until:
            results[number] = verdict(number, ordered, limits)
            if results[number][0] == "missed":
                print("missed", number, state["sample"][number]["name"], flush=True)
            RESULT.write_text(json.dumps(dict(results)))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, todo))
    score(args)


def clopper_pearson(x, n):
    def tail(p, lo, hi):
        return sum(math.exp(math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * math.log(p)
                            + (n - i) * math.log1p(-p)) for i in range(lo, hi + 1))

    def bisect(f):
        a, b = 1e-12, 1 - 1e-12
        for _ in range(200):
            m = (a + b) / 2
            a, b = (m, b) if f(m) else (a, m)
        return a
    low = 0.0 if x == 0 else bisect(lambda p: tail(p, x, n) < 0.025)
    high = 1.0 if x == n else bisect(lambda p: tail(p, 0, x) > 0.025)
    return low, high


def score(_):
    state, results = json.loads(STATE.read_text()), json.loads(RESULT.read_text())
    rows = {}
    for number, m in state["sample"].items():
        kind = "unviable" if number in state["unviable"] else results.get(number, ["not run"])[0]
        for key in (m["file"].split("/")[1], "all"):
            row = rows.setdefault(key, {})
            row[kind] = row.get(kind, 0) + 1
    for key, row in rows.items():
        hit = row.get("caught", 0) + row.get("timeout", 0)
        n = hit + row.get("missed", 0)
        low, high = clopper_pearson(hit, n)
        print(f"{key:10} {row} score {100 * hit / n:.1f} % ({100 * low:.1f} to {100 * high:.1f})")


parser = argparse.ArgumentParser()
sub = parser.add_subparsers(required=True)
b = sub.add_parser("build")
b.add_argument("--seed", type=int, default=4)
b.add_argument("--sizes", default="tau2=300,num=250,inference=100")
b.add_argument("--only")
b.add_argument("--tests")
b.set_defaults(go=build)
r = sub.add_parser("run")
r.add_argument("--minutes", type=float, default=20)
r.add_argument("--tests")
r.add_argument("--missed", action="store_true", help="only mutants not yet caught")
r.set_defaults(go=run)
sub.add_parser("score").set_defaults(go=score)
arguments = parser.parse_args()
arguments.go(arguments)
