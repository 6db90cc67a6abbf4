#!/usr/bin/env python3
"""Kills every shard of a study again and again, at random moments, and looks at what is left.

Each shard is started, killed (kill -9) after a random time, and started again by the same command, until it has been
killed as often as is asked; then it runs to its end. Meanwhile a second process tries to write the same journal, and must
be refused. In the end the merged report must be that of a study in one piece, byte for byte; no cell may stand in two
journals or in one twice; and no cell that a killed process had kept may be lost or written anew. No network.

    dotnet build -c Release
    scripts/kill-at-random.py [--kills 200] [--shards 4] [--seed 0]
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLI = ROOT / "src/OnnxIntervene.Cli/bin/Release/net10.0/onnx-intervene.dll"
LONGEST = 600


class Study:
    """A patch study of several hundred cells, in a folder of its own."""

    def __init__(self, work, shards):
        self.shards, self.parts, self.whole = shards, work / "parts", work / "whole"
        pairs = json.loads((ROOT / "models/facts-gpt2/tasks.json").read_text())["facts"]["pairs"]
        names = {"clean": "clean", "corrupt": "corrupt", "answer": "answer", "wrong": "corrupt_answer"}
        prompts = work / "pairs.jsonl"
        prompts.write_text(
            "".join(json.dumps({name: pair[old] for name, old in names.items()}) + "\n" for pair in pairs)
        )

        # The slow way, so that most kills come while it measures.
        self.command = ["dotnet", CLI, "patch", "--prompts", prompts, "--positions", "last", "--naive"]
        self.command += ["--component", "head_attention_value_output", "--component", "block_output"]

    def start(self, shard):
        command = [*self.command, "--shard", f"{shard}/{self.shards}", "--out", self.parts]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def run(self, *options):
        done = subprocess.run([*self.command, *options], capture_output=True, text=True, timeout=LONGEST)
        if done.returncode:
            sys.exit(f"{options}: {done.stderr}")

    def merge(self):
        done = subprocess.run(["dotnet", CLI, "merge", self.parts], capture_output=True, text=True, timeout=LONGEST)
        if done.returncode:
            sys.exit(f"merge: {done.stderr}")

    def journal(self, shard):
        return self.parts / f"patch.shard-{shard}-of-{self.shards}.cells.jsonl"

    def lines(self, shard):
        """The whole lines, and whether one was torn."""
        path = self.journal(shard)
        text = path.read_text() if path.exists() else ""
        return text.split("\n")[:-1], not text.endswith("\n") and text != ""


class Tally:
    """What the kills met."""

    def __init__(self):
        self.kills = self.before = self.during = self.torn = self.refused = 0

    def __str__(self):
        return (
            f"{self.kills} kills: {self.before} before the process had kept a cell, {self.during} after, "
            f"{self.torn} in the middle of a line; {self.refused} second writers were refused"
        )


def cells(lines):
    return [line for line in lines if '"cell"' in line]


def kill_once(study, shard, draw, tally):
    """Starts a shard and kills it; it must stand on what stood there."""
    before, _ = study.lines(shard)
    run = study.start(shard)
    if draw.random() < 0.9:
        # While it measures, however long the machine takes to start it.
        wait_for_cells(study, shard, len(cells(before)), run)
        time.sleep(draw.uniform(0, 0.015))
    else:
        time.sleep(draw.uniform(0, 1))
    if draw.random() < 0.1 and run.poll() is None:
        refuse(study, shard, run, tally)
    run.kill()
    run.wait()
    after, torn = study.lines(shard)
    if after[: len(before)] != before:
        sys.exit(f"Shard {shard}: lines that were kept are gone or changed.")
    tally.kills += 1
    tally.torn += torn
    if len(cells(after)) > len(cells(before)):
        tally.during += 1
    else:
        tally.before += 1
    return is_done(after)


def wait_for_cells(study, shard, count, run):
    end = time.monotonic() + LONGEST
    while run.poll() is None and len(cells(study.lines(shard)[0])) <= count and time.monotonic() < end:
        time.sleep(0.001)


def refuse(study, shard, run, tally):
    """Whichever of two processes comes second must say so and change nothing."""
    run.send_signal(19)
    second = study.start(shard)
    said = second.communicate(timeout=LONGEST)[1]
    if second.returncode == 3 and "Another process is writing" in said:
        tally.refused += 1
    elif study.lines(shard)[0] and second.returncode != 0:
        sys.exit(f"Shard {shard}: a second process ended with {second.returncode}: {said}")
    run.send_signal(18)


def is_done(lines):
    return bool(lines) and len(set(cells(lines))) == json.loads(lines[0])["shard_cells"]


def prove(study):
    """What is left is the study in one piece."""
    study.merge()
    study.run("--out", study.whole)
    for path in sorted(study.whole.iterdir()):
        if path.suffix != ".html" and path.read_bytes() != (study.parts / path.name).read_bytes():
            sys.exit(f"{path.name} is not the same.")
    places = [
        (cell["prompt"], cell["cell"])
        for shard in range(study.shards)
        for cell in map(json.loads, cells(study.lines(shard)[0]))
    ]
    total = json.loads(study.lines(0)[0][0])["cells"]
    if len(places) != total or len(set(places)) != total:
        sys.exit(f"{len(places)} lines of {len(set(places))} cells stand in the journals, of {total}.")
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="how many kills")
    parser.add_argument("--shards", type=int, default=4, help="into how many parts the study is dealt")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the moments")
    options = parser.parse_args()
    draw, tally = random.Random(options.seed), Tally()
    with tempfile.TemporaryDirectory() as folder:
        study = Study(pathlib.Path(folder).resolve(), options.shards)
        open_shards = list(range(options.shards))
        while tally.kills < options.kills and open_shards:
            shard = draw.choice(open_shards)
            if kill_once(study, shard, draw, tally):
                open_shards.remove(shard)
        for shard in range(options.shards):
            study.run("--shard", f"{shard}/{options.shards}", "--out", study.parts)
        total = prove(study)
    print(f"{tally}.\nThe merged report of {total} cells is that of one piece; no cell is lost or kept twice.")


if __name__ == "__main__":
    main()
