/* SPDX-License-Identifier: MIT */
/* What the cases of the suite work with: three nodes that live through all of them, and
 * clients of their own for each. */
import assert from 'node:assert/strict';
import { encode } from 'notepack.io';
import { asClientSees } from '../lib/values.mjs';
import { within } from '../lib/scope.mjs';

const DEADLINE = 10_000;
const MARKER = 'sio-test-marker';
let serial = 0;

/** A name that no case has used before. */
export const fresh = (what) => `${what}-${++serial}`;

/** What a browser's client makes of a packet, the same for virtual and real ones. */
const seen = (values) => values.map(asClientSees);

/** A client, virtual or real. */
class Client {
    connected = true;

    constructor(node, nsp, sid) {
        Object.assign(this, { node, nsp, sid });
        this.from = node.events.length;
    }

    call(op, fields = {}) {
        return this.node.call(op, { nsp: this.nsp, sid: this.sid, ...fields });
    }

    #is(wanted) {
        return ({ event, nsp, sid }) =>
            event === wanted && nsp === this.nsp && sid === this.sid;
    }

    #event(matches, what) {
        return this.node.event(matches, what, this.from);
    }

    /** The packet events so far. */
    get packetEvents() {
        return this.node.events.slice(this.from).filter(this.#is('packet'));
    }

    /** [event, ...args] of the packets so far, as a client of a browser would see them. */
    get packets() {
        return this.packetEvents.map(({ packet }) => seen(packet.data))
            .filter(([event]) => !String(event).startsWith(MARKER));
    }

    get disconnects() {
        return this.node.events.slice(this.from).filter(this.#is('disconnect'));
    }

    /** Wait for the marker, or for the end. */
    marked(marker) {
        return this.#event((event) => this.#is('disconnect')(event)
            || (this.#is('packet')(event) && event.packet.data[0] === marker), marker);
    }

    /** Wait for a packet, of that event if it is given. @return its event */
    packet(name) {
        return this.#event((event) => this.#is('packet')(event)
            && (name === undefined || event.packet.data[0] === name), `packet "${name}"`);
    }

    /** Wait for the end that the server makes. @return its event */
    disconnected() {
        return this.#event(this.#is('disconnect'), `disconnection of ${this.sid}`);
    }

    /** Wait until the server has forgotten it. */
    left() {
        return this.#event(({ event, kind, nsp, sid, room }) => event === 'room'
            && kind === 'leave' && nsp === this.nsp && sid === this.sid && room === sid, 'end');
    }

    rooms() {
        return this.call('socketRooms');
    }

    /** Acknowledge each packet that asks for it, with these values. */
    acknowledge(...args) {
        this.unwatch = this.node.watch((event) => {
            if (this.#is('packet')(event) && event.packet.id !== undefined)
                this.call('ack', { packetId: event.packet.id, args }).catch((err) => {
                    this.failure = err;
                });
        });
        return this;
    }

    async close() {
        this.unwatch?.();
        if (this.connected && this.disconnects.length === 0)
            await this.call('close');
        this.connected = false;
        assert.equal(this.failure, undefined);
    }
}

/** The nodes in an order of their own: `acting` is the one that acts in a case. */
export class Stage {
    #clients = [];

    constructor(redis, nodes, acting, key = 'socket.io') {
        Object.assign(this, { redis, key });
        this.nodes = [nodes[acting], ...nodes.filter((_, i) => i !== acting)];
    }

    /** A request to the acting node. */
    act(op, fields) {
        return this.nodes[0].call(op, fields);
    }

    /** A connected client of the i-th node.
     *  @param opts.rooms  that it joins; opts.data, opts.handshake  its own */
    async client(i, { nsp = '/', rooms = [], sid = fresh('sid'), ...fields } = {}) {
        const client = new Client(this.nodes[i], nsp, sid);
        await client.call('connect', fields);
        this.#clients.push(client);
        if (rooms.length > 0)
            await client.call('join', { rooms });
        return client;
    }

    /** One for each node. @param wanted  options for each of them */
    clients(wanted = [{}, {}, {}]) {
        return Promise.all(wanted.map((options, i) => this.client(i, options)));
    }

    /** Wait until all that Redis has accepted so far has arrived: a marker goes to all
     *  clients, and to one on each node that has none. It comes from outside, so that it
     *  reaches every node through Redis, and from wherever the rest can have come; neither
     *  Redis nor a node lets it overtake. */
    async settle(nsp = '/') {
        const marker = fresh(MARKER);
        const there = this.#clients.filter((client) => client.nsp === nsp && client.connected);
        const extra = await Promise.all(this.nodes
            .filter((node) => there.every((client) => client.node !== node))
            .map(async (node) => {
                const client = new Client(node, nsp, fresh('sid'));
                await client.call('connect');
                return client;
            }));
        const markers = await this.redis.publishFromAll(`${this.key}#${nsp}#`, (i) =>
            encode(['emitter', { type: 2, data: [`${marker}.${i}`], nsp }, { rooms: [], flags: {} }]));
        for (let i = 0; i < markers; i++)
            await Promise.all([...there, ...extra].map((client) => client.marked(`${marker}.${i}`)));
        await Promise.all(extra.map((client) => client.close()));
    }

    /** The packets of the clients, once nothing can be under way. */
    async packets(clients, nsp = clients[0].nsp) {
        await this.settle(nsp);
        return clients.map(({ packets }) => packets);
    }

    /** The rooms of the clients beside their own, sorted, once nothing can be under way. */
    async rooms(clients) {
        await this.settle(clients[0].nsp);
        return Promise.all(clients.map(async (client) =>
            (await client.rooms()).filter((room) => room !== client.sid).sort()));
    }

    /** Server-side events of the i-th node with that name. @return [{args, token}] */
    serverSide(i, name, nsp = '/') {
        return this.nodes[i].events.filter(({ event, args, nsp: at }) =>
            event === 'serverSideEmit' && at === nsp && args[0] === name);
    }

    /** Wait for one. */
    heard(i, name, nsp = '/') {
        return this.nodes[i].event(({ event, args, nsp: at }) =>
            event === 'serverSideEmit' && at === nsp && args[0] === name, `event "${name}"`);
    }

    /** Nothing is pending on the acting node, now or soon. In Node an acknowledged emit is,
     *  until its timeout. */
    async idle(nsp = '/') {
        const look = async () => {
            for (;;) {
                const { requests, ackRequests } = await this.act('stats', { nsp });
                if (requests === 0 && (ackRequests === 0 || this.nodes[0].kind === 'node'))
                    return;
            }
        };
        await within(DEADLINE, look(), () => 'end of what is pending');
    }

    /** The clients of a case. */
    async close() {
        await Promise.all(this.#clients.splice(0).map((client) => client.close()));
    }
}
