/* SPDX-License-Identifier: MIT */
/* sio-emit's option table and the parser that it drives. */
#include "unit.h"

#include "exit_codes.h"
#include "options.h"

#define MAX_WORDS 32

/* A command line in memory that can be written, as a program's is. */
struct command {
    char *argv[MAX_WORDS + 1];
    int argc;
    struct options opts;
    int code;
};

static void parse(struct command *command, const char *const *words)
{
    memset(command, 0, sizeof(*command));
    command->argv[command->argc++] = strdup("sio-emit");
    for (; *words != NULL && command->argc < MAX_WORDS; words++)
        command->argv[command->argc++] = strdup(*words);
    options_init(&command->opts);
    command->code = options_parse(&command->opts, command->argc, command->argv);
    if (command->code == EXIT_ACCEPTED && !command->opts.help)
        command->code = options_check(&command->opts);
}

static void done(struct command *command)
{
    options_fini(&command->opts);
    for (int i = 0; i < command->argc; i++)
        free(command->argv[i]);
}

#define PARSE(command, ...) parse((command), (const char *const[]){__VA_ARGS__, NULL})

static void expect_refused(const char *const *words)
{
    struct command command;

    parse(&command, words);
    assert_int_equal(command.code, EXIT_USAGE);
    done(&command);
}

#define REFUSED(...) expect_refused((const char *const[]){__VA_ARGS__, NULL})

static void expect_arg(const struct command *command, size_t i, enum arg_kind kind,
                       const char *text)
{
    assert_true(i < command->opts.args.count);
    assert_int_equal(command->opts.args.items[i].kind, kind);
    if (text != NULL)
        assert_string_equal(command->opts.args.items[i].text, text);
}

static void arguments_keep_their_order(void **state)
{
    struct command c;

    (void)state;
    PARSE(&c, "-b", "bytes", "ev", "one", "--string", "2", "-x", "three", "--json-arg=4", "-fpath",
          "--to", "room", "five");
    assert_int_equal(c.code, EXIT_ACCEPTED);
    assert_string_equal(c.opts.event, "ev");
    assert_int_equal(c.opts.args.count, 8);
    expect_arg(&c, 0, ARG_BINARY, "bytes");
    expect_arg(&c, 1, ARG_WORD, "one");
    expect_arg(&c, 2, ARG_STRING, "2");
    expect_arg(&c, 3, ARG_STDIN, NULL);
    expect_arg(&c, 4, ARG_WORD, "three");
    expect_arg(&c, 5, ARG_JSON, "4");
    expect_arg(&c, 6, ARG_FILE, "path");
    expect_arg(&c, 7, ARG_WORD, "five");
    done(&c);
}

static void negative_numbers_are_arguments(void **state)
{
    struct command c;

    (void)state;
    PARSE(&c, "-4", "-v", "-0.5", "-7x", "-r", "-1", "--to", "-4");
    assert_int_equal(c.code, EXIT_ACCEPTED);
    assert_string_equal(c.opts.event, "-4");
    expect_arg(&c, 0, ARG_WORD, "-0.5");
    expect_arg(&c, 1, ARG_WORD, "-7x");
    assert_int_equal(c.opts.repeat, -1);
    assert_true(sio_str_eq(c.opts.to.items[0], SIO_STR("-4")));
    assert_true(c.opts.verbose);
    done(&c);
}

static void words_after_two_dashes_are_positional(void **state)
{
    struct command c;

    (void)state;
    PARSE(&c, "--to", "a", "--", "--help", "-x", "--", "-4");
    assert_int_equal(c.code, EXIT_ACCEPTED);
    assert_string_equal(c.opts.event, "--help");
    assert_int_equal(c.opts.args.count, 3);
    expect_arg(&c, 0, ARG_WORD, "-x");
    expect_arg(&c, 1, ARG_WORD, "--");
    expect_arg(&c, 2, ARG_WORD, "-4");
    done(&c);
}

static void a_dash_alone_is_a_word(void **state)
{
    struct command c;

    (void)state;
    PARSE(&c, "ev", "-", "");
    assert_int_equal(c.code, EXIT_ACCEPTED);
    expect_arg(&c, 0, ARG_WORD, "-");
    expect_arg(&c, 1, ARG_WORD, "");
    done(&c);
}

static void connection_options_are_redis_clis(void **state)
{
    struct command c;

    (void)state;
    PARSE(&c, "-h", "::1", "-p", "7000", "-n", "3", "-a", "pw", "--user", "u", "--timeout-connect",
          "0.25", "--ipv6", "--client-name", "me", "ev");
    assert_int_equal(c.code, EXIT_ACCEPTED);
    assert_string_equal(c.opts.host, "::1");
    assert_int_equal(c.opts.port, 7000);
    assert_int_equal(c.opts.db, 3);
    assert_string_equal(c.opts.password, "pw");
    assert_string_equal(c.opts.user, "u");
    assert_int_equal(c.opts.connect_timeout, 250);
    assert_string_equal(c.opts.client_name, "me");
    done(&c);
}

static void aliases_are_the_same_option(void **state)
{
    struct command c;

    (void)state;
    PARSE(&c, "--to", "a", "--in", "b", "--room", "c", "--namespace", "/n", "ev");
    assert_int_equal(c.code, EXIT_ACCEPTED);
    assert_int_equal(c.opts.to.count, 3);
    assert_string_equal(c.opts.nsp, "/n");
    done(&c);
}

static void flags_keep_their_order(void **state)
{
    struct command c;

    (void)state;
    PARSE(&c, "--volatile", "--compress", "ev");
    assert_false(c.opts.flags.compress_first);
    assert_int_equal(c.opts.flags.compress, 1);
    assert_int_equal(c.opts.flags.volatile_, 1);
    done(&c);
    PARSE(&c, "--no-compress", "--volatile", "ev");
    assert_true(c.opts.flags.compress_first);
    assert_int_equal(c.opts.flags.compress, 0);
    done(&c);
}

static void passwords_are_wiped_from_argv(void **state)
{
    struct command c;

    (void)state;
    PARSE(&c, "-a", "secret", "ev");
    assert_string_equal(c.argv[2], "******");
    assert_string_equal(c.opts.password, "secret");
    done(&c);
    PARSE(&c, "--pass=secret", "ev");
    assert_string_equal(c.argv[1], "--pass=******");
    done(&c);
    PARSE(&c, "-asecret", "ev");
    assert_string_equal(c.argv[1], "-a******");
    done(&c);
    PARSE(&c, "-u", "redis://me:p@ss/w@host:1/2", "ev");
    assert_string_equal(c.argv[2], "redis://*********@host:1/2");
    assert_string_equal(c.opts.url, "redis://me:p@ss/w@host:1/2");
    done(&c);
    PARSE(&c, "-u", "redis://host", "ev");
    assert_string_equal(c.argv[2], "redis://host");
    done(&c);
}

static void delimiters(void **state)
{
    static const struct {
        const char *word;
        int byte;
    } cases[] = {{";", ';'},    {"\\n", '\n'},  {"\\r", '\r'},   {"\\t", '\t'},
                 {"\\0", '\0'}, {"\\\\", '\\'}, {"\\x1e", 0x1e}, {"\\xFF", 0xff}};
    struct command c;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PARSE(&c, "-l", "ev", "--delimiter", cases[i].word);
        assert_int_equal(c.code, EXIT_ACCEPTED);
        assert_int_equal(c.opts.delimiter, cases[i].byte);
        done(&c);
    }
    REFUSED("-l", "ev", "--delimiter", "ab");
    REFUSED("-l", "ev", "--delimiter", "");
    REFUSED("-l", "ev", "--delimiter", "\\x1");
    REFUSED("-l", "ev", "--delimiter", "\\xzz");
    REFUSED("-l", "ev", "--delimiter", "\\q");
}

static void actions(void **state)
{
    struct command c;

    (void)state;
    PARSE(&c, "--join", "a", "--join", "b");
    assert_int_equal(c.code, EXIT_ACCEPTED);
    assert_int_equal(c.opts.join.count, 2);
    done(&c);
    /* Flags have no effect there, as in the npm emitter; they are no mistake either. */
    PARSE(&c, "--volatile", "--leave", "a");
    assert_int_equal(c.code, EXIT_ACCEPTED);
    done(&c);
    PARSE(&c, "--disconnect");
    assert_int_equal(c.opts.disconnect, DISCONNECT_NAMESPACE);
    done(&c);
    PARSE(&c, "--disconnect=close");
    assert_int_equal(c.opts.disconnect, DISCONNECT_CLOSE);
    done(&c);
    PARSE(&c, "--server-emit", "join", "leave");
    assert_int_equal(c.code, EXIT_ACCEPTED);
    assert_string_equal(c.opts.event, "join");
    done(&c);
}

static void malformed_options_are_refused(void **state)
{
    (void)state;
    REFUSED("--no-such-option", "ev");
    REFUSED("-Z", "ev");
    REFUSED("--vol", "ev"); /* no abbreviations */
    REFUSED("--to");
    REFUSED("ev", "-p");
    REFUSED("--volatile=1", "ev");
    REFUSED("--disconnect=yes");
    REFUSED("-h", "", "ev");
    REFUSED("-s", "", "ev");
    REFUSED("-p", "0", "ev");
    REFUSED("-p", "65536", "ev");
    REFUSED("-p", "80x", "ev");
    REFUSED("-p", "", "ev");
    REFUSED("-n", "-1", "ev");
    REFUSED("-r", "0", "ev");
    REFUSED("-r", "-2", "ev");
    REFUSED("-r", "99999999999999999999", "ev");
    REFUSED("-r", "2", "-i", "-1", "ev");
    REFUSED("-r", "2", "-i", "x", "ev");
    REFUSED("-r", "2", "-i", "inf", "ev");
    REFUSED("-r", "2", "-i", "1e9", "ev");
    REFUSED("--timeout-connect", "0", "ev");
    REFUSED("--rate", "0", "ev");
}

static void contradictions_are_refused(void **state)
{
    (void)state;
    REFUSED("-v"); /* no event */
    REFUSED("-u", "redis://a", "-h", "b", "ev");
    REFUSED("-s", "/a", "-p", "1", "ev");
    REFUSED("-a", "x", "--pass-file", "y", "ev");
    REFUSED("-a", "x", "--askpass", "ev");
    REFUSED("--config", "x", "--no-config", "ev");
    REFUSED("-l", "--lines-json", "ev");
    REFUSED("--lines-json", "ev");
    REFUSED("--lines-json", "--string", "x");
    REFUSED("--text", "ev");
    REFUSED("--null", "ev");
    REFUSED("--delimiter", ";", "ev");
    REFUSED("--null", "--delimiter", ";", "-l", "ev");
    REFUSED("-l", "-r", "2", "ev");
    REFUSED("-r", "2", "-i", "1", "--rate", "1", "ev");
    REFUSED("-l", "-x", "ev");
    REFUSED("-l", "-f", "-", "ev");
    REFUSED("-x", "-b", "-", "ev");
    REFUSED("--join", "a", "--leave", "b");
    REFUSED("--join", "a", "ev");
    REFUSED("--join", "a", "--string", "x");
    REFUSED("--leave", "a", "-l");
    REFUSED("--disconnect", "--server-emit", "ev");
    REFUSED("--disconnect", "close");
    REFUSED("--server-emit", "--to", "a", "ev");
}

/* Two options of one name would make one of them unreachable. */
static void names_are_unique(void **state)
{
    const char *names[256];
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < option_count; i++) {
        const struct option_spec *spec = &option_table[i];
        const char *of_this[] = {spec->name, spec->alias[0], spec->alias[1]};
        for (size_t k = 0; k < 3; k++) {
            for (size_t j = 0; of_this[k] != NULL && j < count; j++)
                assert_string_not_equal(names[j], of_this[k]);
            if (of_this[k] != NULL)
                names[count++] = of_this[k];
        }
        for (size_t j = 0; j < i && spec->letter != 0; j++)
            assert_int_not_equal(option_table[j].letter, spec->letter);
        assert_true(strlen(spec->help) > 10);
        assert_true(spec->letter < '0' || spec->letter > '9'); /* -4 is an argument */
    }
}

/* Every row is reachable by each of its names. */
static void every_option_is_parsed(void **state)
{
    (void)state;
    for (size_t i = 0; i < option_count; i++) {
        const struct option_spec *spec = &option_table[i];
        char name[64], letter[3] = {'-', spec->letter, '\0'};
        const char *value = spec->kind == OPT_STRING || spec->kind == OPT_BYTE ? "x" : "1";
        const char *words[3] = {name, NULL, NULL};
        struct command c;

        if (spec->arg != NULL && spec->arg[0] != '[')
            words[1] = value;
        snprintf(name, sizeof(name), "--%s", spec->name);
        memset(&c, 0, sizeof(c));
        for (int k = 0; k < (spec->letter != 0 ? 2 : 1); k++) {
            words[0] = k == 0 ? name : letter;
            char *argv[] = {strdup("sio-emit"), strdup(words[0]),
                            words[1] != NULL ? strdup(words[1]) : NULL, NULL};
            options_init(&c.opts);
            assert_int_equal(options_parse(&c.opts, words[1] != NULL ? 3 : 2, argv), EXIT_ACCEPTED);
            options_fini(&c.opts);
            for (int n = 0; n < 3; n++)
                free(argv[n]);
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(arguments_keep_their_order),
    cmocka_unit_test(negative_numbers_are_arguments),
    cmocka_unit_test(words_after_two_dashes_are_positional),
    cmocka_unit_test(a_dash_alone_is_a_word),
    cmocka_unit_test(connection_options_are_redis_clis),
    cmocka_unit_test(aliases_are_the_same_option),
    cmocka_unit_test(flags_keep_their_order),
    cmocka_unit_test(passwords_are_wiped_from_argv),
    cmocka_unit_test(delimiters),
    cmocka_unit_test(actions),
    cmocka_unit_test(malformed_options_are_refused),
    cmocka_unit_test(contradictions_are_refused),
    cmocka_unit_test(names_are_unique),
    cmocka_unit_test(every_option_is_parsed),
};

SIO_TEST_MAIN(tests)
