/* SPDX-License-Identifier: MIT */
/* How a Node peer reaches a Redis, whatever kind it is: with `redis` 4, or with `ioredis`,
 * which follows a failover by sentinels. */
import { readFileSync } from 'node:fs';
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';

/** The parts of an URL that a C link takes: {scheme, tls, path} or {scheme, tls, hosts, master}. */
export function readUrl(url) {
    const [, scheme, rest] = /^([a-z-]+):\/\/(.*)$/.exec(url);
    if (scheme === 'unix')
        return { scheme, tls: false, path: decodeURIComponent(rest) };
    const [, addresses, query] = /^([^/?]*)\/?(?:\?(.*))?$/.exec(rest);
    const hosts = addresses.split(',').map((address) => {
        const [, host, port] = /^(.*):(\d+)$/.exec(address);
        return { host, port: Number(port) };
    });
    return {
        scheme: scheme.replace(/^rediss/, 'redis'),
        tls: scheme.startsWith('rediss'),
        hosts,
        master: new URLSearchParams(query).get('master'),
    };
}

/* It reconnects; what matters shows in the test. */
const quiet = (client) => client.on('error', () => {});

/* In a cluster `redis` 4 publishes on each master in turn, so that two messages can overtake
 * each other. What a test emits keeps its order if it all goes through one. */
function publishOnOne(cluster) {
    const [node] = cluster.masters;
    cluster.publish = async (...args) => (await cluster.nodeClient(node)).publish(...args);
}

/* `redis` 4 knows no sentinels: it is told the master that they name now. */
async function masterOf([socket], name) {
    const sentinel = createClient({ socket });
    await quiet(sentinel).connect();
    const [host, port] = await sentinel.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name]);
    await sentinel.disconnect();
    return { host, port: Number(port) };
}

async function connectNodeRedis({ scheme, tls, path, hosts, master }, ca) {
    if (scheme === 'redis-cluster') {
        const cluster = createCluster({ rootNodes: hosts.map((socket) => ({ socket })) });
        await quiet(cluster).connect();
        publishOnOne(cluster);
        return cluster;
    }
    const host = scheme === 'redis-sentinel' ? await masterOf(hosts, master) : hosts?.[0];
    const client = createClient({ socket: path ? { path } : { ...host, tls, ca } });
    await quiet(client).connect();
    return client;
}

async function connectIoredis({ scheme, tls, path, hosts, master }, ca) {
    const secure = tls ? { tls: { ca } } : {};
    const client = {
        unix: () => new Redis({ path }),
        redis: () => new Redis({ ...hosts[0], ...secure }),
        'redis-sentinel': () => new Redis({ sentinels: hosts, name: master, ...secure }),
        'redis-cluster': () => new Cluster(hosts),
    }[scheme]();
    await new Promise((resolve) => { quiet(client).once('ready', resolve); });
    return client;
}

/** A connected client for the npm adapters.
 *  @param url  as a C link takes it
 *  @param opts.ca  PEM file of the authority that is trusted
 *  @param opts.client  'redis' or 'ioredis' */
export function connectPeer(url, { ca, client = 'redis' } = {}) {
    const connect = client === 'ioredis' ? connectIoredis : connectNodeRedis;
    return connect(readUrl(url), ca && readFileSync(ca));
}

/** End it, also if Redis is down: then QUIT would wait for ever. */
export async function disconnectPeer(client) {
    const up = client.status ? client.status === 'ready' : client.isReady ?? client.isOpen;
    await Promise.resolve(up ? client.quit() : client.disconnect()).catch(() => {});
}
