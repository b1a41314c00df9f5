"""Print the tables of a run.

    python benchmarks/report.py run.json [another.json ...]

Seconds are the least of all rounds. A ratio is the rival's time divided by that of evergreen.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

OURS = "evergreen"
HARNESS = "nothing"
GIB = 2**30


def runs_of(paths):
    """Return what was measured, and the machines."""
    loaded = [json.loads(Path(path).read_text(encoding="utf-8")) for path in paths]
    for path, run in zip(paths, loaded, strict=True):
        timers = {bench["options"]["timer"] for bench in run["benchmarks"]}
        if timers != {"process_time"}:
            sys.exit(f"{path} has no CPU time: run with --benchmark-timer=time.process_time.")
    return [bench for run in loaded for bench in run["benchmarks"]], loaded


def cpu_seconds(bench):
    return bench["extra_info"].get("cpu_seconds", bench["stats"]["min"])


def short(seconds):
    """Return seconds with two or three digits, as many as mean something."""
    if seconds < 1e-4:
        return f"{seconds:.0e}"
    return f"{seconds:.2g}" if seconds < 10 else f"{seconds:.0f}"


def ratio(theirs, ours):
    value = theirs / ours
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"


def table(head, rows):
    lines = [f"| {' | '.join(map(str, row))} |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


def by_problem(benches):
    """Return {(task, problem): {entrant: bench}} in the order of the run."""
    found = {}
    for bench in benches:
        info = bench["extra_info"]
        found.setdefault((info["task"], info["problem"]), {})[info["entrant"]] = bench
    return found


def times(problems):
    rows = []
    for (task, problem), entrants in problems.items():
        rivals = [name for name in entrants if name not in {OURS, HARNESS}]
        if OURS not in entrants:
            continue
        ours = entrants[OURS]
        cpu, wall = cpu_seconds(ours), ours["extra_info"]["wall_seconds"]
        if not rivals:
            rows.append([task, problem, short(cpu), short(wall), "", "", "", ""])
        for name in rivals:
            rival = entrants[name]
            theirs, waited = cpu_seconds(rival), rival["extra_info"]["wall_seconds"]
            facing = [name, short(theirs), short(waited), f"**{ratio(theirs, cpu)}**"]
            rows.append([task, problem, short(cpu), short(wall), *facing])
    head = ["task", "problem", "evergreen, CPU s", "wall s", "rival", "its CPU s", "wall s", "ratio of CPU"]
    return table(head, rows)


def steps(problems):
    rows = []
    for (_, problem), entrants in problems.items():
        for name, bench in entrants.items():
            info = bench["extra_info"]
            if "steps" not in info:
                continue
            for step in [*info["steps"], {**info, "step": f"**all, from {info['rows']:,} rows**"}]:
                seconds = [short(step["cpu_seconds"]), short(step["wall_seconds"])]
                rows.append([problem, name, step["step"], *seconds, f"{step['peak_bytes'] / GIB:.2f}"])
            held = f"{info['peak_bytes_before'] / GIB:.2f}"
            rows.append([problem, name, "(the log alone)", "", "", held])
    return table(["problem", "entrant", "step", "CPU s", "wall s", "peak GiB so far"], rows) if rows else ""


def given(problems):
    rows = []
    for (task, problem), entrants in problems.items():
        for name, bench in entrants.items():
            answer = bench["extra_info"].get("answer")
            if answer:
                said = ", ".join(f"{key} {value:.6g}" for key, value in answer.items())
                rows.append([task, problem, name, said])
    return table(["task", "problem", "entrant", "answer"], rows)


def machine(run):
    info = run["machine_info"]
    packages = ", ".join(f"{name} {version}" for name, version in info["packages"].items())
    brand = info.get("cpu", {}).get("brand_raw", info["processor"])
    day = run["datetime"][:10]
    python = f"Python {info['python_version']}"
    return f"{day}: {brand}, {info['cores']} cores, {info['system']}; {python}, {packages}."


def harness(problems):
    found = [cpu_seconds(entrants[HARNESS]) for entrants in problems.values() if HARNESS in entrants]
    return f"The harness itself costs at most {short(max(found))} s a call." if found else ""


def main(paths):
    benches, loaded = runs_of(paths)
    problems = by_problem(benches)
    parts = ["## Machine", *dict.fromkeys(machine(run) for run in loaded), harness(problems)]
    parts += ["## Times", times(problems), "## The whole way", steps(problems), "## Answers", given(problems)]
    print("\n\n".join(part for part in parts if part))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(__doc__)
    main(sys.argv[1:])
