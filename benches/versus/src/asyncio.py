"""The rows that have a counterpart in Python's asyncio. Called with a row, a clock, milliseconds."""

import asyncio
import random
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor

KEY, CLOCK, BUDGET = sys.argv[1], sys.argv[2], int(sys.argv[3]) / 1000
METER = time.process_time if CLOCK == "cpu" else time.perf_counter


class Laps:
    """As in run.rs: a tenth is warm-up, one lap at least of each."""

    def __init__(self, operations):
        self.operations, self.laps, self.since = operations, -1, None
        self.began = time.perf_counter()

    def more(self):
        now = time.perf_counter()
        if self.since is None:
            self.laps += 1
            if self.laps and now - self.began >= BUDGET / 10:
                self.laps, self.began, self.since = 0, now, METER()
            return True
        self.laps += 1
        if now - self.began < BUDGET:
            return True
        print((METER() - self.since) * 1e9 / (self.laps * self.operations))
        return False


async def nothing():
    return 1


async def spawn_task():
    laps = Laps(1000)
    while laps.more():
        for _ in range(1000):
            await asyncio.create_task(nothing())


async def spawn_many():
    laps = Laps(100_000)
    while laps.more():
        for task in [asyncio.create_task(nothing()) for _ in range(100_000)]:
            await task


async def yield_task():
    laps = Laps(1000)
    while laps.more():
        for _ in range(1000):
            await asyncio.sleep(0)


async def yield_often(times):
    for _ in range(times):
        await asyncio.sleep(0)


async def yield_thousand():
    laps = Laps(100_000)
    while laps.more():
        for task in [asyncio.create_task(yield_often(100)) for _ in range(1000)]:
            await task


async def ping_slot():
    loop, laps = asyncio.get_running_loop(), Laps(1000)
    slots = [loop.create_future(), loop.create_future()]

    async def echo():
        while True:
            ball = await slots[0]
            slots[0] = loop.create_future()
            slots[1].set_result(ball)

    other = asyncio.create_task(echo())
    await asyncio.sleep(0)
    while laps.more():
        for n in range(1000):
            slots[0].set_result(n)
            await slots[1]
            slots[1] = loop.create_future()
    other.cancel()


async def gather_yields():
    laps = Laps(100_000)
    while laps.more():
        await asyncio.gather(*[yield_often(10) for _ in range(10_000)])


async def wake():
    loop, laps = asyncio.get_running_loop(), Laps(100)
    orders, ready = [], threading.Semaphore(0)

    def helper():
        while True:
            ready.acquire()
            loop.call_soon_threadsafe(orders.pop().set_result, 1)

    threading.Thread(target=helper, daemon=True).start()
    while laps.more():
        for _ in range(100):
            answer = loop.create_future()
            orders.append(answer)
            ready.release()
            await answer


async def blocking():
    loop, laps = asyncio.get_running_loop(), Laps(100)
    while laps.more():
        for _ in range(100):
            await loop.run_in_executor(None, int)


async def process():
    loop, laps = asyncio.get_running_loop(), Laps(100)
    with ProcessPoolExecutor(1) as pool:
        while laps.more():
            for n in range(100):
                await loop.run_in_executor(pool, abs, n)


async def process_burst():
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(2) as pool:
        for count in (2, 10_000):
            since = METER()
            await asyncio.gather(*[loop.run_in_executor(pool, abs, n) for n in range(count)])
        print((METER() - since) * 1e9 / 10_000)


async def pressure():
    loop, laps, room = asyncio.get_running_loop(), Laps(10_000), asyncio.Semaphore(64)
    while laps.more():
        jobs = []
        for _ in range(10_000):
            await room.acquire()
            job = loop.run_in_executor(None, int)
            job.add_done_callback(lambda _: room.release())
            jobs.append(job)
        for job in jobs:
            await job


async def threads():
    loop, most = asyncio.get_running_loop(), 0
    for _ in range(1000):
        await loop.run_in_executor(None, int)
        most = max(most, threading.active_count() - 1)
    print(most)


async def sleep_all(late):
    """A wave of 100,000 sleepers, as in sleeps.rs. Returns the cost, or the mean lateness."""
    async def sleeper(nap):
        await asyncio.sleep(nap)
        return time.perf_counter()

    naps = [random.uniform(0.001, 0.1) for _ in range(100_000)]
    since, began = METER(), time.perf_counter()
    tasks = [asyncio.create_task(sleeper(nap)) for nap in naps]
    wakes = [await task for task in tasks]
    cost = (METER() - since) * 1e9 / len(naps)
    lateness = [max(0, woke - began - nap) for nap, woke in zip(naps, wakes)]
    return sum(lateness) * 1e6 / len(naps) if late else cost


async def sleeps_cold():
    print(await sleep_all(False))


async def sleeps_cold_late():
    print(await sleep_all(True))


async def sleeps_warm():
    await sleep_all(False)
    print(await sleep_all(False))


async def sleeps_warm_late():
    await sleep_all(True)
    print(await sleep_all(True))


async def timers():
    loop, laps = asyncio.get_running_loop(), Laps(1000)
    alive = [loop.call_later(60 + n * 7919 % 10_000 / 1000, int) for n in range(10_000)]
    while laps.more():
        for n in range(1000):
            loop.call_later(60 + n * 31 * 7919 % 10_000 / 1000, int).cancel()
    for timer in alive:
        timer.cancel()


def make():
    laps = Laps(100)
    while laps.more():
        for _ in range(100):
            asyncio.run(nothing())


if KEY == "make":
    make()
else:
    name = {"wake-one": "wake", "wake-two": "wake", "blocking-one": "blocking",
            "blocking-two": "blocking", "process-one": "process",
            "process-two": "process"}.get(KEY, KEY.replace("-", "_"))
    asyncio.run(globals()[name]())
