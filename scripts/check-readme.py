#!/usr/bin/env python3
"""Is what README.md shows true?  check-readme.py BUILD INSTALLED

 - each `sh` block is run line by line in an empty folder, with the command of BUILD on the PATH. Lines that fetch,
   build or set up (git, cd, make, sudo, scripts/) are left to whoever reads them;
 - each `c` block is compiled against the tree INSTALLED, through pkg-config, and run.
"""
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LEFT_OUT = ("git ", "cd ", "make", "sudo ", "scripts/", "#")


def run(command, folder, env):
    """None, or why the command failed."""
    try:
        done = subprocess.run(["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True, timeout=150,
                              stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return "took longer than 150 s"
    return None if done.returncode == 0 else "; ".join((done.stderr or done.stdout).strip().splitlines()[-3:])


def main():
    build, installed = (pathlib.Path(p).absolute() for p in sys.argv[1:3])
    env = dict(os.environ, PATH=f"{build}:{os.environ['PATH']}")
    env["PKG_CONFIG_PATH"] = str(installed / "lib/pkgconfig")
    blocks = re.findall(r"^```(sh|c)\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)
    ran, failed = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for kind, text in blocks:
            if kind == "c":
                (pathlib.Path(folder) / "example.c").write_text(text)
                commands = ["cc -std=c17 -Wall -Wextra -Werror example.c -o example $(pkg-config --cflags --libs costate)",
                            "./example"]
            else:
                commands = [line.replace("build/release/costate", shlex.quote(str(build / "costate")))
                            for line in text.replace("\\\n", " ").splitlines()]
            for command in commands:
                if not command.strip() or command.startswith(LEFT_OUT):
                    continue
                why = run(command, folder, env)
                ran += 1
                if why is not None:
                    failed += 1
                    print(f"README.md: `{command}` failed: {why}")
    if ran == 0:
        print("README.md holds no command to run")
    return 1 if failed or ran == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
