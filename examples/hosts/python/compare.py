"""Calls per second of `run_in_executor`, aside's and asyncio's, in the same program.

Each call does nothing, so that the rest of its way is measured. `one by one` awaits each call
before the next, and `gathered` has 1,000 calls in the pool at a time. `hashing` computes digests of
files: asyncio calls hashlib, aside the job in Rust. The rounds alternate; the medians are printed.
"""

import argparse
import asyncio
import hashlib
import os
import statistics
import tempfile
import time

import aside

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--calls", type=int, default=10_000)
parser.add_argument("--rounds", type=int, default=5)
arguments = parser.parse_args()
GATHERED = 1000


def nothing(number):
    return number


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


async def one_by_one(call, numbers):
    return [await call(number) for number in numbers]


async def gathered(call, numbers):
    results = []
    for start in range(0, len(numbers), GATHERED):
        results += await asyncio.gather(*map(call, numbers[start : start + GATHERED]))
    return results


async def measured(run, call, inputs):
    begun = time.perf_counter()
    results = await run(call, inputs)
    return results, len(inputs) / (time.perf_counter() - begun)


async def compare(name, run, calls, inputs):
    """Prints the rates of both calls, and checks that the results are the same."""
    rates = {library: [] for library in calls}
    for _ in range(arguments.rounds):
        outputs = []
        for library, call in calls.items():
            results, rate = await measured(run, call, inputs)
            outputs.append(results)
            rates[library].append(rate)
        assert outputs[0] == outputs[1], "the results differ"
    medians = {library: statistics.median(values) for library, values in rates.items()}
    ratio = medians["aside"] / medians["asyncio"]
    line = ", ".join(f"{library} {median:,.0f}/s" for library, median in medians.items())
    print(f"{name:12} {line}, ratio {ratio:.2f}")


async def main():
    loop = asyncio.get_running_loop()
    numbers = range(arguments.calls)
    async with aside.Runtime() as runtime:
        of_nothing = {
            "aside": lambda number: runtime.run_in_executor(nothing, number),
            "asyncio": lambda number: loop.run_in_executor(None, nothing, number),
        }
        await compare("one by one", one_by_one, of_nothing, numbers)
        await compare("gathered", gathered, of_nothing, numbers)
        with tempfile.NamedTemporaryFile() as file:
            file.write(os.urandom(1_000_000))
            file.flush()
            of_digests = {
                "aside": runtime.sha256,
                "asyncio": lambda path: loop.run_in_executor(None, digest, path),
            }
            await compare("hashing", gathered, of_digests, [file.name] * (arguments.calls // 20))


asyncio.run(main())
