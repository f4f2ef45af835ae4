/* SPDX-License-Identifier: MIT */
/* One line of --lines-json to one request. */
#ifndef SIO_CLI_RECORD_H
#define SIO_CLI_RECORD_H

#include <sio/buf.h>

#include "sender.h"

#define RECORD_EMITTERS 8

/* Memory that is used again for every line: nothing is allocated once it has grown. */
struct record_reader {
    struct request base; /* the command line's: what a line leaves out */
    const struct options *opts;
    size_t max_name;
    sio_buf packed; /* the line's values */
    sio_args *args;
    sio_target *target;
    sio_buf target_key; /* the fields that `target` was built from, packed */
    bool target_built;
    struct record_emitter {
        sio_buf nsp;
        sio_emitter *em;
    } emitters[RECORD_EMITTERS]; /* of the namespaces met last */
    unsigned next_emitter;
};

/* SIO_OK or SIO_ENOMEM. */
sio_status record_init(struct record_reader *reader, const struct request *base,
                       const struct sender *sender);
void record_fini(struct record_reader *reader);

/* Fill `out`, valid until the next call, from a line. On failure `why` says what is wrong.
 * SIO_OK, SIO_EINVAL, SIO_ETOOBIG or SIO_ENOMEM. */
sio_status record_read(struct record_reader *reader, sio_str line, struct request *out, char *why,
                       size_t whylen);

#endif
