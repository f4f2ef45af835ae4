/* SPDX-License-Identifier: MIT */
#include "link/slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- slots -- */

/* CRC16 as XMODEM has it: polynomial 0x1021, from 0, nothing reflected
 * (https://redis.io/docs/reference/cluster-spec/, appendix A). */
static const uint16_t crc16_table[256] = {
    0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7, 0x8108, 0x9129, 0xa14a, 0xb16b,
    0xc18c, 0xd1ad, 0xe1ce, 0xf1ef, 0x1231, 0x0210, 0x3273, 0x2252, 0x52b5, 0x4294, 0x72f7, 0x62d6,
    0x9339, 0x8318, 0xb37b, 0xa35a, 0xd3bd, 0xc39c, 0xf3ff, 0xe3de, 0x2462, 0x3443, 0x0420, 0x1401,
    0x64e6, 0x74c7, 0x44a4, 0x5485, 0xa56a, 0xb54b, 0x8528, 0x9509, 0xe5ee, 0xf5cf, 0xc5ac, 0xd58d,
    0x3653, 0x2672, 0x1611, 0x0630, 0x76d7, 0x66f6, 0x5695, 0x46b4, 0xb75b, 0xa77a, 0x9719, 0x8738,
    0xf7df, 0xe7fe, 0xd79d, 0xc7bc, 0x48c4, 0x58e5, 0x6886, 0x78a7, 0x0840, 0x1861, 0x2802, 0x3823,
    0xc9cc, 0xd9ed, 0xe98e, 0xf9af, 0x8948, 0x9969, 0xa90a, 0xb92b, 0x5af5, 0x4ad4, 0x7ab7, 0x6a96,
    0x1a71, 0x0a50, 0x3a33, 0x2a12, 0xdbfd, 0xcbdc, 0xfbbf, 0xeb9e, 0x9b79, 0x8b58, 0xbb3b, 0xab1a,
    0x6ca6, 0x7c87, 0x4ce4, 0x5cc5, 0x2c22, 0x3c03, 0x0c60, 0x1c41, 0xedae, 0xfd8f, 0xcdec, 0xddcd,
    0xad2a, 0xbd0b, 0x8d68, 0x9d49, 0x7e97, 0x6eb6, 0x5ed5, 0x4ef4, 0x3e13, 0x2e32, 0x1e51, 0x0e70,
    0xff9f, 0xefbe, 0xdfdd, 0xcffc, 0xbf1b, 0xaf3a, 0x9f59, 0x8f78, 0x9188, 0x81a9, 0xb1ca, 0xa1eb,
    0xd10c, 0xc12d, 0xf14e, 0xe16f, 0x1080, 0x00a1, 0x30c2, 0x20e3, 0x5004, 0x4025, 0x7046, 0x6067,
    0x83b9, 0x9398, 0xa3fb, 0xb3da, 0xc33d, 0xd31c, 0xe37f, 0xf35e, 0x02b1, 0x1290, 0x22f3, 0x32d2,
    0x4235, 0x5214, 0x6277, 0x7256, 0xb5ea, 0xa5cb, 0x95a8, 0x8589, 0xf56e, 0xe54f, 0xd52c, 0xc50d,
    0x34e2, 0x24c3, 0x14a0, 0x0481, 0x7466, 0x6447, 0x5424, 0x4405, 0xa7db, 0xb7fa, 0x8799, 0x97b8,
    0xe75f, 0xf77e, 0xc71d, 0xd73c, 0x26d3, 0x36f2, 0x0691, 0x16b0, 0x6657, 0x7676, 0x4615, 0x5634,
    0xd94c, 0xc96d, 0xf90e, 0xe92f, 0x99c8, 0x89e9, 0xb98a, 0xa9ab, 0x5844, 0x4865, 0x7806, 0x6827,
    0x18c0, 0x08e1, 0x3882, 0x28a3, 0xcb7d, 0xdb5c, 0xeb3f, 0xfb1e, 0x8bf9, 0x9bd8, 0xabbb, 0xbb9a,
    0x4a75, 0x5a54, 0x6a37, 0x7a16, 0x0af1, 0x1ad0, 0x2ab3, 0x3a92, 0xfd2e, 0xed0f, 0xdd6c, 0xcd4d,
    0xbdaa, 0xad8b, 0x9de8, 0x8dc9, 0x7c26, 0x6c07, 0x5c64, 0x4c45, 0x3ca2, 0x2c83, 0x1ce0, 0x0cc1,
    0xef1f, 0xff3e, 0xcf5d, 0xdf7c, 0xaf9b, 0xbfba, 0x8fd9, 0x9ff8, 0x6e17, 0x7e36, 0x4e55, 0x5e74,
    0x2e93, 0x3eb2, 0x0ed1, 0x1ef0,
};

static unsigned crc16(const char *at, size_t len)
{
    unsigned crc = 0;

    for (size_t i = 0; i < len; i++)
        crc = ((crc << 8) ^ crc16_table[((crc >> 8) ^ (unsigned char)at[i]) & 0xff]) & 0xffff;
    return crc;
}

unsigned sio__slot_of(sio_str name)
{
    const char *open = name.len > 0 ? memchr(name.ptr, '{', name.len) : NULL, *close;

    if (open != NULL) {
        open++;
        close = memchr(open, '}', name.len - (size_t)(open - name.ptr));
        if (close != NULL && close != open)
            return crc16(open, (size_t)(close - open)) % SIO__SLOTS;
    }
    return crc16(name.ptr, name.len) % SIO__SLOTS;
}

/* -- the map -- */

struct sio__slot_map *sio__slot_map_new(void)
{
    struct sio__slot_map *map = calloc(1, sizeof *map);

    if (map != NULL)
        memset(map->owner, 0xff, sizeof map->owner); /* SIO__NO_NODE */
    return map;
}

void sio__slot_map_free(struct sio__slot_map *map)
{
    if (map == NULL)
        return;
    free(map->nodes);
    free(map);
}

unsigned sio__slot_map_find(const struct sio__slot_map *map, const struct sio__place *place)
{
    for (unsigned i = 0; i < map->count; i++) {
        if (sio__place_same(&map->nodes[i].place, place))
            return i;
    }
    return SIO__NO_NODE;
}

unsigned sio__slot_map_add(struct sio__slot_map *map, const struct sio__place *place)
{
    unsigned index = sio__slot_map_find(map, place);
    struct sio__node *nodes;

    if (index != SIO__NO_NODE || map->count == SIO__NODES_MAX)
        return index;
    nodes = realloc(map->nodes, (map->count + 1) * sizeof *nodes);
    if (nodes == NULL)
        return SIO__NO_NODE;
    map->nodes = nodes;
    nodes[map->count] = (struct sio__node){.place = *place};
    return map->count++;
}

/* -- what Redis answers -- */

/* One answer being read. */
struct reading {
    const struct sio__listing *answer;
    const char *asked;
    bool tls;
    struct sio__slot_map *map;
    unsigned shard; /* this one's number */
};

/* What is said of a node; NULL and 0: nothing. */
struct said {
    const struct sio__token *endpoint, *ip, *id;
    uint16_t port, tls_port;
    bool is_master, failed;
};

static bool has_text(const struct sio__token *token)
{
    return token != NULL && token->type == SIO__TOKEN_TEXT && token->number > 0 &&
           strcmp(token->text, "?") != 0;
}

/* Nothing or an empty text means the host that was asked; "?" that the node is to be known by
 * a name that nobody has given it: then its IP address has to do. NULL: no way to tell. */
static const char *host_of(const struct reading *reading, const struct said *said)
{
    if (has_text(said->endpoint))
        return said->endpoint->text;
    if (said->endpoint != NULL && !sio__token_is(said->endpoint, "?"))
        return reading->asked;
    if (has_text(said->ip))
        return said->ip->text;
    return said->endpoint == NULL ? reading->asked : NULL;
}

/* *index SIO__NO_NODE: it says of itself too little. */
static sio_status add_node(struct reading *reading, const struct said *said, unsigned *index)
{
    const char *host = host_of(reading, said);
    uint16_t port = reading->tls && said->tls_port > 0 ? said->tls_port : said->port;
    struct sio__place place;
    struct sio__node *node;

    *index = SIO__NO_NODE;
    if (port == 0)
        port = said->tls_port;
    if (host == NULL || !sio__place_set(&place, host, port))
        return SIO_OK;
    *index = sio__slot_map_add(reading->map, &place);
    if (*index == SIO__NO_NODE)
        return SIO_ENOMEM;
    node = &reading->map->nodes[*index];
    node->is_master = said->is_master;
    node->failed = said->failed;
    node->shard = reading->shard;
    if (said->id != NULL && said->id->type == SIO__TOKEN_TEXT && said->id->number == SIO__NODE_ID)
        memcpy(node->id, said->id->text, SIO__NODE_ID);
    return SIO_OK;
}

static bool is_array(const struct sio__token *token)
{
    return token->type == SIO__TOKEN_ARRAY;
}

static bool own(struct reading *reading, int64_t first, int64_t last, unsigned node)
{
    if (first < 0 || last < first)
        return false;
    for (int64_t slot = first; slot <= last; slot++)
        reading->map->owner[slot] = (uint16_t)node;
    return true;
}

static uint16_t port_of(const struct sio__token *token)
{
    int64_t port = sio__token_number(token, UINT16_MAX);

    return port > 0 ? (uint16_t)port : 0;
}

/* [name, value, ...] */
static struct said read_fields(const struct reading *reading, size_t at)
{
    const struct sio__token *tokens = reading->answer->tokens;
    size_t end = sio__answer_skip(reading->answer, at);
    struct said said = {0};

    for (at++; at + 1 < end; at = sio__answer_skip(reading->answer, at + 1)) {
        const struct sio__token *name = &tokens[at], *value = name + 1;

        if (sio__token_is(name, "endpoint"))
            said.endpoint = value;
        else if (sio__token_is(name, "ip"))
            said.ip = value;
        else if (sio__token_is(name, "id"))
            said.id = value;
        else if (sio__token_is(name, "port"))
            said.port = port_of(value);
        else if (sio__token_is(name, "tls-port"))
            said.tls_port = port_of(value);
        else if (sio__token_is(name, "role"))
            said.is_master = sio__token_is(value, "master");
        else if (sio__token_is(name, "health"))
            said.failed = sio__token_is(value, "fail") || sio__token_is(value, "failed");
    }
    return said;
}

/* The nodes of a shard; *master: the one that has its slots. After a failover the old master
 * may still be called one, too: failed. */
static sio_status read_nodes(struct reading *reading, size_t at, unsigned *master)
{
    size_t end = sio__answer_skip(reading->answer, at);

    *master = SIO__NO_NODE;
    for (at++; at < end; at = sio__answer_skip(reading->answer, at)) {
        struct said said;
        unsigned index;

        if (!is_array(&reading->answer->tokens[at]))
            return SIO_EREDIS;
        said = read_fields(reading, at);
        if (add_node(reading, &said, &index) != SIO_OK)
            return SIO_ENOMEM;
        if (said.is_master && index != SIO__NO_NODE &&
            (*master == SIO__NO_NODE || reading->map->nodes[*master].failed))
            *master = index;
    }
    return SIO_OK;
}

/* ["slots", [first, last, ...], "nodes", [node, ...]] */
static sio_status read_shard(struct reading *reading, size_t at)
{
    const struct sio__token *tokens = reading->answer->tokens;
    size_t end = sio__answer_skip(reading->answer, at), slots = 0;
    unsigned master = SIO__NO_NODE;

    for (at++; at + 1 < end; at = sio__answer_skip(reading->answer, at + 1)) {
        sio_status status = SIO_OK;

        if (!is_array(&tokens[at + 1]))
            continue;
        if (sio__token_is(&tokens[at], "slots"))
            slots = at + 1;
        else if (sio__token_is(&tokens[at], "nodes"))
            status = read_nodes(reading, at + 1, &master);
        if (status != SIO_OK)
            return status;
    }
    if (slots == 0)
        return SIO_EREDIS;
    for (int64_t i = 0; i + 1 < tokens[slots].number; i += 2) {
        const struct sio__token *range = &tokens[slots + 1 + (size_t)i];

        if (!own(reading, sio__token_number(range, SIO__SLOTS - 1),
                 sio__token_number(range + 1, SIO__SLOTS - 1), master))
            return SIO_EREDIS;
    }
    return SIO_OK;
}

/* [endpoint, port, id, [name, value, ...]]; the latter two are left out by old servers. */
static sio_status read_node(struct reading *reading, size_t at, bool is_master, unsigned *index)
{
    const struct sio__token *node = &reading->answer->tokens[at];
    struct said said = {0};

    if (!is_array(node) || node->number < 2)
        return SIO_EREDIS;
    if (node->number > 3 && is_array(&node[4]))
        said = read_fields(reading, at + 4);
    said.endpoint = &node[1];
    said.port = port_of(&node[2]);
    said.is_master = is_master;
    if (node->number > 2)
        said.id = &node[3];
    return add_node(reading, &said, index);
}

/* [first, last, master, replica, ...] */
static sio_status read_range(struct reading *reading, size_t at)
{
    const struct sio__token *range = &reading->answer->tokens[at];
    size_t end = sio__answer_skip(reading->answer, at), node = at + 3;
    unsigned master = SIO__NO_NODE, index;

    if (range->number < 3)
        return SIO_EREDIS;
    for (; node < end; node = sio__answer_skip(reading->answer, node)) {
        sio_status status = read_node(reading, node, node == at + 3, &index);

        if (status != SIO_OK)
            return status;
        if (node == at + 3)
            master = index;
    }
    return own(reading, sio__token_number(range + 1, SIO__SLOTS - 1),
               sio__token_number(range + 2, SIO__SLOTS - 1), master)
               ? SIO_OK
               : SIO_EREDIS;
}

static sio_status read_all(struct reading *reading)
{
    const struct sio__listing *answer = reading->answer;
    sio_status status = SIO_OK;

    if (answer->count == 0 || !is_array(&answer->tokens[0]))
        return SIO_EREDIS;
    for (size_t at = 1; at < answer->count && status == SIO_OK; at = sio__answer_skip(answer, at)) {
        const struct sio__token *token = &answer->tokens[at];

        if (!is_array(token) || token->number < 2)
            return SIO_EREDIS;
        reading->shard++;
        status =
            token[1].type == SIO__TOKEN_INTEGER ? read_range(reading, at) : read_shard(reading, at);
    }
    return status;
}

sio_status sio__slot_map_read(const struct sio__listing *answer, const char *asked, bool tls,
                              struct sio__slot_map **out)
{
    struct reading reading = {answer, asked, tls, sio__slot_map_new(), 0};
    sio_status status = reading.map != NULL ? read_all(&reading) : SIO_ENOMEM;

    *out = NULL;
    if (status != SIO_OK)
        sio__slot_map_free(reading.map);
    else
        *out = reading.map;
    return status;
}

/* -- redirections -- */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* The number up to `end`; -1: none, or more than max. */
static long number_to(const char *at, char end, long max, const char **behind)
{
    char *stop;
    long number;

    if (*at < '0' || *at > '9')
        return -1;
    number = strtol(at, &stop, 10);
    *behind = stop;
    return *stop == end && number <= max ? number : -1;
}

/* "host:port"; an IPv6 address has no brackets, so the last colon is the port's. */
static void read_place(const char *at, const char *asked, struct sio__place *place)
{
    const char *colon = strrchr(at, ':'), *end;
    char host[SIO__HOST_MAX];
    size_t len;
    long port;

    if (colon == NULL || (port = number_to(colon + 1, '\0', UINT16_MAX, &end)) < 0)
        return;
    len = (size_t)(colon - at);
    if (len >= 2 && at[0] == '[' && at[len - 1] == ']') {
        at++;
        len -= 2;
    }
    if (len >= sizeof host || (len == 1 && *at == '?'))
        return;
    memcpy(host, at, len);
    host[len] = '\0';
    if (!sio__place_set(place, len > 0 ? host : asked, port))
        place->port = 0;
}

bool sio__redirect_read(const char *error, const char *asked, struct sio__redirect *redirect)
{
    bool ask = begins(error, "ASK ");
    const char *at;
    long slot;

    if (!ask && !begins(error, "MOVED "))
        return false;
    slot = number_to(error + (ask ? strlen("ASK ") : strlen("MOVED ")), ' ', SIO__SLOTS - 1, &at);
    if (slot < 0)
        return false;
    *redirect = (struct sio__redirect){.ask = ask, .slot = (unsigned)slot};
    read_place(at + 1, asked, &redirect->place);
    return true;
}
