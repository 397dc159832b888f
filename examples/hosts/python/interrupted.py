"""Runs until ctrl-c: one call runs, and one waits for the only thread.

Ctrl-c cancels `main`. The call that runs is released, and the program waits for it; the call that
waits never begins. Then `KeyboardInterrupt` ends the program. With `--stubborn` the first call is
not released, and a second ctrl-c ends the wait for it.
"""

import asyncio
import sys
import threading

import aside

release = threading.Event()


def first():
    print("the first call runs", flush=True)
    release.wait()
    print("the first call has ended", flush=True)


def second():
    print("the second call runs, which it must not", flush=True)


def cancelled():
    # By now the end of `async with` waits for the first call.
    print("main is cancelled", flush=True)
    if "--stubborn" not in sys.argv:
        release.set()


async def main():
    async with aside.Runtime(threads_max=1, timeout=3600) as runtime:
        try:
            await asyncio.gather(runtime.run_in_executor(first), runtime.run_in_executor(second))
        except asyncio.CancelledError:
            asyncio.get_running_loop().call_soon(cancelled)
            raise


asyncio.run(main())
