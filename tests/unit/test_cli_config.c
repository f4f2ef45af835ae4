/* SPDX-License-Identifier: MIT */
/* The configuration file of sio-emit: its lines, and what its settings come after. */
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "exit_codes.h"

/* A directory with one file in it, and an environment without a word about Redis. */
struct place {
    char dir[64], path[96];
};

static int set_up(void **state)
{
    static struct place place;
    static const char *const names[] = {"SIO_EMIT_URL",  "REDIS_URL",       "SIO_EMIT_AUTH",
                                        "REDISCLI_AUTH", "XDG_CONFIG_HOME", "HOME"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
    strcpy(place.dir, "/tmp/sio-config-XXXXXX");
    assert_non_null(mkdtemp(place.dir));
    snprintf(place.path, sizeof(place.path), "%s/config", place.dir);
    *state = &place;
    return 0;
}

static int tear_down(void **state)
{
    const struct place *place = *state;

    unlink(place->path);
    return rmdir(place->dir);
}

static void write_file(const struct place *place, const void *text, size_t len)
{
    int fd = open(place->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    assert_int_equal(fchmod(fd, 0600), 0);
    close(fd);
}

/* What a command line with --config comes to. */
static int load(struct options *opts, const struct place *place, const char *const *words)
{
    static char argv_text[16][128];
    char *argv[20];
    int argc = 0;

    argv[argc++] = strcpy(argv_text[0], "sio-emit");
    for (; *words != NULL; words++, argc++)
        argv[argc] = strcpy(argv_text[argc], *words);
    argv[argc++] = strcpy(argv_text[14], "--config");
    argv[argc++] = strcpy(argv_text[15], place->path);
    argv[argc] = NULL;
    options_init(opts);
    int code = options_parse(opts, argc, argv);
    return code == EXIT_ACCEPTED ? config_read(opts) : code;
}

#define LOAD(opts, place, ...) load((opts), (place), (const char *const[]){"ev", __VA_ARGS__, NULL})

static void expect_refused(const struct place *place, const void *text, size_t len)
{
    struct options opts;

    write_file(place, text, len);
    assert_int_equal(LOAD(&opts, place, "x"), EXIT_USAGE);
    options_fini(&opts);
}

#define REFUSED(place, text) expect_refused((place), (text), sizeof(text) - 1)
#define WRITE(place, text)   write_file((place), (text), sizeof(text) - 1)

static void settings_are_stored(void **state)
{
    struct options opts;

    WRITE(*state, "# where Redis is\n\n"
                  "host = redis.internal\r\n"
                  "\tport=7000 \n"
                  "  # indented\n"
                  "namespace = /a#b = c\n"
                  "client-name = \" a \\\"b\\\" \\\\ # \"\n"
                  "timeout-connect = 0.25\n"
                  "ipv4 = no\n"
                  "ipv6 = yes\n"
                  "max-line = 100\n"
                  "user = alice\n"
                  "pass = s3cr#t x"); /* no newline at the end */
    assert_int_equal(LOAD(&opts, *state, "x"), EXIT_ACCEPTED);
    assert_string_equal(opts.host, "redis.internal");
    assert_int_equal(opts.port, 7000);
    assert_string_equal(opts.nsp, "/a#b = c");
    assert_string_equal(opts.client_name, " a \"b\" \\ # ");
    assert_int_equal(opts.connect_timeout, 250);
    assert_int_equal(opts.family, 2);
    assert_int_equal(opts.max_line, 100);
    assert_string_equal(opts.user, "alice");
    assert_string_equal(opts.password, "s3cr#t x");
    assert_int_equal(options_check(&opts), EXIT_ACCEPTED);
    options_fini(&opts);
}

static void malformed_lines_are_refused(void **state)
{
    REFUSED(*state, "host\n");
    REFUSED(*state, "= x\n");
    REFUSED(*state, "host =\n");
    REFUSED(*state, "host = \"\"\n");
    REFUSED(*state, "nosuch = 1\n");
    REFUSED(*state, "HOST = a\n");
    REFUSED(*state, "host = a\nhost = b\n");
    REFUSED(*state, "of = a\nnamespace = b\n"); /* two names of one setting */
    REFUSED(*state, "port = 65536\n");
    REFUSED(*state, "port = 1 # one\n"); /* there are no comments behind a value */
    REFUSED(*state, "ipv4 = 1\n");
    REFUSED(*state, "client-name = \"a\n");
    REFUSED(*state, "client-name = \"a\"b\n");
    REFUSED(*state, "client-name = \"a\\n\"\n");
    REFUSED(*state, "client-name = \"\\\n");
    REFUSED(*state, "host = a\0b\n");
    REFUSED(*state, "to = room\n"); /* what one call sends is not a setting */
    REFUSED(*state, "lines = yes\n");
    REFUSED(*state, "askpass = yes\n");
}

static void contradictions_are_refused(void **state)
{
    REFUSED(*state, "url = redis://a\nhost = b\n");
    REFUSED(*state, "socket = /s\nport = 1\n");
    REFUSED(*state, "pass = a\npass-file = b\n");
}

static void a_file_has_a_bound(void **state)
{
    static char text[(64 << 10) + 1];

    memset(text, '\n', sizeof(text));
    expect_refused(*state, text, sizeof(text));
}

static void options_come_first(void **state)
{
    struct options opts;

    WRITE(*state, "port = 7000\nuser = u\npass = p\nof = /n\nipv6 = yes\ntimeout = 9\n");
    assert_int_equal(LOAD(&opts, *state, "--of", "/m", "--ipv4", "--timeout", "2"), EXIT_ACCEPTED);
    assert_string_equal(opts.nsp, "/m");
    assert_int_equal(opts.family, 1);
    assert_int_equal(opts.answer_timeout, 2000);
    assert_int_equal(opts.port, 7000);
    assert_string_equal(opts.password, "p");
    options_fini(&opts);
}

/* -h with the file's port would be neither the one server nor the other. */
static void the_address_is_one_setting(void **state)
{
    struct options opts;

    WRITE(*state, "port = 7000\ndb = 3\nuser = u\npass = p\nof = /n\n");
    assert_int_equal(LOAD(&opts, *state, "-h", "other"), EXIT_ACCEPTED);
    assert_string_equal(opts.host, "other");
    assert_int_equal(opts.port, -1);
    assert_int_equal(opts.db, -1);
    assert_null(opts.user); /* another server's */
    assert_null(opts.password);
    assert_string_equal(opts.nsp, "/n");
    options_fini(&opts);

    setenv("SIO_EMIT_URL", "redis://env", 1);
    assert_int_equal(LOAD(&opts, *state, "x"), EXIT_ACCEPTED);
    assert_int_equal(opts.port, -1);
    assert_null(opts.password);
    options_fini(&opts);
}

/* A file without an address serves any. */
static void a_password_alone_goes_with_any_address(void **state)
{
    struct options opts;

    WRITE(*state, "user = u\npass = p\n");
    assert_int_equal(LOAD(&opts, *state, "-h", "other"), EXIT_ACCEPTED);
    assert_string_equal(opts.user, "u");
    assert_string_equal(opts.password, "p");
    options_fini(&opts);
    assert_int_equal(LOAD(&opts, *state, "-u", "redis://me:mine@other"), EXIT_ACCEPTED);
    assert_null(opts.user);
    assert_null(opts.password);
    options_fini(&opts);
    assert_int_equal(LOAD(&opts, *state, "--user", "bob"), EXIT_ACCEPTED);
    assert_string_equal(opts.user, "bob");
    assert_null(opts.password); /* it is not bob's */
    options_fini(&opts);
    assert_int_equal(LOAD(&opts, *state, "-a", "q"), EXIT_ACCEPTED);
    assert_string_equal(opts.user, "u");
    assert_string_equal(opts.password, "q");
    options_fini(&opts);
    assert_int_equal(LOAD(&opts, *state, "--pass-file", "/f"), EXIT_ACCEPTED);
    assert_null(opts.password);
    assert_string_equal(opts.pass_file, "/f");
    options_fini(&opts);
}

static void the_environment_comes_before_the_file(void **state)
{
    struct options opts;

    setenv("REDISCLI_AUTH", "env", 1);
    WRITE(*state, "user = u\npass = p\n");
    assert_int_equal(LOAD(&opts, *state, "x"), EXIT_ACCEPTED);
    assert_string_equal(opts.user, "u");
    assert_null(opts.password);
    options_fini(&opts);
    WRITE(*state, "url = redis://u:p@host\n");
    assert_int_equal(LOAD(&opts, *state, "x"), EXIT_ACCEPTED);
    assert_string_equal(opts.url, "redis://u:p@host");
    assert_string_equal(opts.password, "env");
    options_fini(&opts);
}

static void passwords_need_a_private_file(void **state)
{
    static const mode_t open_to_others[] = {0640, 0620, 0604, 0602, 0666};
    const struct place *place = *state;
    struct options opts;

    for (size_t i = 0; i < sizeof(open_to_others) / sizeof(open_to_others[0]); i++) {
        WRITE(place, "pass = p\n");
        assert_int_equal(chmod(place->path, open_to_others[i]), 0);
        assert_int_equal(LOAD(&opts, place, "x"), EXIT_USAGE);
        options_fini(&opts);
        WRITE(place, "url = redis://:p@host\n");
        assert_int_equal(chmod(place->path, open_to_others[i]), 0);
        assert_int_equal(LOAD(&opts, place, "x"), EXIT_USAGE);
        options_fini(&opts);
        WRITE(place, "url = redis://host\npass-file = /f\n");
        assert_int_equal(chmod(place->path, open_to_others[i]), 0);
        assert_int_equal(LOAD(&opts, place, "x"), EXIT_ACCEPTED);
        options_fini(&opts);
    }
    WRITE(place, "pass = p\n");
    assert_int_equal(chmod(place->path, 0400), 0);
    assert_int_equal(LOAD(&opts, place, "x"), EXIT_ACCEPTED);
    options_fini(&opts);
}

static void a_missing_file_that_was_named_is_refused(void **state)
{
    struct options opts;

    assert_int_equal(LOAD(&opts, *state, "x"), EXIT_USAGE);
    options_fini(&opts);
}

/* Every setting can be set, and nothing else. */
static void the_table_says_what_a_setting_is(void **state)
{
    char line[128];

    for (size_t i = 0; i < option_count; i++) {
        const struct option_spec *spec = &option_table[i];
        bool setting = (spec->traits & OPTION_IN_CONFIG) != 0;
        struct options opts;
        int n =
            snprintf(line, sizeof(line), "%s = %s\n", spec->name, spec->arg == NULL ? "yes" : "1");

        assert_true(option_count <= OPTION_MAX);
        write_file(*state, line, (size_t)n);
        assert_int_equal(LOAD(&opts, *state, "x"), setting ? EXIT_ACCEPTED : EXIT_USAGE);
        options_fini(&opts);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(settings_are_stored, set_up, tear_down),
    cmocka_unit_test_setup_teardown(malformed_lines_are_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(contradictions_are_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_file_has_a_bound, set_up, tear_down),
    cmocka_unit_test_setup_teardown(options_come_first, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_address_is_one_setting, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_password_alone_goes_with_any_address, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_environment_comes_before_the_file, set_up, tear_down),
    cmocka_unit_test_setup_teardown(passwords_need_a_private_file, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_missing_file_that_was_named_is_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_table_says_what_a_setting_is, set_up, tear_down),
};

SIO_TEST_MAIN(tests)
