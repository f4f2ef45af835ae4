/* SPDX-License-Identifier: MIT */
/* SipHash-1-3 (Aumasson and Bernstein): a hash whose collisions cannot be computed without
 * its key. For tables of names that an attacker may choose. */
#ifndef SIO_COMMON_SIPHASH_H
#define SIO_COMMON_SIPHASH_H

#include <stdint.h>
#include <string.h>

#include <sio/str.h>

static inline uint64_t sio__sip_rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static inline void sio__sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = sio__sip_rotate(v[1], 13) ^ v[0];
    v[3] = sio__sip_rotate(v[3], 16) ^ v[2];
    v[0] = sio__sip_rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = sio__sip_rotate(v[1], 17) ^ v[2];
    v[3] = sio__sip_rotate(v[3], 21) ^ v[0];
    v[2] = sio__sip_rotate(v[2], 32);
}

static inline void sio__sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sio__sip_round(v);
    v[0] ^= word;
}

/* Words are taken in the machine's order: the hash never leaves it. */
static inline uint64_t sio__siphash(const uint64_t key[2], sio_str text)
{
    uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                     key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
    uint64_t word, last = (uint64_t)text.len << 56;
    const char *at = text.ptr;
    size_t left = text.len;

    for (; left >= 8; left -= 8, at += 8) {
        memcpy(&word, at, 8);
        sio__sip_word(v, word);
    }
    while (left-- > 0)
        last |= (uint64_t)(unsigned char)at[left] << (8 * left);
    sio__sip_word(v, last);
    v[2] ^= 0xff;
    sio__sip_round(v);
    sio__sip_round(v);
    sio__sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#endif
