/* SPDX-License-Identifier: MIT */
/* Work that blocks, on helper threads, so that no loop does: a few threads in the process
 * take jobs from one queue and end when it is empty. A job is shared by its owner and a
 * helper, and destroyed by the last of them. */
#ifndef SIO_COMMON_LINK_HELPER_H
#define SIO_COMMON_LINK_HELPER_H

#include <stdbool.h>

#include <sio/status.h>

/* The first field of what is to be done. */
struct sio__job {
    struct sio__job *next; /* in the queue */
    void (*run)(struct sio__job *job);
    void (*destroy)(struct sio__job *job); /* what it holds, and its memory */
    int fd;                                /* becomes readable once it is done */
    int state;                             /* helper.c's */
    bool dropped;
};

/* Makes fd. SIO_OK or SIO_ESYS, and then there is nothing to drop. */
sio_status sio__job_init(struct sio__job *job, void (*run)(struct sio__job *job),
                         void (*destroy)(struct sio__job *job));

/* Have it run. Until it is done its fields are the helper's. SIO_OK or SIO_ESYS. */
sio_status sio__job_start(struct sio__job *job);

void sio__job_set_done(struct sio__job *job); /* instead: it was no work */
bool sio__job_done(struct sio__job *job);

/* Its owner's end of it. Never waits: a job that runs is destroyed when it is done. NULL
 * allowed. */
void sio__job_drop(struct sio__job *job);

/* Around fork(); in the child there are no helpers, and what they were at is lost. */
void sio__helpers_before_fork(void);
void sio__helpers_in_parent(void);
void sio__helpers_in_child(void);

#endif
