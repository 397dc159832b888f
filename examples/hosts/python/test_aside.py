"""The promises of aside.py, tested.

Nothing here depends on time: calls that have to overlap meet at a barrier, and calls that have to
run on wait until they are released. A test that hangs is ended by `faulthandler`, with its stack.
"""

import asyncio
import faulthandler
import hashlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
import unittest
import warnings

import aside

HERE = os.path.dirname(os.path.abspath(__file__))
BOUND = 20


def run(main, *args, **settings):
    """Runs `main(runtime, *args)` in a new loop and a new runtime."""

    async def with_runtime():
        async with aside.Runtime(**settings) as runtime:
            return await main(runtime, *args)

    return asyncio.run(with_runtime())


class Results(unittest.TestCase):
    def test_a_call_returns_its_result(self):
        async def main(runtime):
            return await runtime.run_in_executor(divmod, 17, 5)

        self.assertEqual(run(main), (3, 2))

    def test_an_exception_arrives_with_its_traceback(self):
        def fail():
            raise KeyError("no such row")

        async def main(runtime):
            try:
                await runtime.run_in_executor(fail)
            except KeyError as error:
                frames = traceback.extract_tb(error.__traceback__)
                return str(error), [frame.name for frame in frames]

        message, frames = run(main)
        self.assertEqual(message, "'no such row'")
        self.assertIn("fail", frames)

    def test_a_future_that_refuses_an_exception_gets_another(self):
        async def main(runtime):
            with self.assertRaises(RuntimeError):
                await runtime.run_in_executor(next, iter([]))

        run(main)

    def test_four_calls_run_at_once_beside_the_loop(self):
        async def main(runtime):
            barrier = threading.Barrier(4)
            calls = [runtime.run_in_executor(barrier.wait) for _ in range(4)]
            arrived = await asyncio.gather(*calls)
            main_thread = threading.get_ident()
            other = await runtime.run_in_executor(threading.get_ident)
            self.assertNotEqual(other, main_thread)
            return sorted(arrived)

        self.assertEqual(run(main), [0, 1, 2, 3])

    def test_a_burst_of_calls_arrives_whole(self):
        async def main(runtime):
            calls = [runtime.run_in_executor(int, number) for number in range(2000)]
            return await asyncio.gather(*calls)

        self.assertEqual(run(main), list(range(2000)))

    def test_a_timer_of_the_runtime_ends_in_its_order(self):
        async def main(runtime):
            ended = []
            sleeps = [runtime.sleep(seconds) for seconds in (0.02, 0.0, 0.01)]
            for index, sleep in enumerate(sleeps):
                sleep.add_done_callback(lambda _future, index=index: ended.append(index))
            await asyncio.gather(*sleeps)
            return ended

        self.assertEqual(run(main), [1, 2, 0])


class WithoutTheGil(unittest.TestCase):
    def setUp(self):
        self.file = tempfile.NamedTemporaryFile()
        self.file.write(os.urandom(3_000_000))
        self.file.flush()

    def tearDown(self):
        self.file.close()

    def test_a_digest_is_that_of_hashlib(self):
        async def main(runtime):
            return await runtime.sha256(self.file.name)

        with open(self.file.name, "rb") as file:
            self.assertEqual(run(main), hashlib.sha256(file.read()).hexdigest())

    def test_an_error_of_the_system_is_an_os_error(self):
        async def main(runtime):
            with self.assertRaises(FileNotFoundError):
                await runtime.sha256(self.file.name + ".missing")

        run(main)

    def test_a_job_of_rust_ends_while_the_loop_keeps_the_gil(self):
        async def main(runtime):
            native = runtime._native
            future = asyncio.get_running_loop().create_future()
            before = sys.getswitchinterval()
            # No other thread is given the GIL during the loop below.
            sys.setswitchinterval(BOUND)
            try:
                job = native.sha256(self.file.name, future)
                while not job.done():
                    pass
            finally:
                sys.setswitchinterval(before)
            return await future

        self.assertEqual(len(run(main)), 64)


class Cancellation(unittest.TestCase):
    def test_a_queued_call_whose_future_is_cancelled_never_runs(self):
        async def main(runtime):
            release = threading.Event()
            ran = []
            first = runtime.run_in_executor(release.wait)
            second = runtime.run_in_executor(ran.append, "second")
            third = runtime.run_in_executor(ran.append, "third")
            self.assertTrue(second.cancel())
            with self.assertRaises(asyncio.CancelledError):
                await second
            # As in asyncio, the future calls its callbacks in the loop's next iteration.
            await asyncio.sleep(0)
            release.set()
            await asyncio.gather(first, third)
            return ran

        self.assertEqual(run(main, threads_max=1), ["third"])

    def test_the_result_of_a_cancelled_call_that_runs_is_dropped(self):
        async def main(runtime):
            begun, release = threading.Event(), threading.Event()

            def call():
                begun.set()
                release.wait()

            future = runtime.run_in_executor(call)
            await runtime.run_in_executor(begun.wait)
            future.cancel()
            release.set()
            with self.assertRaises(asyncio.CancelledError):
                await future

        run(main)

    def test_a_cancelled_sleep_does_not_hold_up_the_end(self):
        async def main(runtime):
            sleep = runtime.sleep(1_000_000)
            sleep.cancel()

        run(main)

    def test_a_timeout_of_asyncio_cancels_the_queued_call(self):
        async def main(runtime):
            release = threading.Event()
            ran = []
            first = runtime.run_in_executor(release.wait)
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(runtime.run_in_executor(ran.append, 1), 0.001)
            release.set()
            await first
            return ran

        self.assertEqual(run(main, threads_max=1), [])


class TheEnd(unittest.TestCase):
    def test_the_end_waits_for_calls_that_nothing_awaits(self):
        ended = []

        async def main(runtime):
            release = threading.Event()
            runtime.run_in_executor(lambda: (release.wait(), ended.append(1)))
            runtime.run_in_executor(release.set)

        run(main)
        self.assertEqual(ended, [1])

    def test_a_failure_cancels_the_queue_and_a_warning_names_the_call_that_is_left(self):
        release, begun = threading.Event(), threading.Event()
        ran, futures = [], []

        async def main(runtime):
            def held():
                begun.set()
                release.wait()

            futures.append(runtime.run_in_executor(held))
            futures.append(runtime.run_in_executor(ran.append, 1))
            futures.append(runtime.sleep(1_000_000))
            while not begun.is_set():
                await asyncio.sleep(0)
            raise ValueError("of main")

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with self.assertRaisesRegex(ValueError, "of main"):
                run(main, threads_max=1, timeout=0.001)
        release.set()
        messages = [str(warning.message) for warning in caught]
        self.assertEqual(len(messages), 1, messages)
        self.assertRegex(messages[0], r"^calls still run: .*\.held$")
        self.assertEqual(ran, [])
        self.assertTrue(all(future.cancelled() for future in futures))

    def test_after_the_end_every_call_raises(self):
        async def main():
            async with aside.Runtime() as runtime:
                pass
            for call in (runtime._native.turn, runtime._native.fileno, runtime._native.shutdown):
                self.assertRaisesRegex(RuntimeError, "shut down", call)
            with self.assertRaisesRegex(RuntimeError, "shut down"):
                runtime.run_in_executor(print)

        asyncio.run(main())

    def test_a_runtime_that_is_only_dropped_does_not_deadlock(self):
        async def main():
            runtime = aside.Runtime()
            begun, release = threading.Event(), threading.Event()
            future = runtime.run_in_executor(lambda: (begun.set(), release.wait()))
            while not begun.is_set():
                await asyncio.sleep(0)
            loop = asyncio.get_running_loop()
            loop.remove_reader(runtime._native.fileno())
            del runtime
            self.assertTrue(future.cancelled())
            release.set()

        asyncio.run(main())


class Threads(unittest.TestCase):
    def test_another_thread_gets_an_exception(self):
        async def main(runtime):
            caught = []

            def use():
                try:
                    runtime._native.turn()
                except BaseException as error:
                    caught.append(str(error))

            thread = threading.Thread(target=use)
            # Python's default hook would print the panic, too.
            thread.start()
            thread.join()
            return caught

        (message,) = run(main)
        self.assertIn("is unsendable, but sent to another thread", message)


def start(program, *args):
    command = [sys.executable, os.path.join(HERE, program), *args]
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return subprocess.Popen(command, **pipes)


def communicate(program):
    try:
        return program.communicate(timeout=BOUND)
    except subprocess.TimeoutExpired:
        program.kill()
        raise


def wait_until_asleep(program):
    """Waits until the main thread sleeps.

    Between its last check for signals and the system call in which it sleeps, CPython runs no
    handler, and a signal is noticed only after that call. The line was printed by another thread.
    """
    state = None
    while state != "S":
        with open(f"/proc/{program.pid}/stat") as stat:
            state = stat.read().rpartition(") ")[2][0]


class Programs(unittest.TestCase):
    def output(self, *args):
        with start("founding.py", "--scale", "0.01", *args) as program:
            out, err = communicate(program)
        self.assertEqual((program.returncode, err), (0, ""))
        return sorted(re.sub(r"\d+\.\d+ s", "T", line).strip() for line in out.splitlines())

    def test_the_founding_program_prints_what_asyncio_prints(self):
        lines = self.output("--executor", "aside")
        self.assertEqual(lines, self.output("--executor", "asyncio"))
        self.assertEqual(len(lines), 9)
        self.assertIn("all 4 calls overlap", lines[-1])

    def interrupted(self, *arguments, lines):
        """Interrupts `interrupted.py` at each of these lines. Returns the rest of its output."""
        with start("interrupted.py", *arguments) as program:
            for line in lines:
                self.assertEqual(program.stdout.readline().strip(), line)
                wait_until_asleep(program)
                program.send_signal(signal.SIGINT)
            out, err = communicate(program)
        self.assertEqual(program.returncode, -signal.SIGINT)
        self.assertIn("KeyboardInterrupt", err)
        return out, err

    def test_ctrl_c_cancels_the_queue_and_joins_the_call_that_runs(self):
        out, err = self.interrupted(lines=["the first call runs"])
        self.assertEqual(out, "main is cancelled\nthe first call has ended\n")
        self.assertNotIn("calls still run", err)

    def test_a_second_ctrl_c_ends_the_wait_for_a_call_that_never_returns(self):
        lines = ["the first call runs", "main is cancelled"]
        out, err = self.interrupted("--stubborn", lines=lines)
        self.assertEqual(out, "")
        self.assertIn("RuntimeWarning: calls still run: first", err)


if __name__ == "__main__":
    # A program that a shell starts in the background ignores ctrl-c, and its children would, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    faulthandler.dump_traceback_later(2 * BOUND, exit=True)
    unittest.main(verbosity=1)
