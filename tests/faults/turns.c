/* SPDX-License-Identifier: MIT */
/* epoll_wait(), poll() and event_base_loop() are replaced for the whole program, libevent
 * included; the first two by calls that are the same to the kernel.
 *
 * On a virtual machine the CPU time of a thread includes what the hypervisor gave to
 * others meanwhile, which /proc/stat tells for all CPUs together, in hundredths of a
 * second: a turn that may be long for that alone is set apart. There may be few of those,
 * or it is the turns that are long. */
#include "turns.h"

#include <dlfcn.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "build.h"
#include "unit.h"

enum {
    LONGEST_US = 5000, /* what is promised */
    SLEEPS = 3,        /* on a borrowed loop, for page faults of a busy machine */
    STOLEN = 3         /* and one in a hundred */
};

static struct {
    _Atomic int64_t count, longest_us, too_long, stolen, slept;
} all;

#ifndef SANITIZED /* whose own replacements of these functions are needed */
static _Thread_local struct {
    int depth; /* of event_base_loop() */
    bool on, borrowed;
    int64_t begin_us, stolen_us, looked_us;
    long sleeps;
} turn;

static int64_t clock_us(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static long sleeps(void)
{
    struct rusage usage;

    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

/* Of all CPUs since the machine started; 0 where it is not known. */
static int64_t stolen_us(void)
{
    static _Atomic int file = -1;
    char line[256] = "";
    long long ticks = 0;

    if (file < 0)
        file = open("/proc/stat", O_RDONLY | O_CLOEXEC);
    if (pread(file, line, sizeof line - 1, 0) <= 0 ||
        sscanf(line, "cpu %*d %*d %*d %*d %*d %*d %*d %lld", &ticks) != 1)
        return 0;
    return ticks * (1000000 / sysconf(_SC_CLK_TCK));
}

static void begin(void)
{
    int64_t now_us = clock_us(CLOCK_MONOTONIC);

    if (turn.depth == 0)
        return;
    if (turn.looked_us == 0 || now_us - turn.looked_us > 10000) {
        turn.looked_us = now_us;
        turn.stolen_us = stolen_us();
    }
    turn.on = true;
    turn.sleeps = sleeps();
    turn.begin_us = clock_us(CLOCK_THREAD_CPUTIME_ID);
}

static void end(void)
{
    int64_t us, longest = all.longest_us;

    if (!turn.on)
        return;
    us = clock_us(CLOCK_THREAD_CPUTIME_ID) - turn.begin_us;
    turn.on = false;
    all.count++;
    all.slept += turn.borrowed && sleeps() != turn.sleeps;
    if (us > LONGEST_US && us - (stolen_us() - turn.stolen_us) > LONGEST_US)
        all.too_long++;
    else if (us > LONGEST_US)
        all.stolen++;
    while (us > longest && !atomic_compare_exchange_weak(&all.longest_us, &longest, us))
        ;
}

SIO_API int epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
    int n;

    end();
    n = epoll_pwait(fd, events, max, timeout, NULL);
    turn.borrowed = true; /* links with a thread of their own use poll() */
    begin();
    return n;
}

SIO_API int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    struct timespec ts = {timeout / 1000, (timeout % 1000) * 1000000L};
    int ready;

    end();
    ready = ppoll(fds, n, timeout < 0 ? NULL : &ts, NULL);
    begin();
    return ready;
}

SIO_API int event_base_loop(struct event_base *base, int flags)
{
    static int (*real)(struct event_base *, int);
    int result;

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "event_base_loop");
    turn.depth++;
    begin();
    result = real(base, flags);
    end();
    turn.depth--;
    return result;
}
#endif

int64_t turns_count(void)
{
    return all.count;
}

int turns_check(void **state)
{
    (void)state;
    print_message("turns: %ld, the longest %ld us, %ld too long, %ld stolen, %ld slept\n",
                  (long)all.count, (long)all.longest_us, (long)all.too_long, (long)all.stolen,
                  (long)all.slept);
#if defined(__OPTIMIZE__) && !defined(SANITIZED) && !defined(SIO_COVERAGE)
    if (all.too_long > 0 || all.stolen > STOLEN + all.count / 100) {
        print_error("a turn of a loop took %ld us of CPU time\n", (long)all.longest_us);
        return -1;
    }
#endif
#ifndef SANITIZED
    if (all.slept > SLEEPS) {
        print_error("%ld turns of a loop called what blocks\n", (long)all.slept);
        return -1;
    }
#endif
    return 0;
}
