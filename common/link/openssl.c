/* SPDX-License-Identifier: MIT */
#define SIO__OPENSSL_TABLE /* the names are OpenSSL's own in here */
#include "link/openssl.h"

#include "link/tls.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct sio__openssl sio__openssl;

struct function {
    const char *name;
    size_t offset;
};

#define ENTRY(name) {#name, offsetof(struct sio__openssl, name)},
static const struct function ssl_functions[] = {SIO__OPENSSL_SSL(ENTRY)};
static const struct function crypto_functions[] = {SIO__OPENSSL_CRYPTO(ENTRY)};

static bool find_all(void *library, const struct function *functions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        void *address = dlsym(library, functions[i].name);

        if (address == NULL)
            return false;
        memcpy((char *)&sio__openssl + functions[i].offset, &address, sizeof address);
    }
    return true;
}

/* By the names that OpenSSL 3 has. They stay loaded: OpenSSL cannot be unloaded. */
static bool load(void)
{
    void *crypto = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
    void *ssl = crypto != NULL ? dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL) : NULL;

    return ssl != NULL &&
           find_all(crypto, crypto_functions,
                    sizeof crypto_functions / sizeof crypto_functions[0]) &&
           find_all(ssl, ssl_functions, sizeof ssl_functions / sizeof ssl_functions[0]);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void sio__tls_before_fork(void)
{
    pthread_mutex_lock(&lock);
}

void sio__tls_after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

bool sio__openssl_load(char *err, size_t errlen)
{
    static bool loaded;
    bool is_there;

    pthread_mutex_lock(&lock);
    if (!loaded && load()) {
        /* No handler at exit(): other threads, of links that were not freed, may still be
         * using what it would free. */
        sio__openssl.OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
        loaded = true;
    }
    is_there = loaded;
    if (!is_there)
        snprintf(err, errlen, "TLS: cannot load OpenSSL 3: %s", dlerror());
    pthread_mutex_unlock(&lock);
    return is_there;
}
