"""The program that aside was written for, in Python: four calls that block, gathered in asyncio.

`slow` blocks for two seconds. `main_of` gathers two calls, and `main` gathers two `main_of`s, so
that the program takes two seconds and not eight. With `--executor asyncio` the calls run on
asyncio's own threads, and the output is the same.
"""

import argparse
import asyncio
import time

import aside

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--executor", choices=["aside", "asyncio"], default="aside")
parser.add_argument("--scale", type=float, default=1.0, help="1 is real time")
arguments = parser.parse_args()
begun = time.monotonic()


def say(event):
    # One write, because threads print at the same time.
    print(f"{time.monotonic() - begun:8.3f} s  {event}\n", end="", flush=True)


def slow(name, call):
    """Blocks, as a database driver or a DNS lookup does. Counts one call."""
    say(f"{name}: call {call} starts to block")
    time.sleep(2 * arguments.scale)
    say(f"{name}: call {call} is done")
    return 1


async def main_of(run_in_executor, name):
    return sum(await asyncio.gather(*(run_in_executor(slow, name, call) for call in (1, 2))))


async def gathered(run_in_executor):
    mains = (main_of(run_in_executor, name) for name in ("main 1", "main 2"))
    return sum(await asyncio.gather(*mains))


async def main():
    if arguments.executor == "asyncio":
        loop = asyncio.get_running_loop()
        return await gathered(lambda function, *args: loop.run_in_executor(None, function, *args))
    async with aside.Runtime() as runtime:
        return await gathered(runtime.run_in_executor)


calls = asyncio.run(main())
took = time.monotonic() - begun
print(f"took {took:.3f} s for {8 * arguments.scale:.3f} s of blocking: all {calls} calls overlap")
