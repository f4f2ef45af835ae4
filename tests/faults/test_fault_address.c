/* SPDX-License-Identifier: MIT */
/* Addresses of every kind (row 45) and URLs (row 46), through the public calls. */
#include "ledger.h"

#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <net/if.h>

/* -- 45: addresses -- */

static int port_of(const struct redis_fixture *redis)
{
    int port = 0;

    assert_int_equal(sscanf(redis_fixture_url(redis), "redis://127.0.0.1:%d", &port), 1);
    return port;
}

/* Ten emits to the URL, all accepted. */
static void reaches(enum client_mode mode, const char *url, sio_link_family family)
{
    struct ledger l;
    sio_link_opts opts;

    ledger_init(&l, mode, &opts, url, 10);
    opts.family = family;
    ledger_open(&l, &opts);
    ledger_run_to(&l, 10, 10);
    assert_int_equal(ledger_count(&l, SIO_OK), 10);
    ledger_end(&l);
}

/* It cannot be reached, and the text says why: one of two words. */
static void misses(enum client_mode mode, const char *url, sio_link_family family, const char *word,
                   const char *other)
{
    struct client client;
    sio_link_opts opts;

    client_init(&client, mode, &opts, url);
    opts.family = family;
    client_open(&client, &opts);
    CLIENT_WAIT(&client, client.downs > 0);
    pthread_mutex_lock(&client.lock);
    assert_int_equal(client.last_down, SIO_ECONN);
    if (strstr(client.down_text, word) == NULL && strstr(client.down_text, other) == NULL)
        fail_msg("%s: %s", url, client.down_text);
    pthread_mutex_unlock(&client.lock);
    client_free(&client);
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&loopback, sizeof loopback) == 0;

    if (fd >= 0)
        close(fd);
    return has;
}

static void fault_45_ipv4_and_ipv6(enum client_mode mode)
{
    static const struct {
        const char *form;
        sio_link_family family;
    } good[] = {
        {"redis://127.0.0.1:%d", SIO_FAMILY_ANY},  {"redis://localhost:%d", SIO_FAMILY_ANY},
        {"redis://localhost:%d", SIO_FAMILY_IPV4}, {"valkey://127.0.0.1:%d/3", SIO_FAMILY_IPV4},
        {"redis://[::1]:%d", SIO_FAMILY_ANY},      {"redis://[::1]:%d", SIO_FAMILY_IPV6}};
    struct redis_fixture *redis = redis_fixture_new(REDIS_TCP, NULL);
    char url[64];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (strchr(good[i].form, '[') != NULL && !has_ipv6())
            continue;
        snprintf(url, sizeof url, good[i].form, port_of(redis));
        reaches(mode, url, good[i].family);
    }
    snprintf(url, sizeof url, "redis://[::1]:%d", port_of(redis));
    misses(mode, url, SIO_FAMILY_IPV4, "cannot resolve ::1", "cannot resolve ::1");
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", port_of(redis));
    misses(mode, url, SIO_FAMILY_IPV6, "cannot resolve 127.0.0.1", "cannot resolve 127.0.0.1");
    redis_fixture_free(redis);
    misses(mode, "redis://127.0.0.1:1", SIO_FAMILY_ANY, "Connection refused", "refused");
    misses(mode, "redis://[::1]:1", SIO_FAMILY_ANY, "[::1]:1", "::1"); /* without IPv6, too */
    misses(mode, "redis://no-such-host.invalid", SIO_FAMILY_ANY,
           "cannot resolve no-such-host.invalid", "no-such-host");
}

/* Redis listens on ::1 alone: the name's IPv4 address, tried first or second, refuses. */
static void fault_45_ipv6_only(enum client_mode mode)
{
    static const char *const args[] = {"--bind", "::1", NULL};
    struct redis_fixture *redis;
    char url[64];

    if (!has_ipv6())
        SIO_SKIP("no IPv6 here");
    redis = redis_fixture_new(REDIS_TCP, args);
    snprintf(url, sizeof url, "redis://[::1]:%d", port_of(redis));
    reaches(mode, url, SIO_FAMILY_ANY);
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", port_of(redis));
    misses(mode, url, SIO_FAMILY_ANY, "Connection refused", "refused");
    redis_fixture_free(redis);
}

/* struct in6_ifreq of <linux/ipv6.h>, which cannot stand beside <netinet/in.h>. */
struct address_request {
    struct in6_addr address;
    uint32_t prefix;
    int index;
};

/* fe80::1 on the loopback of a network of our own. */
static void make_link_local(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    struct address_request address = {.prefix = 64};
    int fd;

    if (unshare(CLONE_NEWNET) < 0)
        SIO_SKIP("not allowed to make a network namespace");
    fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        SIO_SKIP("no IPv6 here");
    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
    address.index = (int)if_nametoindex("lo");
    address.address = (struct in6_addr){.s6_addr = {0xfe, 0x80, [15] = 1}};
    if (ioctl(fd, SIOCSIFADDR, &address) < 0)
        SIO_SKIP("cannot give the loopback a link-local address");
    close(fd);
}

static bool is_ready(const char *address)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6,
                              .sin6_scope_id = if_nametoindex("lo"),
                              .sin6_addr = {.s6_addr = {0xfe, 0x80, [15] = 1}}};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ready = bind(fd, (struct sockaddr *)&at, sizeof at) == 0; /* no more "tentative" */

    (void)address;
    close(fd);
    return ready;
}

static void fault_45_an_address_with_a_scope(enum client_mode mode)
{
    static const char *const args[] = {"--bind", "fe80::1%lo", "--protected-mode", "no", NULL};
    struct redis_fixture *redis;
    char url[64];

    make_link_local();
    FIXTURE_WAIT(is_ready("fe80::1"));
    redis = redis_fixture_new(REDIS_TCP, args);
    snprintf(url, sizeof url, "redis://[fe80::1%%25lo]:%d", port_of(redis));
    reaches(mode, url, SIO_FAMILY_ANY);
    snprintf(url, sizeof url, "redis://[fe80::1%%25nolink]:%d", port_of(redis));
    misses(mode, url, SIO_FAMILY_ANY, "cannot resolve fe80::1%nolink", "fe80::1");
    redis_fixture_free(redis);
}

/* -- 45: unix sockets -- */

static void fault_45_unix_sockets(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    const char *path = redis_fixture_url(redis) + strlen("unix://");
    struct sockaddr_un most;
    char dir[] = "/tmp/sio-path-XXXXXX", url[400], err[256];
    sio_link_opts opts;
    sio_link *link;

    snprintf(url, sizeof url, "unix://%s?db=2", path);
    reaches(mode, url, SIO_FAMILY_ANY);
    misses(mode, "unix:///nonexistent/socket", SIO_FAMILY_ANY, "No such file", "file");
    misses(mode, "unix:///dev/null", SIO_FAMILY_ANY, "Connection refused", "refused");
    assert_non_null(mkdtemp(dir));
    /* The longest path, and a blank in it: a link to the socket. */
    memset(most.sun_path, 0, sizeof most.sun_path);
    snprintf(most.sun_path, sizeof most.sun_path, "%s/a b", dir);
    memset(most.sun_path + strlen(most.sun_path), 'x', 107 - strlen(most.sun_path));
    assert_int_equal(symlink(path, most.sun_path), 0);
    snprintf(url, sizeof url, "unix://%s/a%%20b%s", dir, most.sun_path + strlen(dir) + 4);
    reaches(mode, url, SIO_FAMILY_ANY);
    unlink(most.sun_path);
    rmdir(dir);
    strcat(url, "x");
    sio_link_opts_init(&opts);
    opts.url = url;
    assert_int_equal(sio_link_new(&opts, &link, err, sizeof err), SIO_EINVAL);
    assert_null(link);
    assert_non_null(strstr(err, "107"));
    redis_fixture_free(redis);
}

static void fault_45_a_socket_without_permission(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    const char *path = redis_fixture_url(redis) + strlen("unix://");
    bool root = geteuid() == 0;

    assert_int_equal(chmod(path, 0), 0);
    if (root) /* whom no permission stops */
        assert_int_equal(seteuid(65534), 0);
    misses(mode, redis_fixture_url(redis), SIO_FAMILY_ANY, "Permission denied", "denied");
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(path, 0700), 0);
    reaches(mode, redis_fixture_url(redis), SIO_FAMILY_ANY);
    redis_fixture_free(redis);
}

/* A unix socket whose backlog is full refuses at once (EAGAIN; there is nothing to wait for
 * then), and is tried again as one that is not there. */
static void fault_45_a_full_backlog(enum client_mode mode)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char dir[] = "/tmp/sio-path-XXXXXX", url[160];
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), link = -1;
    struct client client;
    sio_link_opts opts;

    assert_non_null(mkdtemp(dir));
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", dir);
    assert_int_equal(bind(server, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server, 0), 0);
    assert_int_equal(connect(other, (struct sockaddr *)&address, sizeof address), 0);
    snprintf(url, sizeof url, "unix://%s", address.sun_path);
    client_init(&client, mode, &opts, url);
    opts.close_timeout_ms = 0;
    client_open(&client, &opts);
    CLIENT_WAIT(&client, client.downs >= 2);
    assert_int_equal(client.last_down, SIO_ECONN);
    assert_true(ledger_says(&client, strerror(EAGAIN)));
    assert_true(close(accept(server, NULL, NULL)) == 0); /* there is room again */
    CLIENT_WAIT(&client, (link = accept(server, NULL, NULL)) >= 0);
    client_free(&client);
    close(link);
    close(other);
    close(server);
    unlink(address.sun_path);
    rmdir(dir);
}

/* -- 46: URLs -- */

static void fault_46_refused_urls_say_where_and_show_no_secret(void **state)
{
    static const struct {
        const char *url;
        size_t at;
        const char *word;
    } bad[] = {
        {"", 0, "start with"},
        {"127.0.0.1:6379", 0, "start with"},
        {"http://h", 0, "start with"},
        {"redis://h:65536", 10, "port"},
        {"redis://h:6379x", 10, "port"},
        {"redis://h:-1", 10, "port"},
        {"redis://:secret@h:port", 18, "port"},
        {"redis://h/x", 10, "database"},
        {"redis://:secret@h/x", 18, "database"},
        {"redis://:sec/ret@h", 12, "%2F"},
        {"redis://:sec@ret@h", 12, "%40"},
        {"redis://u:secret%@h", 16, "hexadecimal"},
        {"redis://u:secret%zz@h", 16, "hexadecimal"},
        {"redis://u:secret%00@h", 16, "hexadecimal"},
        {"redis://::1", 8, "brackets"},
        {"redis://[::1", 8, "'['"},
        {"redis://h?secret=1", 10, "query"},
        {"redis://:sec?ret@h", 12, "%3F"},
        {"redis://:sec#ret@h", 12, "%23"},
        {"redis://h,secret", 9, "more than one host"},
        {"redis-sentinel://:secret@h", 26, "master=NAME"},
        {"redis-sentinel://h?master=m&sentinel_password=secret@", 18, "%40"},
        {"redis-sentinel://h?master=m&sentinel_user=secret", 48, "sentinel_password"},
        {"redis-sentinel://a,b:secret?master=m", 21, "port"},
        {"redis-cluster://:secret@a,,b", 26, "missing"},
        {"redis-cluster://:secret@a/1", 26, "no database but 0"},
        {"unix://run/s", 7, "'/'"},
        {"unix://:secret@/s?db=x", 21, "database"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sio_link *link = (sio_link *)1;
        char err[200], at[32];
        sio_link_opts opts;

        sio_link_opts_init(&opts);
        opts.url = bad[i].url;
        if (sio_link_new(&opts, &link, err, sizeof err) != SIO_EINVAL)
            fail_msg("accepted: %s", bad[i].url);
        assert_null(link);
        snprintf(at, sizeof at, "(at byte %zu)", bad[i].at);
        if (strstr(err, at) == NULL || strstr(err, bad[i].word) == NULL)
            fail_msg("%s: %s", bad[i].url, err);
        assert_null(strstr(err, "sec"));
        assert_null(strstr(err, "ret"));
        assert_int_equal(sio_link_new(&opts, &link, NULL, 0), SIO_EINVAL);
    }
}

/* A password of everything that means something in a URL; and as redis-cli has it, user
 * information without a colon is a password. */
static void fault_46_passwords_of_any_bytes(enum client_mode mode)
{
    static const char *const args[] = {"--requirepass", "@:/%?#[] \"\xc3\xa9", NULL};
    static const char *const forms[] = {
        "redis://:%%40%%3A%%2f%%25%%3F%%23%%5B%%5D%%20%%22%%c3%%a9@127.0.0.1:%d",
        "redis://%%40%%3A%%2f%%25%%3F%%23[]%%20%%22\xc3\xa9@127.0.0.1:%d/1",
        "redis://default:%%40:%%2f%%25%%3F%%23[] %%22\xc3\xa9@127.0.0.1:%d/"};
    struct redis_fixture *redis = redis_fixture_new(REDIS_TCP, args);
    char url[160];

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        snprintf(url, sizeof url, forms[i], port_of(redis));
        reaches(mode, url, SIO_FAMILY_ANY);
    }
    redis_fixture_free(redis);
}

IN_BOTH_MODES(fault_45_ipv4_and_ipv6)
IN_BOTH_MODES(fault_45_ipv6_only)
IN_BOTH_MODES(fault_45_an_address_with_a_scope)
IN_BOTH_MODES(fault_45_unix_sockets)
IN_BOTH_MODES(fault_45_a_socket_without_permission)
IN_BOTH_MODES(fault_45_a_full_backlog)
IN_BOTH_MODES(fault_46_passwords_of_any_bytes)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(fault_45_ipv4_and_ipv6_thread, turns_check),
    cmocka_unit_test_teardown(fault_45_ipv4_and_ipv6_loop, turns_check),
    cmocka_unit_test_teardown(fault_45_ipv6_only_thread, turns_check),
    cmocka_unit_test_teardown(fault_45_ipv6_only_loop, turns_check),
    cmocka_unit_test_teardown(fault_45_an_address_with_a_scope_thread, turns_check),
    cmocka_unit_test_teardown(fault_45_an_address_with_a_scope_loop, turns_check),
    cmocka_unit_test_teardown(fault_45_unix_sockets_thread, turns_check),
    cmocka_unit_test_teardown(fault_45_unix_sockets_loop, turns_check),
    cmocka_unit_test_teardown(fault_45_a_socket_without_permission_thread, turns_check),
    cmocka_unit_test_teardown(fault_45_a_socket_without_permission_loop, turns_check),
    cmocka_unit_test_teardown(fault_45_a_full_backlog_thread, turns_check),
    cmocka_unit_test_teardown(fault_45_a_full_backlog_loop, turns_check),
    cmocka_unit_test_teardown(fault_46_refused_urls_say_where_and_show_no_secret, turns_check),
    cmocka_unit_test_teardown(fault_46_passwords_of_any_bytes_thread, turns_check),
    cmocka_unit_test_teardown(fault_46_passwords_of_any_bytes_loop, turns_check),
};

SIO_TEST_MAIN(tests)
