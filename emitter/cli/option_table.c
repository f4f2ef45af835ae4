/* SPDX-License-Identifier: MIT */
/* The table of all options. Adding one here adds it to the parser, --help, the man
 * page, the completions and, if it says so, the configuration file. */
#include "options.h"

#include <sio/link.h>

const char *const option_group_titles[GROUP_COUNT] = {
    [GROUP_CONNECTION] = "Connection", [GROUP_TLS] = "Encryption",
    [GROUP_TARGET] = "Target",         [GROUP_ACTION] = "Instead of an event",
    [GROUP_ARGUMENT] = "Arguments of the event",
    [GROUP_STREAM] = "Several emits",  [GROUP_OUTPUT] = "Output",
};

/* clang-format off */
#define AT(field) offsetof(struct options, field)
#define NONE      {NULL, NULL}
#define CONFIG    OPTION_IN_CONFIG
#define FILES     OPTION_NAMES_FILE
#define HOSTS     OPTION_NAMES_HOST

/* Longest time that may be given: a day. */
#define DAY_MS (INT64_C(86400) * 1000)

const struct option_spec option_table[] = {
    {"host", NONE, 'h', "HOST", GROUP_CONNECTION, OPT_STRING, AT(host), 0, 0, CONFIG | HOSTS,
     "Host name or address of Redis. Default: 127.0.0.1."},
    {"port", NONE, 'p', "PORT", GROUP_CONNECTION, OPT_COUNT, AT(port), 1, 65535, CONFIG,
     "Port of Redis. Default: 6379."},
    {"socket", NONE, 's', "PATH", GROUP_CONNECTION, OPT_STRING, AT(socket), 0, 0, CONFIG | FILES,
     "Connect to this unix socket instead of a host."},
    {"url", NONE, 'u', "URL", GROUP_CONNECTION, OPT_URL, AT(url), 0, 0, CONFIG,
     "Address, user and password in one: redis://[[USER]:PASSWORD@]HOST[:PORT][/DB], valkey:// the same, "
     "unix://[[USER]:PASSWORD@]/PATH[?db=N], redis-cluster://HOST[:PORT],... or "
     "redis-sentinel://HOST[:PORT],.../?master=NAME (the sentinels' own password: "
     "&sentinel_password=PASSWORD); with TLS rediss://, valkeys://, rediss-cluster:// and "
     "rediss-sentinel://. Special characters are percent-encoded."},
    {"sentinel", NONE, 0, "HOST:PORT,...", GROUP_CONNECTION, OPT_STRING, AT(sentinels), 0, 0,
     CONFIG | HOSTS,
     "Ask these sentinels where the master is, and follow it. Name as many as you know; default "
     "port: 26379. With --master."},
    {"master", NONE, 0, "NAME", GROUP_CONNECTION, OPT_STRING, AT(master), 0, 0, CONFIG,
     "Name that the sentinels know the master by."},
    {"cluster", NONE, 'c', NULL, GROUP_CONNECTION, OPT_SET, AT(cluster), 1, 0, CONFIG,
     "The address is that of any node of a Redis Cluster."},
    {"user", NONE, 0, "NAME", GROUP_CONNECTION, OPT_STRING, AT(user), 0, 0, CONFIG,
     "User to authenticate as."},
    {"pass", NONE, 'a', "PASSWORD", GROUP_CONNECTION, OPT_SECRET, AT(password), 0, 0, CONFIG,
     "Password. It is wiped from the process list, but other users may have seen it by then: "
     "--pass-file, --askpass and the environment are safer."},
    {"askpass", NONE, 0, NULL, GROUP_CONNECTION, OPT_FLAG, AT(askpass), 0, 0, 0,
     "Ask for the password on the terminal."},
    {"pass-file", NONE, 0, "FILE", GROUP_CONNECTION, OPT_STRING, AT(pass_file), 0, 0,
     CONFIG | FILES,
     "Read the password from the first line of a file. The file is refused if group or others "
     "can read or write it, or if it belongs to anyone but you or root."},
    {"db", NONE, 'n', "NUMBER", GROUP_CONNECTION, OPT_COUNT, AT(db), 0, INT32_MAX, CONFIG,
     "Select a database, as redis-cli does. Publishing does not depend on it."},
    {"ipv4", NONE, 0, NULL, GROUP_CONNECTION, OPT_SET, AT(family), SIO_FAMILY_IPV4, 0, CONFIG,
     "Use the host's IPv4 addresses only."},
    {"ipv6", NONE, 0, NULL, GROUP_CONNECTION, OPT_SET, AT(family), SIO_FAMILY_IPV6, 0, CONFIG,
     "Use the host's IPv6 addresses only."},
    {"client-name", NONE, 0, "NAME", GROUP_CONNECTION, OPT_STRING, AT(client_name), 0, 0, CONFIG,
     "Name of the connection, as CLIENT LIST shows it."},
    {"timeout-connect", NONE, 0, "SECS", GROUP_CONNECTION, OPT_SECONDS, AT(connect_timeout), 1,
     DAY_MS, CONFIG,
     "Give up when Redis is not there by then. Default: 5."},
    {"timeout", NONE, 0, "SECS", GROUP_CONNECTION, OPT_SECONDS, AT(answer_timeout), 1, DAY_MS,
     CONFIG,
     "Give an emit up when Redis has not answered it by then; until then the emit survives a "
     "restart of Redis. Default: 30."},
    {"config", NONE, 0, "FILE", GROUP_CONNECTION, OPT_STRING, AT(config), 0, 0, FILES,
     "Read settings from this file. Default: $XDG_CONFIG_HOME/sio-emit/config, else "
     "~/.config/sio-emit/config, if there is one."},
    {"no-config", NONE, 0, NULL, GROUP_CONNECTION, OPT_FLAG, AT(no_config), 0, 0, 0,
     "Read no configuration file."},

    {"tls", NONE, 0, NULL, GROUP_TLS, OPT_FLAG, AT(tls), 0, 0, CONFIG,
     "Connect with TLS, as a URL of rediss:// or valkeys:// does. The server's certificate has to "
     "be from a trusted authority and for the host's name or address."},
    {"sni", NONE, 0, "NAME", GROUP_TLS, OPT_STRING, AT(sni), 0, 0, CONFIG,
     "The server's name, for its choice of a certificate and to verify that, instead of the "
     "host's."},
    {"cacert", NONE, 0, "FILE", GROUP_TLS, OPT_STRING, AT(cacert), 0, 0, CONFIG | FILES,
     "Trust the authorities whose certificates are in this file (PEM). Default, without "
     "--cacertdir either: the system's, or those that SSL_CERT_FILE and SSL_CERT_DIR name."},
    {"cacertdir", NONE, 0, "DIR", GROUP_TLS, OPT_STRING, AT(cacertdir), 0, 0, CONFIG | FILES,
     "Trust the authorities whose certificates are in this directory, as openssl-rehash(1) "
     "makes it."},
    {"cert", NONE, 0, "FILE", GROUP_TLS, OPT_STRING, AT(cert), 0, 0, CONFIG | FILES,
     "Show the server this certificate (PEM), its chain behind it; with --key."},
    {"key", NONE, 0, "FILE", GROUP_TLS, OPT_STRING, AT(cert_key), 0, 0, CONFIG | FILES,
     "The private key of --cert (PEM). The file is refused if others can read or write it, its "
     "group can write it, or read it unless it is root's, or if it belongs to anyone but you or "
     "root."},
    {"key-pass-file", NONE, 0, "FILE", GROUP_TLS, OPT_STRING, AT(key_pass_file), 0, 0,
     CONFIG | FILES,
     "Read the passphrase of --key from the first line of a file, as private as that of "
     "--pass-file."},
    {"insecure", NONE, 0, NULL, GROUP_TLS, OPT_FLAG, AT(insecure), 0, 0, CONFIG,
     "Do not verify the server's certificate: whoever is in between can read and change "
     "everything. -v says so on stderr."},
    {"tls-ciphers", NONE, 0, "LIST", GROUP_TLS, OPT_STRING, AT(tls_ciphers), 0, 0, CONFIG,
     "Ciphers for TLS 1.2, as openssl-ciphers(1) lists them."},
    {"tls-ciphersuites", NONE, 0, "LIST", GROUP_TLS, OPT_STRING, AT(tls_ciphersuites), 0, 0,
     CONFIG,
     "Cipher suites for TLS 1.3, with colons between them."},

    {"of", {"namespace", NULL}, 0, "NSP", GROUP_TARGET, OPT_STRING, AT(nsp), 0, 0, CONFIG,
     "Namespace. A missing leading / is added. Default: /."},
    {"to", {"in", "room"}, 0, "ROOM", GROUP_TARGET, OPT_LIST, AT(to), 0, 0, 0,
     "Only the sockets in this room; a socket id is a room too. Repeatable: a socket in any of "
     "them, once. Default: every socket of the namespace."},
    {"except", NONE, 0, "ROOM", GROUP_TARGET, OPT_LIST, AT(except), 0, 0, 0,
     "Not the sockets in this room. Repeatable."},
    {"volatile", NONE, 0, NULL, GROUP_TARGET, OPT_VOLATILE, AT(flags), 0, 0, 0,
     "Servers may drop the packet for a client that cannot take it at once. Like --compress this "
     "is for events; actions and --server-emit ignore it."},
    {"compress", NONE, 0, NULL, GROUP_TARGET, OPT_COMPRESS, AT(flags), 1, 0, 0,
     "Ask the servers to compress the packet."},
    {"no-compress", NONE, 0, NULL, GROUP_TARGET, OPT_COMPRESS, AT(flags), 0, 0, 0,
     "Ask the servers not to compress the packet."},
    {"prefix", NONE, 0, "KEY", GROUP_TARGET, OPT_STRING, AT(key), 0, 0, CONFIG,
     "Prefix of the channels, the servers' option \"key\". Default: socket.io."},

    {"server-emit", NONE, 0, NULL, GROUP_ACTION, OPT_FLAG, AT(server_emit), 0, 0, 0,
     "Send EVENT to the servers of the namespace instead of their clients."},
    {"join", NONE, 0, "ROOM", GROUP_ACTION, OPT_LIST, AT(join), 0, 0, 0,
     "Make the target's sockets join this room, beside those they are in. Repeatable."},
    {"leave", NONE, 0, "ROOM", GROUP_ACTION, OPT_LIST, AT(leave), 0, 0, 0,
     "Make the target's sockets leave this room. Repeatable."},
    {"disconnect", NONE, 0, "[close]", GROUP_ACTION, OPT_CLOSE, AT(disconnect), 0, 0, 0,
     "Disconnect the target's sockets from the namespace; with =close close their connections, "
     "and with them all their namespaces."},

    {"string", NONE, 0, "ARG", GROUP_ARGUMENT, OPT_ARG, AT(args), ARG_STRING, 0, 0,
     "This text as a string, whatever it looks like."},
    {"json-arg", NONE, 0, "ARG", GROUP_ARGUMENT, OPT_ARG, AT(args), ARG_JSON, 0, 0,
     "The value of this JSON text."},
    {"file", NONE, 'f', "FILE", GROUP_ARGUMENT, OPT_ARG, AT(args), ARG_FILE, 0, FILES,
     "The file's content as a string, its last newline included; - is standard input."},
    {"binary", NONE, 'b', "FILE", GROUP_ARGUMENT, OPT_ARG, AT(args), ARG_BINARY, 0, FILES,
     "The file's content as binary; - is standard input."},
    {"stdin", NONE, 'x', NULL, GROUP_ARGUMENT, OPT_ARG, AT(args), ARG_STDIN, 0, 0,
     "All of standard input as a string."},

    {"lines", NONE, 'l', NULL, GROUP_STREAM, OPT_FLAG, AT(lines), 0, 0, 0,
     "One emit per line of standard input: the line is the event's last argument, read like an "
     "ARG."},
    {"text", NONE, 0, NULL, GROUP_STREAM, OPT_FLAG, AT(text), 0, 0, 0,
     "With -l: every line is a string, whatever it looks like."},
    {"lines-json", NONE, 0, NULL, GROUP_STREAM, OPT_FLAG, AT(lines_json), 0, 0, 0,
     "One emit per line of standard input, each an array [event, ...args] or an object with "
     "\"event\" and, as needed, \"args\", \"to\", \"except\", \"of\", \"volatile\", \"compress\". "
     "What a line leaves out is taken from the command line."},
    {"null", NONE, 0, NULL, GROUP_STREAM, OPT_FLAG, AT(null_lines), 0, 0, 0,
     "Lines end with a zero byte instead of a newline."},
    {"delimiter", NONE, 0, "CHAR", GROUP_STREAM, OPT_BYTE, AT(delimiter), 0, 0, 0,
     "Lines end with this byte: a character, or \\n, \\r, \\t, \\0, \\\\ or \\xHH."},
    {"max-line", NONE, 0, "BYTES", GROUP_STREAM, OPT_COUNT, AT(max_line), 1, INT64_C(1) << 30,
     CONFIG,
     "A longer line is a bad one. Default: 16777216."},
    {"repeat", NONE, 'r', "N", GROUP_STREAM, OPT_COUNT, AT(repeat), -1, INT64_MAX, 0,
     "Emit the same N times; -1: until stopped."},
    {"interval", NONE, 'i', "SECS", GROUP_STREAM, OPT_SECONDS, AT(interval), 0, DAY_MS, 0,
     "Wait this long between two emits."},
    {"rate", NONE, 0, "N", GROUP_STREAM, OPT_COUNT, AT(rate), 1, 1000000000, 0,
     "At most N emits a second."},
    {"strict", NONE, 0, NULL, GROUP_STREAM, OPT_FLAG, AT(strict), 0, 0, 0,
     "Stop at the first bad line, with exit status 2, instead of skipping it."},
    {"flush-timeout", NONE, 0, "SECS", GROUP_STREAM, OPT_SECONDS, AT(flush_timeout), 0, DAY_MS,
     CONFIG,
     "After SIGINT, SIGTERM or SIGHUP, wait this long for Redis to take what was read. A second "
     "signal ends at once. Default: 5."},

    {"verbose", NONE, 'v', NULL, GROUP_OUTPUT, OPT_FLAG, AT(verbose), 0, 0, 0,
     "Say how many servers were reached."},
    {"json", NONE, 0, NULL, GROUP_OUTPUT, OPT_FLAG, AT(json), 0, 0, 0,
     "A JSON object per emit on standard output: status, receivers (the servers reached), error."},
    {"progress", NONE, 0, NULL, GROUP_OUTPUT, OPT_FLAG, AT(progress), 0, 0, 0,
     "Show the progress of several emits on standard error although that is no terminal: a line "
     "a second."},
    {"dry-run", NONE, 0, NULL, GROUP_OUTPUT, OPT_FLAG, AT(dry_run), 0, 0, 0,
     "Connect to nothing; print the channel, the packet and its bytes in hexadecimal."},
    {"min-receivers", NONE, 0, "N", GROUP_OUTPUT, OPT_COUNT, AT(min_receivers), 0, INT32_MAX,
     CONFIG,
     "Exit with 7 if an emit reached fewer than N servers."},
    {"help", NONE, 0, NULL, GROUP_OUTPUT, OPT_FLAG, AT(help), 0, 0, 0,
     "Print this help and exit."},
    {"version", NONE, 0, NULL, GROUP_OUTPUT, OPT_FLAG, AT(version), 0, 0, 0,
     "Print the version and exit."},
};
/* clang-format on */
const size_t option_count = sizeof(option_table) / sizeof(option_table[0]);
