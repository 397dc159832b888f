/*
 * The program that aside was written for, in C: four calls that block, gathered, in an epoll loop.
 *
 * `slow` blocks for two seconds. Two `main`s make two calls each, and the program gathers them, so
 * that it takes two seconds and not eight. Meanwhile the loop serves a timer of the runtime, and a
 * descriptor of its own: a pipe, into which the calls write that they begin.
 *
 * Usage: founding [SCALE]; 1 (the default) is real time, and 0.01 is a hundredth of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "aside.h"

enum { CALLS = 4 };

static double scale = 1;
static double begun;
static int progress[2]; /* the pipe: the loop reads from the first end */

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void say(const char *who, int call, const char *what) {
    printf("%8.3f s  %s: call %d %s\n", now() - begun, who, call, what);
}

/* Ends the program if a call of the library has failed. */
static int checked(int result) {
    if (result < -1) {
        fprintf(stderr, "%s: %s\n", aside_strerror(result), aside_message());
        exit(EXIT_FAILURE);
    }
    return result;
}

/* Ends the program if a call of the system has failed. */
static int system_checked(int result, const char *what) {
    if (result < 0) {
        perror(what);
        exit(EXIT_FAILURE);
    }
    return result;
}

/* A group of calls: it is complete when none is pending. */
struct gather {
    int pending;
    int sum;
};

struct call {
    const char *who;
    int number;
    struct gather *gather;
};

/* On a thread of the pool: blocks, as a database driver or a DNS lookup does. Counts one call. */
static void *slow(void *data) {
    struct call *call = data;
    char index = (char)call->number;
    if (write(progress[1], &index, 1) != 1)
        return NULL;
    double seconds = 2 * scale;
    struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&time, NULL);
    return call;
}

/* On the loop's thread: one call of the group has ended. */
static void slow_done(void *data, int status, void *result) {
    struct call *call = data;
    call->gather->pending--;
    if (status == ASIDE_OK && result != NULL)
        call->gather->sum++;
    say(call->who, call->number, status == ASIDE_OK ? "is done" : aside_strerror(status));
}

/* On the loop's thread: half of the time has passed. */
static void half_time(void *data, int status, void *result) {
    (void)result;
    struct gather *all = data;
    if (status == ASIDE_OK)
        printf("%8.3f s  timer: %d calls are pending\n", now() - begun, all->pending);
}

/* The program's own descriptor is readable. */
static void read_progress(struct call *calls) {
    char numbers[CALLS];
    ssize_t count = read(progress[0], numbers, sizeof numbers);
    for (ssize_t i = 0; i < count; i++) {
        struct call *call = &calls[numbers[i] - 1];
        say(call->who, call->number, "starts to block");
    }
}

static void watch(int epoll, int descriptor) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    system_checked(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl");
}

int main(int argc, char **argv) {
    if (argc > 1)
        scale = atof(argv[1]);
    begun = now();
    system_checked(pipe(progress), "pipe");
    int epoll = system_checked(epoll_create1(0), "epoll_create1");

    aside_runtime runtime;
    checked(aside_new(0, &runtime));
    watch(epoll, checked(aside_fd(runtime)));
    watch(epoll, progress[0]);

    struct gather all = {.pending = CALLS, .sum = 0};
    struct call calls[CALLS];
    for (int i = 0; i < CALLS; i++) {
        calls[i] = (struct call){i < 2 ? "main 1" : "main 2", i + 1, &all};
        checked(aside_submit(runtime, "slow", slow, &calls[i], slow_done, NULL));
    }
    checked(aside_sleep(runtime, (uint64_t)(1000 * scale), half_time, &all, NULL));

    while (all.pending > 0) {
        struct epoll_event events[2];
        int count = epoll_wait(epoll, events, 2, checked(aside_next_turn_ms(runtime)));
        for (int i = 0; i < count; i++)
            if (events[i].data.fd == progress[0])
                read_progress(calls);
        checked(aside_turn(runtime));
    }

    close(epoll);
    int running = checked(aside_shutdown(runtime, -1));
    double took = now() - begun;
    printf("took %.3f s for %.3f s of blocking: all %d calls overlap\n", took, 8 * scale, all.sum);
    close(progress[0]);
    close(progress[1]);
    return all.sum == CALLS && running == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
