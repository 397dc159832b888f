/*
 * aside.h: blocking calls on a pool of threads, and timers, in the event loop of a C program.
 *
 * The program waits for its own descriptors, and for one more: that of the runtime. When poll or
 * epoll_wait returns, it turns the runtime, which calls the callbacks that are due:
 *
 *     for (;;) {
 *         poll(descriptors, count, aside_next_turn_ms(runtime));
 *         ... the program's own descriptors ...
 *         aside_turn(runtime);
 *     }
 *
 * Threads. A runtime belongs to the thread that made it. Every function that takes a runtime must
 * be called on that thread; on another one it does nothing and returns ASIDE_ETHREAD. All
 * callbacks run on that thread, inside aside_turn or aside_shutdown, and never inside the call
 * that they belong to. Only the functions given to aside_submit run on other threads.
 *
 * Names. A runtime and an operation are numbers, not pointers, and no number is used twice. A
 * number that is stale, or was never valid, is answered by an error.
 *
 * Results. A negative result is an error, one of the codes below, and -1 is none of them.
 * aside_message returns what happened in detail. No function changes errno on purpose.
 *
 * Callbacks. If a call that takes a callback succeeds, then the callback is called exactly once.
 * If the call fails, then the callback is never called. A callback may call every function of
 * this header, but aside_turn and aside_shutdown answer ASIDE_ETURNING in it. No callback, and no
 * function given to aside_submit, may leave by longjmp or by a C++ exception.
 */
#ifndef ASIDE_H
#define ASIDE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ASIDE_OK 0
/* A pointer that must not be NULL is NULL, or a string is not UTF-8. */
#define ASIDE_EINVAL (-2)
/* The runtime belongs to another thread. */
#define ASIDE_ETHREAD (-3)
/* There is no such runtime on this thread: it was shut down, or never made. */
#define ASIDE_EGONE (-4)
/* The runtime is being turned or shut down by a caller of this function. */
#define ASIDE_ETURNING (-5)
/* The operation was cancelled; of a job: before it began, so that its function never ran. */
#define ASIDE_ECANCELLED (-6)
/* The pool refused the job, because it has no thread and can start none. */
#define ASIDE_EREFUSED (-7)
/* Status of a job that was still running when the shutdown stopped waiting: its data is in use. */
#define ASIDE_ERUNNING (-8)
/* An error of the operating system. */
#define ASIDE_ESYSTEM (-9)
/* There is no such operation: it has ended, or never was. */
#define ASIDE_ENOENT (-10)
/* A bug in the library. The runtime may be used further, or shut down. */
#define ASIDE_EPANIC (-11)

/* An event loop and a pool of threads. */
typedef uint64_t aside_runtime;

/* A job or a sleep. */
typedef uint64_t aside_operation;

/*
 * Runs on a thread of the pool, and may block there. Like a thread's start function: `data` is
 * handed over to the thread, and the function's result is handed back to the callback.
 */
typedef void *(*aside_work)(void *data);

/*
 * Runs on the runtime's thread. `data` is the pointer that was given with the callback. `status`
 * is ASIDE_OK, ASIDE_ECANCELLED, ASIDE_EREFUSED or ASIDE_ERUNNING. `result` is the result of the
 * job if the status is ASIDE_OK, else NULL. Unless the status is ASIDE_ERUNNING, nothing uses
 * `data` any more.
 */
typedef void (*aside_done)(void *data, int status, void *result);

/*
 * Makes a runtime for the calling thread, with at most `threads_max` threads for jobs; 0 is the
 * default, 512. Starts no thread yet. ASIDE_EINVAL, ASIDE_ESYSTEM.
 */
int aside_new(unsigned threads_max, aside_runtime *runtime);

/*
 * Returns the descriptor that becomes readable when a turn is due before the time that
 * aside_next_turn_ms returns, because a job has ended. Wait until it is readable, but do not read
 * from it and do not close it. It is valid until aside_shutdown. ASIDE_ETHREAD, ASIDE_EGONE.
 */
int aside_fd(aside_runtime runtime);

/*
 * Returns the time in milliseconds to the next turn, as poll and epoll_wait take it: 0 if a turn
 * is due now, and -1 if none is due until the descriptor is readable. ASIDE_ETHREAD, ASIDE_EGONE.
 */
int aside_next_turn_ms(aside_runtime runtime);

/*
 * Calls the callbacks that are due, and returns. Never sleeps. It may be called more often than
 * necessary. ASIDE_ETHREAD, ASIDE_EGONE, ASIDE_ETURNING.
 */
int aside_turn(aside_runtime runtime);

/*
 * Runs `work(data)` on a thread of the pool, and then calls `done` with the result. `name`
 * appears in messages about the job; it may be NULL. If `operation` is not NULL, the number of
 * the job is stored there. ASIDE_EINVAL, ASIDE_ETHREAD, ASIDE_EGONE, ASIDE_EREFUSED.
 */
int aside_submit(aside_runtime runtime, const char *name, aside_work work, void *data,
                 aside_done done, aside_operation *operation);

/*
 * Calls `done` when this time has passed. If `operation` is not NULL, the number of the sleep is
 * stored there. ASIDE_EINVAL, ASIDE_ETHREAD, ASIDE_EGONE.
 */
int aside_sleep(aside_runtime runtime, uint64_t milliseconds, aside_done done, void *data,
                aside_operation *operation);

/*
 * Requests an operation to end. A sleep, and a job that has not begun, end with ASIDE_ECANCELLED.
 * A running job cannot be stopped from outside: aside_is_cancelled becomes true in it, and its
 * callback is called when its function has returned. ASIDE_ETHREAD, ASIDE_EGONE, ASIDE_ENOENT.
 */
int aside_cancel(aside_runtime runtime, aside_operation operation);

/*
 * Called in a job: returns 1 if the job was requested to end, else 0. Outside of a job it returns
 * 0. May be called on any thread.
 */
int aside_is_cancelled(void);

/*
 * Ends a runtime. Waits for the jobs, at most for `milliseconds`, or without a limit if that is
 * -1; the limit is a limit. When it has passed, the jobs that have not begun are cancelled, and
 * those that run are requested to end. Sleeps are cancelled. Every callback that was still due is
 * called before the function returns, and the descriptor is closed: remove it from the loop first.
 *
 * Returns the number of jobs that still run. If there are any, aside_message names them, and
 * their callbacks were called with ASIDE_ERUNNING. ASIDE_EINVAL, ASIDE_ETHREAD, ASIDE_EGONE,
 * ASIDE_ETURNING.
 *
 * A thread that exits without this call shuts its runtimes down with a limit of zero.
 */
int aside_shutdown(aside_runtime runtime, int milliseconds);

/* Returns one line about a code, which is valid for ever. May be called on any thread. */
const char *aside_strerror(int code);

/*
 * Returns what the last failing call on this thread has to say, or the last shutdown that left
 * jobs; at first it is empty. It is valid until the next such call on this thread.
 */
const char *aside_message(void);

#ifdef __cplusplus
}
#endif

#endif
