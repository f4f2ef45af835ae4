/* SPDX-License-Identifier: MIT */
/* Names (row 44): getaddrinfo() is replaced by one that does as a test says. */
#include "ledger.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy.h"

static const char name[] = "redis.test";

/* What the resolver answers for the name. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int code;                  /* an EAI_ number, or 0 and: */
    const char *addresses[20]; /* numeric; NULL at the end */
    bool blocks;
    int asked;
} dns = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* Only literal addresses are known; glibc frees a list entry by entry. */
static struct addrinfo *numeric(const char *text, const char *port)
{
    struct addrinfo *info = calloc(1, sizeof *info + sizeof(struct sockaddr_in6));
    struct sockaddr_in *v4;
    struct sockaddr_in6 *v6;

    info->ai_addr = (struct sockaddr *)(info + 1);
    info->ai_socktype = SOCK_STREAM;
    info->ai_family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
    info->ai_addr->sa_family = (sa_family_t)info->ai_family;
    if (info->ai_family == AF_INET6) {
        v6 = (struct sockaddr_in6 *)(void *)info->ai_addr;
        info->ai_addrlen = sizeof *v6;
        v6->sin6_port = htons((uint16_t)atoi(port));
        assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
    } else {
        v4 = (struct sockaddr_in *)(void *)info->ai_addr;
        info->ai_addrlen = sizeof *v4;
        v4->sin_port = htons((uint16_t)atoi(port));
        assert_int_equal(inet_pton(AF_INET, text, &v4->sin_addr), 1);
    }
    return info;
}

SIO_API int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                        struct addrinfo **list)
{
    struct addrinfo **last = list;
    int code;

    *list = NULL;
    if (hints->ai_flags & AI_NUMERICHOST) {
        if (strcmp(host, name) == 0)
            return EAI_NONAME;
        *list = numeric(host, port);
        return 0;
    }
    pthread_mutex_lock(&dns.lock);
    dns.asked++;
    pthread_cond_broadcast(&dns.changed);
    while (dns.blocks)
        pthread_cond_wait(&dns.changed, &dns.lock);
    code = dns.code;
    for (size_t i = 0; code == 0 && dns.addresses[i] != NULL; i++) {
        *last = numeric(dns.addresses[i], port);
        last = &(*last)->ai_next;
    }
    pthread_mutex_unlock(&dns.lock);
    return code;
}

SIO_API void freeaddrinfo(struct addrinfo *list)
{
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;

        free(list);
        list = next;
    }
}

static void answer(int code, const char *const *addresses)
{
    pthread_mutex_lock(&dns.lock);
    dns.code = code;
    dns.blocks = false;
    memset(dns.addresses, 0, sizeof dns.addresses);
    for (size_t i = 0; addresses != NULL && addresses[i] != NULL; i++)
        dns.addresses[i] = addresses[i];
    pthread_cond_broadcast(&dns.changed);
    pthread_mutex_unlock(&dns.lock);
}

static void block(void)
{
    pthread_mutex_lock(&dns.lock);
    dns.blocks = true;
    pthread_mutex_unlock(&dns.lock);
}

static int asked(void)
{
    int n;

    pthread_mutex_lock(&dns.lock);
    n = dns.asked;
    pthread_mutex_unlock(&dns.lock);
    return n;
}

static int port_of(const char *url)
{
    int port = 0;

    assert_int_equal(sscanf(url, "redis://127.0.0.1:%d", &port), 1);
    return port;
}

struct scene {
    struct redis_fixture *redis;
    struct proxy *proxy; /* on 127.0.0.1 alone */
    struct ledger l;
};

static void begin(struct scene *s, enum client_mode mode, sio_link_opts *opts)
{
    static char url[64];

    s->redis = redis_fixture_new(REDIS_UNIX, NULL);
    s->proxy = proxy_new(redis_fixture_url(s->redis));
    snprintf(url, sizeof url, "redis://%s:%d", name, port_of(proxy_url(s->proxy)));
    ledger_init(&s->l, mode, opts, url, 1000);
}

static void end(struct scene *s, int emits)
{
    ledger_run_to(&s->l, emits, emits);
    assert_int_equal(ledger_count(&s->l, SIO_OK), emits);
    ledger_end(&s->l);
    proxy_free(s->proxy);
    redis_fixture_free(s->redis);
}

static const char *const here[] = {"127.0.0.1", NULL};

static void unknown_then_known(enum client_mode mode, int code, const char *word)
{
    struct scene s;
    sio_link_opts opts;

    answer(code, NULL);
    begin(&s, mode, &opts);
    ledger_open(&s.l, &opts);
    CLIENT_WAIT(&s.l.client, s.l.client.downs >= 3);
    assert_true(asked() >= 3); /* afresh for each attempt */
    assert_true(ledger_says(&s.l.client, "cannot resolve redis.test"));
    assert_true(ledger_says(&s.l.client, word));
    answer(0, here);
    end(&s, 10);
}

static void fault_44_nxdomain(enum client_mode mode)
{
    unknown_then_known(mode, EAI_NONAME, "Name or service not known");
}

static void fault_44_servfail(enum client_mode mode)
{
    unknown_then_known(mode, EAI_AGAIN, "Temporary failure");
}

static void fault_44_a_resolver_that_hangs(enum client_mode mode)
{
    struct scene s;
    sio_link_opts opts;
    int64_t begun;

    answer(0, here);
    block();
    begin(&s, mode, &opts);
    opts.connect_timeout_ms = 200;
    ledger_open(&s.l, &opts);
    begun = fixture_now_ms();
    CLIENT_WAIT(&s.l.client, s.l.client.downs == 1);
    assert_true(fixture_now_ms() - begun < 200 + LATE_MS * slowness());
    CLIENT_WAIT(&s.l.client, s.l.client.downs >= 7); /* more attempts than helper threads */
    assert_true(asked() <= 4);
    answer(0, here);
    end(&s, 10);
}

/* Freeing does not wait for it. */
static void fault_44_freed_while_the_resolver_hangs(enum client_mode mode)
{
    int64_t begun;
    struct scene s;
    sio_link_opts opts;

    answer(0, here);
    block();
    begin(&s, mode, &opts);
    ledger_open(&s.l, &opts);
    ledger_emit_to(&s.l, 10);
    CLIENT_WAIT(&s.l.client, asked() == 1);
    begun = fixture_now_ms();
    ledger_close(&s.l);
    assert_true(fixture_now_ms() - begun < LATE_MS * slowness());
    assert_int_equal(ledger_count(&s.l, SIO_ECLOSED), 10);
    ledger_balance(&s.l);
    answer(EAI_NONAME, NULL);
    ledger_fini(&s.l);
    proxy_free(s.proxy);
    redis_fixture_free(s.redis);
}

/* -- dead addresses: the next one's turn comes 250 ms later -- */

/* A listener whose queue is full, so that connections to it neither succeed nor fail. */
struct dead {
    int listener, fillers[4];
};

static void dead_begin(struct dead *dead, const char *address, int port)
{
    struct addrinfo *info;
    char text[8];

    snprintf(text, sizeof text, "%d", port);
    info = numeric(address, text);
    dead->listener = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (dead->listener < 0 || bind(dead->listener, info->ai_addr, info->ai_addrlen) < 0)
        SIO_SKIP("an address of the loopback is missing");
    assert_int_equal(listen(dead->listener, 0), 0);
    for (int i = 0; i < 4; i++) {
        dead->fillers[i] = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(dead->fillers[i], info->ai_addr, info->ai_addrlen);
    }
    freeaddrinfo(info);
}

static void dead_end(struct dead *dead)
{
    for (int i = 0; i < 4; i++)
        close(dead->fillers[i]);
    close(dead->listener);
}

static void fault_44_a_dead_ipv6_address(enum client_mode mode)
{
    static const char *const both[] = {"::1", "127.0.0.1", NULL};
    struct dead dead;
    struct scene s;
    sio_link_opts opts;
    int64_t begun;

    answer(0, both);
    begin(&s, mode, &opts);
    dead_begin(&dead, "::1", port_of(proxy_url(s.proxy)));
    begun = fixture_now_ms();
    ledger_open(&s.l, &opts);
    CLIENT_WAIT(&s.l.client, client_up(&s.l.client));
    assert_true(fixture_now_ms() - begun >= 200);
    assert_true(fixture_now_ms() - begun < 250 + LATE_MS * slowness());
    assert_int_equal(s.l.client.downs, 0);
    end(&s, 10);
    dead_end(&dead);
}

/* Those that refuse are passed over at once, the families in turn. */
static void fault_44_sixteen_addresses(enum client_mode mode)
{
    static const char *const many[] = {
        "127.0.0.2",  "127.0.0.3",  "127.0.0.4",  "127.0.0.5",  "127.0.0.6",  "127.0.0.7",
        "127.0.0.8",  "127.0.0.9",  "127.0.0.10", "127.0.0.11", "127.0.0.12", "127.0.0.13",
        "127.0.0.14", "127.0.0.15", "127.0.0.16", "127.0.0.1",  NULL};
    struct scene s;
    sio_link_opts opts;
    int64_t begun;

    answer(0, many);
    begin(&s, mode, &opts);
    begun = fixture_now_ms();
    ledger_open(&s.l, &opts);
    CLIENT_WAIT(&s.l.client, client_up(&s.l.client));
    assert_true(fixture_now_ms() - begun < LATE_MS * slowness()); /* 250 ms each: 3.75 s */
    assert_int_equal(s.l.client.downs, 0);
    end(&s, 10);
}

/* -- the address changes: it is asked for at each attempt -- */

static void fault_44_the_address_changes(enum client_mode mode)
{
    static const char *const elsewhere[] = {"127.0.0.2", NULL};
    struct scene s;
    sio_link_opts opts;

    answer(0, elsewhere); /* where nothing listens */
    begin(&s, mode, &opts);
    ledger_open(&s.l, &opts);
    CLIENT_WAIT(&s.l.client, s.l.client.downs >= 2);
    assert_true(ledger_says(&s.l.client, "redis.test (127.0.0.2:"));
    answer(0, here);
    ledger_run_to(&s.l, 10, 10);
    answer(0, elsewhere);
    redis_fixture_command(s.redis, "CLIENT KILL TYPE normal SKIPME yes");
    CLIENT_WAIT(&s.l.client, client_stats(&s.l.client).disconnects == 1);
    CLIENT_WAIT(&s.l.client, ledger_says(&s.l.client, "127.0.0.2"));
    answer(0, here);
    end(&s, 20);
}

IN_BOTH_MODES(fault_44_nxdomain)
IN_BOTH_MODES(fault_44_servfail)
IN_BOTH_MODES(fault_44_a_resolver_that_hangs)
IN_BOTH_MODES(fault_44_freed_while_the_resolver_hangs)
IN_BOTH_MODES(fault_44_a_dead_ipv6_address)
IN_BOTH_MODES(fault_44_sixteen_addresses)
IN_BOTH_MODES(fault_44_the_address_changes)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(fault_44_nxdomain_thread, turns_check),
    cmocka_unit_test_teardown(fault_44_nxdomain_loop, turns_check),
    cmocka_unit_test_teardown(fault_44_servfail_thread, turns_check),
    cmocka_unit_test_teardown(fault_44_servfail_loop, turns_check),
    cmocka_unit_test_teardown(fault_44_a_resolver_that_hangs_thread, turns_check),
    cmocka_unit_test_teardown(fault_44_a_resolver_that_hangs_loop, turns_check),
    cmocka_unit_test_teardown(fault_44_freed_while_the_resolver_hangs_thread, turns_check),
    cmocka_unit_test_teardown(fault_44_freed_while_the_resolver_hangs_loop, turns_check),
    cmocka_unit_test_teardown(fault_44_a_dead_ipv6_address_thread, turns_check),
    cmocka_unit_test_teardown(fault_44_a_dead_ipv6_address_loop, turns_check),
    cmocka_unit_test_teardown(fault_44_sixteen_addresses_thread, turns_check),
    cmocka_unit_test_teardown(fault_44_sixteen_addresses_loop, turns_check),
    cmocka_unit_test_teardown(fault_44_the_address_changes_thread, turns_check),
    cmocka_unit_test_teardown(fault_44_the_address_changes_loop, turns_check),
};

SIO_TEST_MAIN(tests)
