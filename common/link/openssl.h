/* SPDX-License-Identifier: MIT */
/* OpenSSL, loaded when a link wants TLS and not with the library: that would cost every
 * program that uses none 1.4 ms of its start and 1.5 MiB. Include this instead of OpenSSL's
 * headers; the functions named here are then called by their own names. */
#ifndef SIO_COMMON_LINK_OPENSSL_H
#define SIO_COMMON_LINK_OPENSSL_H

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stddef.h>

/* clang-format off */
#define SIO__OPENSSL_SSL(X) \
    X(SSL_CTX_check_private_key) X(SSL_CTX_ctrl) X(SSL_CTX_free) X(SSL_CTX_load_verify_dir) \
    X(SSL_CTX_load_verify_file) X(SSL_CTX_new) X(SSL_CTX_set_cipher_list) \
    X(SSL_CTX_set_ciphersuites) X(SSL_CTX_set_default_verify_paths) X(SSL_CTX_set_options) \
    X(SSL_CTX_use_PrivateKey) X(SSL_CTX_use_certificate_chain_file) \
    X(SSL_alert_desc_string_long) X(SSL_ctrl) X(SSL_do_handshake) X(SSL_free) \
    X(SSL_get0_param) X(SSL_get_error) X(SSL_get_ex_data) \
    X(SSL_get_ex_data_X509_STORE_CTX_idx) X(SSL_has_pending) X(SSL_new) X(SSL_read_ex) \
    X(SSL_set_bio) X(SSL_set_cert_cb) X(SSL_set_connect_state) X(SSL_set_ex_data) \
    X(SSL_set_verify) X(SSL_shutdown) X(SSL_write_ex) X(TLS_client_method)
#define SIO__OPENSSL_CRYPTO(X) \
    X(ASN1_STRING_get0_data) X(ASN1_STRING_length) X(ASN1_TIME_to_tm) X(BIO_clear_flags) \
    X(BIO_free) X(BIO_get_data) X(BIO_get_new_index) X(BIO_meth_new) X(BIO_meth_set_ctrl) \
    X(BIO_meth_set_read_ex) X(BIO_meth_set_write_ex) X(BIO_new) X(BIO_new_mem_buf) \
    X(BIO_set_data) X(BIO_set_flags) X(BIO_set_init) X(ERR_clear_error) X(ERR_peek_error) \
    X(ERR_reason_error_string) X(EVP_PKEY_free) X(GENERAL_NAMES_free) \
    X(OPENSSL_init_crypto) X(OPENSSL_sk_num) X(OPENSSL_sk_value) X(PEM_read_bio_PrivateKey) \
    X(X509_NAME_ENTRY_get_data) X(X509_NAME_get_entry) X(X509_NAME_get_index_by_NID) \
    X(X509_STORE_CTX_get_current_cert) X(X509_STORE_CTX_get_error) \
    X(X509_STORE_CTX_get_error_depth) X(X509_STORE_CTX_get_ex_data) \
    X(X509_VERIFY_PARAM_set1_host) X(X509_VERIFY_PARAM_set1_ip_asc) \
    X(X509_VERIFY_PARAM_set_hostflags) X(X509_get0_notAfter) X(X509_get0_notBefore) \
    X(X509_get_ext_d2i) X(X509_get_issuer_name) X(X509_verify_cert_error_string)
/* clang-format on */

struct sio__openssl {
#define SIO__FIELD(name) __typeof__(name) *name; /* NOLINT(bugprone-macro-parentheses): declares   \
                                                  */
    SIO__OPENSSL_SSL(SIO__FIELD)
    SIO__OPENSSL_CRYPTO(SIO__FIELD)
#undef SIO__FIELD
};

extern struct sio__openssl sio__openssl;

/* On a helper thread, as it reads files. false: err says why it is not there. What is done
 * on other threads comes after what helpers have done. */
bool sio__openssl_load(char *err, size_t errlen);

#ifndef SIO__OPENSSL_TABLE
#define SSL_CTX_check_private_key          sio__openssl.SSL_CTX_check_private_key
#define SSL_CTX_ctrl                       sio__openssl.SSL_CTX_ctrl
#define SSL_CTX_free                       sio__openssl.SSL_CTX_free
#define SSL_CTX_load_verify_dir            sio__openssl.SSL_CTX_load_verify_dir
#define SSL_CTX_load_verify_file           sio__openssl.SSL_CTX_load_verify_file
#define SSL_CTX_new                        sio__openssl.SSL_CTX_new
#define SSL_CTX_set_cipher_list            sio__openssl.SSL_CTX_set_cipher_list
#define SSL_CTX_set_ciphersuites           sio__openssl.SSL_CTX_set_ciphersuites
#define SSL_CTX_set_default_verify_paths   sio__openssl.SSL_CTX_set_default_verify_paths
#define SSL_CTX_set_options                sio__openssl.SSL_CTX_set_options
#define SSL_CTX_use_PrivateKey             sio__openssl.SSL_CTX_use_PrivateKey
#define SSL_CTX_use_certificate_chain_file sio__openssl.SSL_CTX_use_certificate_chain_file
#define SSL_alert_desc_string_long         sio__openssl.SSL_alert_desc_string_long
#define SSL_ctrl                           sio__openssl.SSL_ctrl
#define SSL_do_handshake                   sio__openssl.SSL_do_handshake
#define SSL_free                           sio__openssl.SSL_free
#define SSL_get0_param                     sio__openssl.SSL_get0_param
#define SSL_get_error                      sio__openssl.SSL_get_error
#define SSL_get_ex_data                    sio__openssl.SSL_get_ex_data
#define SSL_get_ex_data_X509_STORE_CTX_idx sio__openssl.SSL_get_ex_data_X509_STORE_CTX_idx
#define SSL_has_pending                    sio__openssl.SSL_has_pending
#define SSL_new                            sio__openssl.SSL_new
#define SSL_read_ex                        sio__openssl.SSL_read_ex
#define SSL_set_bio                        sio__openssl.SSL_set_bio
#define SSL_set_cert_cb                    sio__openssl.SSL_set_cert_cb
#define SSL_set_connect_state              sio__openssl.SSL_set_connect_state
#define SSL_set_ex_data                    sio__openssl.SSL_set_ex_data
#define SSL_set_verify                     sio__openssl.SSL_set_verify
#define SSL_shutdown                       sio__openssl.SSL_shutdown
#define SSL_write_ex                       sio__openssl.SSL_write_ex
#define TLS_client_method                  sio__openssl.TLS_client_method
#define ASN1_STRING_get0_data              sio__openssl.ASN1_STRING_get0_data
#define ASN1_STRING_length                 sio__openssl.ASN1_STRING_length
#define ASN1_TIME_to_tm                    sio__openssl.ASN1_TIME_to_tm
#define BIO_clear_flags                    sio__openssl.BIO_clear_flags
#define BIO_free                           sio__openssl.BIO_free
#define BIO_get_data                       sio__openssl.BIO_get_data
#define BIO_get_new_index                  sio__openssl.BIO_get_new_index
#define BIO_meth_new                       sio__openssl.BIO_meth_new
#define BIO_meth_set_ctrl                  sio__openssl.BIO_meth_set_ctrl
#define BIO_meth_set_read_ex               sio__openssl.BIO_meth_set_read_ex
#define BIO_meth_set_write_ex              sio__openssl.BIO_meth_set_write_ex
#define BIO_new                            sio__openssl.BIO_new
#define BIO_new_mem_buf                    sio__openssl.BIO_new_mem_buf
#define BIO_set_data                       sio__openssl.BIO_set_data
#define BIO_set_flags                      sio__openssl.BIO_set_flags
#define BIO_set_init                       sio__openssl.BIO_set_init
#define ERR_clear_error                    sio__openssl.ERR_clear_error
#define ERR_peek_error                     sio__openssl.ERR_peek_error
#define ERR_reason_error_string            sio__openssl.ERR_reason_error_string
#define EVP_PKEY_free                      sio__openssl.EVP_PKEY_free
#define GENERAL_NAMES_free                 sio__openssl.GENERAL_NAMES_free
#define OPENSSL_init_crypto                sio__openssl.OPENSSL_init_crypto
#define OPENSSL_sk_num                     sio__openssl.OPENSSL_sk_num
#define OPENSSL_sk_value                   sio__openssl.OPENSSL_sk_value
#define PEM_read_bio_PrivateKey            sio__openssl.PEM_read_bio_PrivateKey
#define X509_NAME_ENTRY_get_data           sio__openssl.X509_NAME_ENTRY_get_data
#define X509_NAME_get_entry                sio__openssl.X509_NAME_get_entry
#define X509_NAME_get_index_by_NID         sio__openssl.X509_NAME_get_index_by_NID
#define X509_STORE_CTX_get_current_cert    sio__openssl.X509_STORE_CTX_get_current_cert
#define X509_STORE_CTX_get_error           sio__openssl.X509_STORE_CTX_get_error
#define X509_STORE_CTX_get_error_depth     sio__openssl.X509_STORE_CTX_get_error_depth
#define X509_STORE_CTX_get_ex_data         sio__openssl.X509_STORE_CTX_get_ex_data
#define X509_VERIFY_PARAM_set1_host        sio__openssl.X509_VERIFY_PARAM_set1_host
#define X509_VERIFY_PARAM_set1_ip_asc      sio__openssl.X509_VERIFY_PARAM_set1_ip_asc
#define X509_VERIFY_PARAM_set_hostflags    sio__openssl.X509_VERIFY_PARAM_set_hostflags
#define X509_get0_notAfter                 sio__openssl.X509_get0_notAfter
#define X509_get0_notBefore                sio__openssl.X509_get0_notBefore
#define X509_get_ext_d2i                   sio__openssl.X509_get_ext_d2i
#define X509_get_issuer_name               sio__openssl.X509_get_issuer_name
#define X509_verify_cert_error_string      sio__openssl.X509_verify_cert_error_string
#endif

#endif
