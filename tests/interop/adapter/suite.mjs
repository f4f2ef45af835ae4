/* SPDX-License-Identifier: MIT */
/* The adapters' common suite: each case on three nodes, each of which acts in turn, in
 * every configuration. */
import { after, afterEach, before, describe, it } from 'node:test';
import { startRedis } from '../lib/redis.mjs';
import { Scope } from '../lib/scope.mjs';
import acks from './cases-acks.mjs';
import broadcast from './cases-broadcast.mjs';
import manage from './cases-manage.mjs';
import questions from './cases-questions.mjs';
import serverSide from './cases-server-side.mjs';
import { startNode } from './nodes.mjs';
import { Stage } from './stage.mjs';

const CASES = [...broadcast, ...acks, ...manage, ...questions, ...serverSide];
const REQUESTS_TIMEOUT = 1000; /* a case waits for it once */

function describeConfiguration(kinds, options) {
    describe(`${options.specific ? 'specific' : 'shared'} response channel`, () => {
        const whole = new Scope();
        const at = {};
        let stage;
        before(async () => {
            at.redis = await startRedis(whole);
            at.nodes = await Promise.all(kinds.map((kind) =>
                startNode(whole, at.redis, kind, { ...options, requestsTimeout: REQUESTS_TIMEOUT })));
        });
        after(() => whole.close());
        afterEach(() => stage?.close());
        for (const acting of kinds.keys())
            describe(`node ${acting + 1} (${kinds[acting]}) acts`, () => {
                for (const { name, run } of CASES)
                    it(name, () => {
                        stage = new Stage(at.redis, at.nodes, acting);
                        return run(stage);
                    });
            });
    });
}

/** @param kinds  'c' or 'node', for each of the three nodes
 *  @param subscription  'pattern' or 'rooms', of the C ones */
export function describeMix(kinds, subscription) {
    describe(`adapter suite, ${kinds.join(' ')}, subscription by ${subscription}`, () => {
        for (const specific of [false, true])
            describeConfiguration(kinds, { subscription, specific });
    });
}
