/* SPDX-License-Identifier: MIT */
#include "link/tls_text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "link/openssl.h"
#include "link/speaks.h"

enum { WORD_MAX = 64, NAMES_MAX = 112 };

void sio__tls_saw(struct sio__tls_seen *seen, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len && seen->nfirst < SIO__SPEAKS_BYTES; i++)
        seen->first[seen->nfirst++] = bytes[i];
}

/* -- certificates -- */

/* What a certificate says of itself is no text to be trusted. */
static void put_text(const unsigned char *bytes, size_t len, char *out, size_t size)
{
    size_t n = len < size ? len : size - 1;

    for (size_t i = 0; i < n; i++)
        out[i] = (char)(bytes[i] < ' ' || bytes[i] > '~' ? '?' : bytes[i]);
    out[n] = '\0';
}

static void put_common_name(const X509_NAME *name, char *out, size_t size)
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    const ASN1_STRING *text =
        at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));

    if (text != NULL)
        put_text(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text), out, size);
    else
        snprintf(out, size, "(no name)");
}

static void put_time(const ASN1_TIME *time, char *out, size_t size)
{
    struct tm tm;

    if (ASN1_TIME_to_tm(time, &tm) != 1 || strftime(out, size, "%Y-%m-%d %H:%M UTC", &tm) == 0)
        snprintf(out, size, "(no date)");
}

static bool put_alternative(const GENERAL_NAME *name, char *out, size_t size)
{
    const ASN1_STRING *text = name->type == GEN_DNS     ? name->d.dNSName
                              : name->type == GEN_IPADD ? name->d.iPAddress
                                                        : NULL;
    const unsigned char *bytes;
    int len;

    if (text == NULL)
        return false;
    bytes = ASN1_STRING_get0_data(text);
    len = ASN1_STRING_length(text);
    if (name->type == GEN_IPADD)
        return (len == 4 || len == 16) &&
               inet_ntop(len == 4 ? AF_INET : AF_INET6, bytes, out, (socklen_t)size) != NULL;
    put_text(bytes, (size_t)len, out, size);
    return true;
}

/* "a, b, ..." or nothing. */
static void put_alternatives(const X509 *certificate, char *out, size_t size)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    size_t len = 0;

    out[0] = '\0';
    for (int i = 0; i < OPENSSL_sk_num((const OPENSSL_STACK *)names); i++) {
        char word[WORD_MAX];

        if (!put_alternative(OPENSSL_sk_value((const OPENSSL_STACK *)names, i), word, sizeof word))
            continue;
        if (len + strlen(word) + sizeof ", ..." > size) {
            snprintf(out + len, size - len, ", ...");
            break;
        }
        len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "", word);
    }
    GENERAL_NAMES_free(names);
}

static void explain_name(const X509 *certificate, const char *name, char *out, size_t size)
{
    char names[NAMES_MAX];

    put_alternatives(certificate, names, sizeof names);
    if (names[0] != '\0')
        snprintf(out, size, "TLS: the server's certificate is not for %.64s, but for %s", name,
                 names);
    else
        snprintf(out, size,
                 "TLS: the server's certificate is for no name or address (subjectAltName), so not "
                 "for %.64s",
                 name);
}

void sio__tls_explain_certificate(struct x509_store_ctx_st *store, const char *name, char *out,
                                  size_t size)
{
    const X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    const char *whose = X509_STORE_CTX_get_error_depth(store) > 0
                            ? "an authority of the server's certificate"
                            : "the server's certificate";
    int error = X509_STORE_CTX_get_error(store);
    char word[WORD_MAX];

    if (certificate == NULL) {
        snprintf(out, size, "TLS: %s", X509_verify_cert_error_string(error));
        return;
    }
    switch (error) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        snprintf(out, size, "TLS: the server's certificate is self-signed, and not trusted");
        break;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        put_common_name(X509_get_issuer_name(certificate), word, sizeof word);
        snprintf(out, size, "TLS: the server's certificate is from \"%s\", which is not trusted",
                 word);
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        put_time(X509_get0_notAfter(certificate), word, sizeof word);
        snprintf(out, size, "TLS: %s has expired: %s", whose, word);
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        put_time(X509_get0_notBefore(certificate), word, sizeof word);
        snprintf(out, size, "TLS: %s is not valid before %s", whose, word);
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        explain_name(certificate, name, out, size);
        break;
    default:
        snprintf(out, size, "TLS: %s is not accepted: %s", whose,
                 X509_verify_cert_error_string(error));
    }
}

/* -- alerts, ends, and what is not TLS -- */

/* RFC 8446, section 6.2: what a server says of a client's certificate. */
static bool is_about_certificates(int alert)
{
    switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_DECRYPT_ERROR:
    case SSL_AD_CERTIFICATE_REQUIRED:
        return true;
    default:
        return false;
    }
}

static void explain_alert(const struct sio__tls_seen *seen, int alert, char *out, size_t size)
{
    const char *word = SSL_alert_desc_string_long(alert);
    bool certificates = is_about_certificates(alert);

    /* TLS 1.2 says handshake failure when there is none. */
    if (alert == SSL_AD_CERTIFICATE_REQUIRED ||
        (seen->asked && !seen->has_certificate &&
         (certificates || alert == SSL_AD_HANDSHAKE_FAILURE)))
        snprintf(out, size, "TLS: the server wants a client certificate");
    else if (certificates && seen->has_certificate)
        snprintf(out, size, "TLS: the server refused the client certificate: %s", word);
    else if (alert == SSL_AD_PROTOCOL_VERSION)
        snprintf(out, size, "TLS: the server speaks no version that is accepted here");
    else if (alert == SSL_AD_HANDSHAKE_FAILURE)
        snprintf(out, size, "TLS: the server refused the handshake: no cipher in common?");
    else
        snprintf(out, size, "TLS: the server ended it: %s", word);
}

static void explain_end(const struct sio__tls_seen *seen, char *out, size_t size)
{
    if (seen->up)
        snprintf(out, size, "Redis closed the connection%s",
                 seen->ended ? "" : ", or it was cut (no TLS close_notify)");
    else if (seen->nfirst == 0)
        snprintf(out, size,
                 "TLS: the server closed the connection without a word: is this a port "
                 "without TLS?");
    else
        snprintf(out, size, "TLS: the server closed the connection during the handshake");
}

/* What came was no TLS. */
static const char *stranger(const struct sio__tls_seen *seen)
{
    switch (sio__speaks(seen->first, seen->nfirst)) {
    case SIO__SPEAKS_HTTP:
        return "what answers is an HTTP server, without TLS";
    case SIO__SPEAKS_RESP:
        return "the server answers in plaintext: this is a port without TLS";
    case SIO__SPEAKS_TLS:
        return NULL;
    default:
        return seen->up || seen->nfirst < 2 ? NULL : "what answers does not speak TLS";
    }
}

/* TLS 1.3: it had asked for a certificate, and closed right after what it was given. */
static bool was_refused(const struct sio__tls_seen *seen)
{
    return seen->asked && seen->up && !seen->heard;
}

void sio__tls_explain(const struct sio__tls_seen *seen, unsigned long error, char *out, size_t size)
{
    int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
    const char *text = ERR_reason_error_string(error);

    if (stranger(seen) != NULL)
        snprintf(out, size, "TLS: %s", stranger(seen));
    else if ((seen->error != 0 || seen->cut || seen->ended) && was_refused(seen))
        snprintf(out, size, "TLS: the server %s",
                 seen->has_certificate ? "closed the connection: is our certificate refused?"
                                       : "wants a client certificate");
    else if (seen->error != 0)
        snprintf(out, size, "connection lost%s: %s", seen->up ? "" : " during the TLS handshake",
                 strerror(seen->error));
    else if (seen->cut || seen->ended)
        explain_end(seen, out, size);
    else if (reason > SSL_AD_REASON_OFFSET)
        explain_alert(seen, reason - SSL_AD_REASON_OFFSET, out, size);
    else if (reason == SSL_R_UNSUPPORTED_PROTOCOL)
        snprintf(out, size, "TLS: the server speaks no version that is accepted here");
    else
        snprintf(out, size, "TLS: %s", text != NULL ? text : "it failed, and OpenSSL says nothing");
}
