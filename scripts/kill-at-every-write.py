#!/usr/bin/env python3
"""Stops every writing command at every system call that changes its folder, and looks at what is left.

A command writes over the older save of another configuration. After each stop, the folder must hold the older save or
the new one, every byte of it, and the next save must leave nothing behind. Linux on x86-64, with gcc; no network.

    dotnet build -c Release
    scripts/kill-at-every-write.py [--mode kill,full,once,interrupt] [--command run-save,splice,…] [--every N]
"""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLI = ROOT / "src/OnnxIntervene.Cli/bin/Release/net10.0/onnx-intervene.dll"
GPT2 = ROOT / "tests/references/families/gpt2"
IDS = ["--base-ids", "1,2,3,4", "--source-ids", "1,2,3,5"]
PROMPT = "The Space Needle is located in the city of"
TRACE = ["trace", "--prompt", PROMPT, "--subject", "The Space Needle", "--answer", " Seattle"]
COMMITS = {"a" * 40: "optimum", "b" * 40: "optimum-past"}
PATCH = ["patch", "--clean", "A young salmon is called a", "--corrupt", "A young elephant is called a"]


def configuration(rank, layers=(1, 2)):
    kind = {"kind": "LowRankRotatedSpace", "component": "block_output", "layer": list(layers), "rank": rank}
    return {"interventions": [kind | {"positions": [3]}]}


CONFIGURATIONS = {"rank4": configuration(4), "rank5": configuration(5), "one": configuration(3, [1])}


def run(config, *more):
    return ["run", str(GPT2 / "optimum"), "--config", f"{{configs}}/{config}.json", *IDS, *more]


# The older save and the new one; the folder that is watched is the one above {out}.
COMMANDS = {
    "run-save": (run("rank4", "--save", "{out}"), run("rank5", "--save", "{out}")),
    "run-save-fewer": (run("rank4", "--save", "{out}"), run("one", "--save", "{out}")),
    "run-save-torch": (
        run("rank4", "--save", "{out}"),
        run("rank5", "--save", "{out}", "--save-format", "torch"),
    ),
    "run-save-first": (None, run("rank5", "--save", "{out}")),
    "run-out": (run("rank4", "--out", "{out}/a.safetensors"), run("one", "--out", "{out}/a.safetensors")),
    "splice": tuple(
        ["splice", str(GPT2 / model), "--config", "{configs}/rank4.json", "--out", "{out}"]
        for model in ("optimum", "ort-fused")
    ),
    "splice-copied": tuple(
        ["splice", str(GPT2 / model), "--config", "{configs}/rank4.json", "--out", "{out}", "--copy-weights"]
        for model in ("optimum", "ort-fused")
    ),
    "collect": tuple(
        ["collect", str(GPT2 / "optimum"), "--component", name, *IDS[:2], "--out", "{out}/a.safetensors"]
        for name in ("block_output", "mlp_output")
    ),
    "inspect-map": tuple(
        ["inspect", str(GPT2 / model), "--write-map", "{out}/map.json"] for model in ("optimum", "ort-fused")
    ),
    "pull-to": tuple(["pull", f"hf:owner/model@{commit}", "--to", "{out}"] for commit in COMMITS),
    "check": (None, ["check", str(GPT2 / "optimum")]),
    "trace": tuple([*TRACE, "--samples", "1", "--seed", seed, "--out", "{out}"] for seed in "12"),
    "patch": (
        [*PATCH, "--component", "mlp_output", "--answer", " fry", "--wrong", " calf", "--out", "{out}"],
        [*PATCH, "--component", "block_output", "--answer", " fry", "--wrong", " calf", "--out", "{out}"],
    ),
}


class Trial:
    """One command, in a folder of its own."""

    def __init__(self, name, cli, tracer, work):
        self.before, self.after = COMMANDS[name]
        self.cli = cli
        self.name, self.tracer, self.work = name, tracer, work / name
        self.configs, self.area, self.kept = self.work / "configs", self.work / "area", self.work / "kept"
        self.out = self.area / "out"
        self.work.mkdir()
        self.configs.mkdir()
        for config, content in CONFIGURATIONS.items():
            (self.configs / f"{config}.json").write_text(json.dumps(content))
        self.area.mkdir()
        self.environment = os.environ | self.caches()
        if self.before:
            self.call(self.before)
            (self.out / "notes.txt").write_text("of the user")
        self.old = self.contents()
        shutil.copytree(self.area, self.kept)
        self.call(self.after)
        self.new = self.contents()
        if self.old == self.new:
            sys.exit(f"{name}: both saves are the same, so nothing would be seen.")

    def caches(self):
        """A cache of the Hub that holds two commits, and a place for what was proved: watched where it is checked."""
        snapshots = self.work / "hub/models--owner--model/snapshots"
        for commit, export in COMMITS.items():
            shutil.copytree(GPT2 / export, snapshots / commit)
        proved = self.out if self.name == "check" else self.work / "proved"
        return {
            "HF_HUB_CACHE": str(self.work / "hub"),
            "HF_HUB_OFFLINE": "1",
            "ONNX_INTERVENE_CACHE": str(proved),
        }

    def arguments(self, command):
        return [part.format(out=self.out, configs=self.configs) for part in command]

    def call(self, command, mode=None, at=0):
        cli = ["dotnet", self.cli, *self.arguments(command)]
        count = self.work / "count"
        if mode:
            cli = [str(self.tracer), mode, str(at), f"{self.area}/", str(count), *cli]
        done = subprocess.run(cli, cwd=self.work, capture_output=True, text=True, timeout=900, env=self.environment)
        if not mode and done.returncode:
            sys.exit(f"{self.name}: {' '.join(cli)}\n{done.stderr}")
        return done, int(count.read_text().split()[-1]) if mode else 0

    def restore(self):
        shutil.rmtree(self.area)
        shutil.copytree(self.kept, self.area)

    def contents(self):
        return {
            str(path.relative_to(self.area)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.area.rglob("*"))
            if path.is_file() and ".partial" not in str(path)
        }

    def state(self):
        # Weights with the hash of their contents in their names wait for a model that refers to them.
        now = self.contents()
        for name, whole in (("old", self.old), ("new", self.new)):
            if whole.items() <= now.items() and all(extra.endswith(".weights") for extra in now.keys() - whole.keys()):
                return name
        return "torn"

    def left(self):
        return [str(path) for path in self.area.rglob("*.partial")]

    def attempt(self, mode, at):
        """Stops at one call; the state after it, whether the command got through, and what is wrong."""
        self.restore()
        done, count = self.call(self.after, mode, at)
        state, faults = self.state(), []
        expected = {"kill": (137, 0), "full": (0, 3), "once": (0, 3), "interrupt": (0, 130)}[mode]
        if state == "torn":
            faults.append(f"torn: {sorted(self.contents())}")
        if done.returncode not in expected:
            faults.append(f"exit code {done.returncode}: {done.stderr.strip()[-300:]}")
        if mode in ("full", "once", "interrupt") and done.returncode != 0 and self.left():
            faults.append(f"left although it was not killed: {self.left()}")
        self.call(self.after)
        if self.contents() != self.new:
            faults.append(f"the next save is not the new one: {sorted(self.contents())}")
        if self.left():
            faults.append(f"the next save leaves {self.left()}")
        return state, count < at, faults


def examine(trial, mode, every):
    trial.restore()
    _, total = trial.call(trial.after, "kill", 0)
    states, failed = {"old": 0, "new": 0, "torn": 0}, 0
    at, through = 1, False
    while not through:
        state, through, faults = trial.attempt(mode, at)
        if not through:
            states[state] += 1
        for fault in faults:
            failed += 1
            print(f"  {trial.name}, {mode} at {at}: {fault}", flush=True)
        at += every
    print(
        f"{trial.name}, {mode}: {sum(states.values())} of about {total} calls tried; "
        + ", ".join(f"{count} {state}" for state, count in states.items()),
        flush=True,
    )
    return sum(states.values()), failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", default="kill", help="kill, full, once, interrupt; several with commas")
    parser.add_argument("--command", default=",".join(COMMANDS), help="which commands; several with commas")
    parser.add_argument("--cli", default=str(CLI), help="the command's onnx-intervene.dll")
    parser.add_argument("--every", type=int, default=1, help="try each Nth call only")
    options = parser.parse_args()
    tried = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder).resolve()
        tracer = work / "kill-at"
        subprocess.run(["gcc", "-O1", "-o", tracer, ROOT / "scripts/kill-at.c"], check=True)
        for name in options.command.split(","):
            trial = Trial(name, options.cli, tracer, work)
            for mode in options.mode.split(","):
                counts = examine(trial, mode, options.every)
                tried, failed = tried + counts[0], failed + counts[1]
    print(f"{tried} points, {failed} faults.")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
