/*
 * The promises of aside.h, tested. Each test ends the program with the line that failed.
 *
 * Nothing here depends on time: jobs that have to overlap meet at a barrier, and jobs that have to
 * run on wait until they are released. A test that hangs is ended by SIGALRM.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aside.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, aside_message());  \
            exit(EXIT_FAILURE);                                                                    \
        }                                                                                          \
    } while (0)

/* What a callback has received. */
struct outcome {
    int calls;
    int status;
    void *result;
    pthread_t thread;
};

static void record(void *data, int status, void *result) {
    struct outcome *outcome = data;
    outcome->calls++;
    outcome->status = status;
    outcome->result = result;
    outcome->thread = pthread_self();
}

static aside_runtime new_runtime(unsigned threads_max) {
    aside_runtime runtime = 0;
    CHECK(aside_new(threads_max, &runtime) == ASIDE_OK);
    CHECK(runtime != 0);
    return runtime;
}

/* The loop of a program: poll, then turn, until the callback was called. */
static void turn_until_called(aside_runtime runtime, const struct outcome *outcome) {
    struct pollfd descriptor = {.fd = aside_fd(runtime), .events = POLLIN};
    CHECK(descriptor.fd >= 0);
    while (outcome->calls == 0) {
        int timeout = aside_next_turn_ms(runtime);
        CHECK(timeout >= -1);
        CHECK(poll(&descriptor, 1, timeout) >= 0);
        CHECK(aside_turn(runtime) == ASIDE_OK);
    }
}

static void *return_argument(void *data) { return data; }

static void a_job_gets_its_data_and_hands_back_its_result_on_the_loops_thread(void) {
    aside_runtime runtime = new_runtime(0);
    struct outcome outcome = {0};
    aside_operation operation = 0;
    int answer = aside_submit(runtime, "job", return_argument, &outcome, record, &operation);
    CHECK(answer == ASIDE_OK && operation != 0);
    CHECK(outcome.calls == 0);
    turn_until_called(runtime, &outcome);
    CHECK(outcome.status == ASIDE_OK && outcome.result == &outcome);
    CHECK(pthread_equal(outcome.thread, pthread_self()));
    CHECK(aside_cancel(runtime, operation) == ASIDE_ENOENT);
    CHECK(aside_shutdown(runtime, -1) == 0);
    CHECK(outcome.calls == 1);
}

static pthread_barrier_t barrier;

static void *meet(void *data) {
    pthread_barrier_wait(&barrier);
    return data;
}

static void four_jobs_run_at_once(void) {
    enum { JOBS = 4 };
    aside_runtime runtime = new_runtime(0);
    struct outcome outcomes[JOBS] = {0};
    pthread_barrier_init(&barrier, NULL, JOBS);
    for (int i = 0; i < JOBS; i++)
        CHECK(aside_submit(runtime, NULL, meet, &outcomes[i], record, NULL) == ASIDE_OK);
    for (int i = 0; i < JOBS; i++) {
        turn_until_called(runtime, &outcomes[i]);
        CHECK(outcomes[i].status == ASIDE_OK);
    }
    CHECK(aside_shutdown(runtime, -1) == 0);
    pthread_barrier_destroy(&barrier);
}

static void a_sleep_ends_and_a_cancelled_one_says_so(void) {
    aside_runtime runtime = new_runtime(0);
    struct outcome brief = {0}, endless = {0}, longest = {0};
    aside_operation operation;
    CHECK(aside_sleep(runtime, 1, record, &brief, NULL) == ASIDE_OK);
    CHECK(aside_sleep(runtime, UINT32_MAX, record, &endless, &operation) == ASIDE_OK);
    CHECK(aside_sleep(runtime, UINT64_MAX, record, &longest, NULL) == ASIDE_OK);
    turn_until_called(runtime, &brief);
    CHECK(brief.status == ASIDE_OK && endless.calls == 0);
    CHECK(aside_next_turn_ms(runtime) > 1000);
    CHECK(aside_cancel(runtime, operation) == ASIDE_OK);
    CHECK(endless.calls == 0);
    turn_until_called(runtime, &endless);
    CHECK(endless.status == ASIDE_ECANCELLED);
    CHECK(aside_cancel(runtime, operation) == ASIDE_ENOENT);
    CHECK(aside_next_turn_ms(runtime) != 0);
    CHECK(aside_shutdown(runtime, -1) == 0);
    CHECK(longest.calls == 1 && longest.status == ASIDE_ECANCELLED);
}

/* A job that begins, and runs until it is released. */
struct held {
    struct outcome outcome;
    sem_t begun, release;
};

static void *hold(void *data) {
    struct held *held = data;
    sem_post(&held->begun);
    while (sem_wait(&held->release) != 0) {
    }
    return data;
}

static void *never(void *data) {
    (void)data;
    fprintf(stderr, "a cancelled job has run\n");
    abort();
}

static void record_held(void *data, int status, void *result) {
    record(&((struct held *)data)->outcome, status, result);
}

static void begin_held(aside_runtime runtime, struct held *held) {
    memset(held, 0, sizeof *held);
    sem_init(&held->begun, 0, 0);
    sem_init(&held->release, 0, 0);
    CHECK(aside_submit(runtime, "held", hold, held, record_held, NULL) == ASIDE_OK);
    while (sem_wait(&held->begun) != 0) {
    }
}

static void a_queued_job_that_is_cancelled_never_runs(void) {
    aside_runtime runtime = new_runtime(1);
    struct held held;
    begin_held(runtime, &held);
    struct outcome queued = {0};
    aside_operation operation;
    CHECK(aside_submit(runtime, NULL, never, &queued, record, &operation) == ASIDE_OK);
    CHECK(aside_cancel(runtime, operation) == ASIDE_OK);
    turn_until_called(runtime, &queued);
    CHECK(queued.status == ASIDE_ECANCELLED && queued.result == NULL);
    CHECK(held.outcome.calls == 0);
    sem_post(&held.release);
    CHECK(aside_shutdown(runtime, -1) == 0);
    CHECK(held.outcome.calls == 1 && held.outcome.status == ASIDE_OK);
}

static sem_t job_runs;

static void *until_cancelled(void *data) {
    sem_post(&job_runs);
    while (!aside_is_cancelled())
        sched_yield();
    return data;
}

static void a_running_job_sees_that_it_is_cancelled(void) {
    aside_runtime runtime = new_runtime(0);
    struct outcome outcome = {0};
    aside_operation operation;
    sem_init(&job_runs, 0, 0);
    CHECK(aside_is_cancelled() == 0);
    CHECK(aside_submit(runtime, NULL, until_cancelled, &outcome, record, &operation) == ASIDE_OK);
    while (sem_wait(&job_runs) != 0) {
    }
    CHECK(aside_cancel(runtime, operation) == ASIDE_OK);
    turn_until_called(runtime, &outcome);
    CHECK(outcome.status == ASIDE_OK && outcome.result == &outcome);
    CHECK(aside_shutdown(runtime, -1) == 0);
    sem_destroy(&job_runs);
}

static void a_shutdown_names_the_job_that_it_leaves_and_cancels_the_queue(void) {
    aside_runtime runtime = new_runtime(1);
    static struct held held;
    begin_held(runtime, &held);
    struct outcome queued = {0}, sleeping = {0};
    CHECK(aside_submit(runtime, NULL, never, &queued, record, NULL) == ASIDE_OK);
    CHECK(aside_sleep(runtime, UINT32_MAX, record, &sleeping, NULL) == ASIDE_OK);
    CHECK(aside_shutdown(runtime, -2) == ASIDE_EINVAL);
    CHECK(aside_shutdown(runtime, 0) == 1);
    CHECK(strncmp(aside_message(), "still running: `held` for ", 26) == 0);
    CHECK(held.outcome.calls == 1 && held.outcome.status == ASIDE_ERUNNING);
    CHECK(queued.calls == 1 && queued.status == ASIDE_ECANCELLED);
    CHECK(sleeping.calls == 1 && sleeping.status == ASIDE_ECANCELLED);
    /* The job's thread still uses `held`; nothing reports its end any more, but a semaphore. */
    sem_post(&held.release);
    int value = 1;
    while (value > 0) {
        sched_yield();
        sem_getvalue(&held.release, &value);
    }
}

/* In a callback: the answers of all functions. */
struct nested {
    struct outcome outcome, inner;
    aside_runtime runtime;
    int turn, shutdown, timeout, submit, fd;
};

static void nest(void *data, int status, void *result) {
    struct nested *nested = data;
    nested->turn = aside_turn(nested->runtime);
    nested->shutdown = aside_shutdown(nested->runtime, 0);
    nested->timeout = aside_next_turn_ms(nested->runtime);
    nested->fd = aside_fd(nested->runtime);
    nested->submit =
        aside_submit(nested->runtime, NULL, return_argument, &nested->inner, record, NULL);
    record(&nested->outcome, status, result);
}

static void a_callback_may_submit_but_neither_turn_nor_shut_down(void) {
    struct nested nested = {.runtime = new_runtime(0)};
    CHECK(aside_sleep(nested.runtime, 0, nest, &nested, NULL) == ASIDE_OK);
    turn_until_called(nested.runtime, &nested.outcome);
    CHECK(nested.turn == ASIDE_ETURNING && nested.shutdown == ASIDE_ETURNING);
    CHECK(nested.timeout >= -1 && nested.fd >= 0 && nested.submit == ASIDE_OK);
    turn_until_called(nested.runtime, &nested.inner);
    CHECK(nested.inner.status == ASIDE_OK);

    /* In a shutdown the runtime is gone already. */
    nested.outcome.calls = 0;
    CHECK(aside_sleep(nested.runtime, UINT32_MAX, nest, &nested, NULL) == ASIDE_OK);
    CHECK(aside_shutdown(nested.runtime, 0) == 0);
    CHECK(nested.outcome.calls == 1 && nested.outcome.status == ASIDE_ECANCELLED);
    CHECK(nested.turn == ASIDE_EGONE && nested.shutdown == ASIDE_EGONE);
    CHECK(nested.submit == ASIDE_EGONE);
}

static void all_answers_are(aside_runtime runtime, int code) {
    struct outcome outcome = {0};
    CHECK(aside_fd(runtime) == code);
    CHECK(aside_next_turn_ms(runtime) == code);
    CHECK(aside_turn(runtime) == code);
    CHECK(aside_submit(runtime, NULL, never, &outcome, record, NULL) == code);
    CHECK(aside_sleep(runtime, 0, record, &outcome, NULL) == code);
    CHECK(aside_cancel(runtime, 1) == code);
    CHECK(aside_shutdown(runtime, -1) == code);
    CHECK(strcmp(aside_message(), aside_strerror(code)) == 0);
    CHECK(outcome.calls == 0);
}

static void *on_another_thread(void *data) {
    all_answers_are(*(aside_runtime *)data, ASIDE_ETHREAD);
    /* The same, if the thread has a runtime of its own. */
    aside_runtime own = new_runtime(0);
    all_answers_are(*(aside_runtime *)data, ASIDE_ETHREAD);
    CHECK(aside_shutdown(own, -1) == 0);
    return NULL;
}

static void another_thread_is_turned_away(void) {
    aside_runtime runtime = new_runtime(0);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, on_another_thread, &runtime) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(aside_turn(runtime) == ASIDE_OK);
    CHECK(aside_shutdown(runtime, -1) == 0);
}

static void a_stale_number_is_answered_by_an_error(void) {
    aside_runtime runtime = new_runtime(0);
    CHECK(aside_shutdown(runtime, -1) == 0);
    all_answers_are(runtime, ASIDE_EGONE);
    all_answers_are(0, ASIDE_EGONE);
    aside_runtime other = new_runtime(0);
    CHECK(other != runtime);
    all_answers_are(runtime, ASIDE_EGONE);
    CHECK(aside_cancel(other, 0) == ASIDE_ENOENT);
    CHECK(aside_shutdown(other, -1) == 0);
}

static void arguments_are_checked(void) {
    CHECK(aside_new(0, NULL) == ASIDE_EINVAL);
    aside_runtime runtime = new_runtime(0);
    struct outcome outcome = {0};
    CHECK(aside_submit(runtime, NULL, NULL, &outcome, record, NULL) == ASIDE_EINVAL);
    CHECK(strcmp(aside_message(), "`work` is NULL") == 0);
    CHECK(aside_submit(runtime, NULL, never, &outcome, NULL, NULL) == ASIDE_EINVAL);
    CHECK(aside_submit(runtime, "\xff", never, &outcome, record, NULL) == ASIDE_EINVAL);
    CHECK(aside_sleep(runtime, 0, NULL, &outcome, NULL) == ASIDE_EINVAL);
    CHECK(aside_shutdown(runtime, -1) == 0);
    CHECK(outcome.calls == 0);
}

static void two_runtimes_of_one_thread_are_apart(void) {
    aside_runtime first = new_runtime(0), second = new_runtime(0);
    struct outcome of_first = {0}, of_second = {0};
    CHECK(aside_submit(first, NULL, return_argument, &of_first, record, NULL) == ASIDE_OK);
    CHECK(aside_submit(second, NULL, return_argument, &of_second, record, NULL) == ASIDE_OK);
    turn_until_called(second, &of_second);
    CHECK(of_first.calls == 0);
    CHECK(aside_shutdown(second, -1) == 0);
    turn_until_called(first, &of_first);
    CHECK(aside_shutdown(first, -1) == 0);
}

static void *exit_without_a_shutdown(void *data) {
    aside_runtime runtime = new_runtime(0);
    CHECK(aside_sleep(runtime, UINT32_MAX, record, data, NULL) == ASIDE_OK);
    CHECK(aside_turn(runtime) == ASIDE_OK);
    return NULL;
}

static void a_thread_that_exits_ends_its_runtimes(void) {
    struct outcome outcome = {0};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, exit_without_a_shutdown, &outcome) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(outcome.calls == 1 && outcome.status == ASIDE_ECANCELLED);
}

static void every_code_has_a_text_of_its_own(void) {
    const char *unknown = aside_strerror(-1);
    for (int code = ASIDE_EPANIC; code <= ASIDE_EINVAL; code++)
        for (int other = code; other <= 0; other++)
            CHECK((strcmp(aside_strerror(code), aside_strerror(other)) == 0) == (code == other));
    CHECK(strcmp(aside_strerror(ASIDE_EPANIC - 1), unknown) == 0);
}

int main(void) {
    alarm(60);
    CHECK(aside_message()[0] == '\0');
    a_job_gets_its_data_and_hands_back_its_result_on_the_loops_thread();
    four_jobs_run_at_once();
    a_sleep_ends_and_a_cancelled_one_says_so();
    a_queued_job_that_is_cancelled_never_runs();
    a_running_job_sees_that_it_is_cancelled();
    a_shutdown_names_the_job_that_it_leaves_and_cancels_the_queue();
    a_callback_may_submit_but_neither_turn_nor_shut_down();
    another_thread_is_turned_away();
    a_stale_number_is_answered_by_an_error();
    arguments_are_checked();
    two_runtimes_of_one_thread_are_apart();
    a_thread_that_exits_ends_its_runtimes();
    every_code_has_a_text_of_its_own();
    puts("every promise of aside.h holds");
    return EXIT_SUCCESS;
}
