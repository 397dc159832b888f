"""Jobs on a pool of threads of aside, awaited in asyncio.

    async with aside.Runtime() as runtime:
        await runtime.run_in_executor(time.sleep, 1)

A runtime belongs to the running loop, which turns it: the loop watches the descriptor of the
runtime with `add_reader`, and its next deadline with `call_later`. Nothing is sent to the loop
from other threads, and the results of all jobs that have ended arrive in one turn.
"""

import asyncio
import warnings

import _aside

__all__ = ["Runtime"]


class Runtime:
    """A pool of threads whose jobs are awaited in the running loop.

    At most `threads_max` threads run jobs; the default is 512. When `async with` ends with an
    exception, such as the cancellation of ctrl-c, the jobs that have not begun are cancelled, and
    those that run are waited for, `timeout` seconds at most.
    """

    def __init__(self, threads_max=None, *, timeout=5.0):
        self._loop = asyncio.get_running_loop()
        self._native = _aside.Runtime(threads_max)
        self._timeout = timeout
        self._timer = None
        self._idle = None
        self._loop.add_reader(self._native.fileno(), self._turn)

    def run_in_executor(self, function, *args):
        """Calls `function(*args)` on a thread of the pool, and returns a future of the result.

        Cancelling the future removes the call from the queue, in the loop's next iteration. A call
        that has begun cannot be stopped: it runs on, and its result is dropped.
        """
        return self._start(self._native.submit, function, args)

    def sha256(self, path):
        """Returns a future of the digest of a file, which Rust computes without the GIL."""
        return self._start(self._native.sha256, path)

    def sleep(self, seconds):
        """Returns a future that is resolved after this time, by a timer of the runtime."""
        return self._start(self._native.sleep, seconds)

    def _start(self, start, *args):
        future = self._loop.create_future()
        future.add_done_callback(start(*args, future))
        # What was started spawned a task, so a turn is due. Made here, it costs no iteration of
        # the loop.
        self._turn()
        return future

    def _turn(self):
        """Turns the runtime, and asks the loop for the next turn."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        delay = self._native.turn()
        if delay is not None:
            self._timer = self._loop.call_later(delay, self._turn)
        if self._idle is not None and not self._idle.done() and not self._native.jobs():
            self._idle.set_result(None)

    async def shutdown(self, *, cancel_futures=False, timeout=None):
        """Waits until every call has ended, `timeout` seconds at most; then ends the runtime.

        With `cancel_futures`, the calls that have not begun are cancelled first. A warning names
        the calls that still run in the end. Sleeps are cancelled.
        """
        try:
            if cancel_futures:
                self._native.cancel_all()
            self._idle = self._loop.create_future()
            self._loop.call_soon(self._turn)
            await asyncio.wait_for(self._idle, timeout)
        except asyncio.TimeoutError:
            pass
        finally:
            self._loop.remove_reader(self._native.fileno())
            if self._timer is not None:
                self._timer.cancel()
            running = self._native.shutdown()
            if running:
                names = ", ".join(running)
                warnings.warn(f"calls still run: {names}", RuntimeWarning, stacklevel=2)

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, error, traceback):
        is_failure = kind is not None
        timeout = self._timeout if is_failure else None
        await self.shutdown(cancel_futures=is_failure, timeout=timeout)
