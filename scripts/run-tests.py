#!/usr/bin/env python3
"""make test: builds, tests and checks everything; ends with one line "N passed, N failed".

 1. format, direction of includes;
 2. builds of release, dev (AddressSanitizer, UndefinedBehaviorSanitizer) and tsan (ThreadSanitizer, plain programs);
 3. all tests of each, by ctest. Criterion's tests and the checks of scripts are counted one by one;
 4. the installed tree: headers alone, a CMake consumer, a pkg-config consumer in C and in C++, README.md.

Names of steps as arguments run only those (format includes release dev tsan install). Logs stand in build/log/.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LOG = BUILD / "log"
JOBS = str(os.cpu_count() or 2)
CRITERION = re.compile(r"Tested: \d+ \| Passing: (\d+) \| Failing: (\d+)")
COUNTED = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)
SKIPPED = re.compile(r"^(?:\[SKIP\]|SKIP) (.*)$", re.M)
HUNG = re.compile(r"(\S+) \.*\*\*\*Timeout")
ROUTINE = re.compile(r"^\[(RUN |PASS|----\] Criterion).*\n|^\[====\] Running.*\n", re.M)
ENVIRONMENT = {"ASAN_OPTIONS": "detect_stack_use_after_return=0", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
            "TSAN_OPTIONS": "halt_on_error=1", "CRITERION_VERBOSITY_LEVEL": "1"}  # 1: says what is skipped
passed = failed = 0


def say(text):
    print(text, flush=True)


def tail(text, lines=40):
    return "\n".join("    " + line for line in text.strip().splitlines()[-lines:])


def errors(text):
    """The lines of a build that say what is wrong; of anything else, its end."""
    said = [line for line in text.splitlines() if re.search(r"error: |undefined reference|CMake Error", line)]
    return tail("\n".join(said[:20]) or text)


def run(name, command, cwd=ROOT, **env):
    """Runs a command with its output in build/log/NAME.log; returns (exit status, output)."""
    done = subprocess.run([str(c) for c in command], cwd=cwd, env=dict(os.environ, **ENVIRONMENT, **env), text=True,
                          errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    (LOG / f"{name}.log").write_text(done.stdout)
    return done.returncode, done.stdout


def check(name, what, *commands, **env):
    """A check that counts as one test: all commands succeed."""
    global passed, failed
    began = time.monotonic()
    for i, command in enumerate(commands):
        status, output = run(f"{name}-{i}" if len(commands) > 1 else name, command, **env)
        if status != 0:
            failed += 1
            say(f"FAIL {what}\n{errors(output)}")
            return False
    passed += 1
    say(f"ok   {what} ({time.monotonic() - began:.0f} s)")
    return True


def count(case):
    """(passed, failed) of one ctest entry: what its output counts, or one for its exit status."""
    output = case.findtext("system-out") or ""
    bad = case.get("status") != "run"
    found = CRITERION.search(output)
    if found:
        good, failing = map(int, found.groups())  # a crash counts as failing
        return good, max(failing, int(bad))
    found = list(COUNTED.finditer(output))
    if found:
        return int(found[-1][1]), max(int(found[-1][2]), int(bad))
    return int(not bad), int(bad)


def run_ctest(preset, only=None):
    """The cases of a run of ctest, by name, and its log."""
    report = BUILD / preset / "junit.xml"
    report.unlink(missing_ok=True)
    _, log = run(f"{preset}-ctest" + ("-again" if only else ""),
                 ["ctest", "--test-dir", BUILD / preset, "-j2", "--output-junit", report,
                  "--test-output-size-passed", "2000000", "--test-output-size-failed", "2000000"]
                 + (["-R", f"^({'|'.join(map(re.escape, only))})$"] if only else []))
    cases = xml.etree.ElementTree.parse(report).getroot().findall("testcase") if report.exists() else []
    return {case.get("name"): case for case in cases}, log


def ctest(preset):
    global passed, failed
    began = time.monotonic()
    cases, log = run_ctest(preset)
    # Criterion 2.4.1 seldom hangs before its first test. A program that had begun a test when its time ran out is ours: it fails.
    silent = [name for name in sorted(set(HUNG.findall(log))) if name in cases and "[RUN" not in (cases[name].findtext("system-out") or "")
              and "/test_" in name]
    for name in silent:
        say(f"     {name}: ran out of time before its first test and was run again")
    if silent:
        cases.update(run_ctest(preset, silent)[0])
    cases = list(cases.values())
    good = bad = 0
    for case in cases:
        output = ROUTINE.sub("", case.findtext("system-out") or "")
        p, f = count(case)
        good, bad = good + p, bad + f
        if f:
            say(f"FAIL {preset} {case.get('name')}: {p} passed, {f} failed\n{tail(output)}")
        elif preset == "release":
            for what in SKIPPED.findall(output):
                say(f"     {case.get('name')}: skipped {what.strip()}")
    if not cases:
        bad += 1
        say(f"FAIL {preset}: ctest ran nothing\n{tail((LOG / f'{preset}-ctest.log').read_text())}")
    slow = sorted(cases, key=lambda c: -float(c.get("time") or 0))[:3]
    say(f"{'FAIL' if bad else 'ok  '} {preset} tests: {good} passed, {bad} failed ({time.monotonic() - began:.0f} s; slowest "
        + ", ".join(f"{c.get('name')} {float(c.get('time')):.1f} s" for c in slow) + ")")
    passed, failed = passed + good, failed + bad


def build_and_test(preset, targets):
    build = ["cmake", "--build", BUILD / preset, "-j", JOBS, "--target"] + targets
    if check(f"{preset}-build", f"{preset} build", ["cmake", "--preset", preset], build):
        ctest(preset)


def installed():
    stage, consumer = BUILD / "stage", BUILD / "consumer"
    for folder in (stage, consumer):
        shutil.rmtree(folder, ignore_errors=True)
    if not check("install", "installation", ["cmake", "--install", BUILD / "release", "--prefix", stage]):
        return
    check("headers", "public headers compile alone, as C11 and C++11",
          [sys.executable, "scripts/check-includes.py", stage / "include"])
    check("consumer-cmake", "a CMake project finds, links and runs costate",
          ["cmake", "-S", "tests/consumer", "-B", consumer, f"-DCMAKE_PREFIX_PATH={stage}"],
          ["cmake", "--build", consumer], [consumer / "consumer"])
    with tempfile.TemporaryDirectory() as folder:  # the shell splits $(pkg-config ...) at a path's spaces: a path without
        link = pathlib.Path(folder) / "stage"
        link.symlink_to(stage)
        by_pkg_config(link, folder)


def by_pkg_config(stage, folder):
    for language, compiler in (("C", "cc -std=c11"), ("C++", "c++ -std=c++11 -x c++")):
        program = f"{folder}/consumer-{language}"
        command = f"{compiler} -Wall -Wextra -Werror tests/consumer/consumer.c -x none -o {program} " \
                  f"$(pkg-config --cflags --libs costate) && {program}"
        check(f"consumer-{language}", f"a {language} program builds by pkg-config and runs", ["bash", "-c", command],
              PKG_CONFIG_PATH=f"{stage}/lib/pkgconfig")
    check("readme", "README.md's commands and program run",
          [sys.executable, "scripts/check-readme.py", BUILD / "release", stage])


STEPS = {
    "format": lambda: check("format", "format", ["scripts/check-format.sh"]),
    "includes": lambda: check("includes", "direction of includes", [sys.executable, "scripts/check-includes.py"]),
    "release": lambda: build_and_test("release", ["all", "test-programs"]),
    "dev": lambda: build_and_test("dev", ["all", "test-programs"]),
    "tsan": lambda: build_and_test("tsan", ["test-programs"]),
    "install": installed,
}


def main():
    LOG.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    for step in sys.argv[1:] or STEPS:
        STEPS[step]()
    say(f"in {time.monotonic() - began:.0f} s; logs are in build/log/")
    say(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
