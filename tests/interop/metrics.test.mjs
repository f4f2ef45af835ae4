/* SPDX-License-Identifier: MIT */
/* examples/metrics: what it serves is what Prometheus reads, and its numbers are right. The
 * rules are those of the text format 0.0.4 and of the naming conventions beside it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Scope, startRedis, within } from './lib/fixture.mjs';

const PROGRAM = join(process.env.SIO_EXAMPLES ?? '', 'example_metrics');
const SUFFIXES = { summary: ['', '_sum', '_count'], counter: [''], gauge: [''] };
const UNITS = /_(seconds|bytes)(_total|_sum|_count)?$/;

/** {name: {type, help, samples: [{labels, value}]}}; throws at what the format does not allow. */
function parse(text) {
    const metrics = {};
    let current;
    assert.ok(text.endsWith('\n'), 'the last line has an end');
    for (const line of text.slice(0, -1).split('\n')) {
        const [, comment, about, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
        if (comment === 'HELP') {
            assert.ok(!(about in metrics), `${about} twice`);
            current = metrics[about] = { help: rest, samples: [] };
        } else if (comment === 'TYPE') {
            assert.equal(metrics[about], current, `${about}: TYPE follows HELP`);
            assert.deepEqual(current.samples, [], 'TYPE comes before the samples');
            assert.ok(rest in SUFFIXES, rest);
            current.type = rest;
            current.name = about;
        } else {
            const [, name, labels = '', value] =
                /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^}]*\})? (\S+)$/.exec(line) ?? assert.fail(line);
            assert.ok(SUFFIXES[current.type].includes(name.slice(current.name.length))
                && name.startsWith(current.name), `${name} under ${current.name}`);
            assert.match(labels, /^(\{[a-z_]+="[^"\\\n]*"(,[a-z_]+="[^"\\\n]*")*\})?$/);
            assert.ok(Number.isFinite(Number(value)), line);
            const key = `${name}${labels}`;
            assert.ok(!current.samples.some((each) => each.key === key), `${key} twice`);
            current.samples.push({ key, name, labels, value: Number(value) });
        }
    }
    return metrics;
}

describe('examples/metrics', () => {
    const scope = new Scope();
    let redis;
    let child;
    let ended;
    let url;

    before(async () => {
        redis = await startRedis(scope);
        child = spawn(PROGRAM, [redis.url], { stdio: ['ignore', 'pipe', 'pipe'] });
        ended = new Promise((resolve) => child.once('close', resolve));
        scope.after(() => { child.kill('SIGKILL'); return ended; });
        url = await within(10_000, new Promise((resolve) =>
            createInterface({ input: child.stdout }).once('line', resolve)), () => 'address');
    });
    after(() => scope.close());

    const scrape = async () => {
        const response = await fetch(url);
        assert.equal(response.status, 200);
        assert.equal(response.headers.get('content-type'),
            'text/plain; version=0.0.4; charset=utf-8');
        const metrics = parse(await response.text());
        const value = (key) => Object.values(metrics).flatMap(({ samples }) => samples)
            .find((sample) => sample.key === key)?.value;
        return { metrics, value };
    };
    const stats = async () => (await fetch(new URL('/stats', url))).json();

    async function until(condition, what) {
        const limit = Date.now() + 15_000;
        for (;;) {
            const seen = await scrape();
            if (condition(seen.value))
                return seen;
            assert.ok(Date.now() < limit, what);
            await delay(20);
        }
    }

    it('is in the text format, named as is the custom', async () => {
        const { metrics } = await until((value) => value('sio_publishes_accepted_total') > 3
            && value('sio_round_trip_seconds_count') > 0, 'emits');
        assert.ok(Object.keys(metrics).length > 20);
        for (const [name, { type, help, samples }] of Object.entries(metrics)) {
            assert.match(name, /^sio_[a-z_]+$/);
            assert.equal(name.endsWith('_total'), type === 'counter', name);
            assert.match(help, /^[A-Z].*\.$/);
            assert.ok(samples.length > 0, name);
            for (const { value } of samples)
                assert.ok(type === 'gauge' || value >= 0);
            for (const unit of ['byte', 'second'])
                if (name.includes(unit))
                    assert.match(name, UNITS);
        }
    });

    it('has the numbers of the link', async () => {
        const { value } = await scrape();
        const { round_trips: trips, ...json } = await stats();
        assert.equal(value('sio_link_up'), 1);
        assert.equal(value('sio_link_connections'), 1);
        assert.equal(value('sio_link_connects_total'), 1);
        assert.equal(value('sio_link_reconnects_total'), 0);
        assert.equal(value('sio_outbox_bound_bytes'), 16 * 1024 * 1024);
        assert.equal(value('sio_outbox_publishes_bound'), 65536);
        assert.equal(value('sio_publishes_failed_total{reason="SIO_EXPIRED"}'), 0);
        assert.ok(value('sio_link_written_bytes_total') > 100);
        assert.ok(value('sio_link_read_bytes_total') > 10);
        const [median, worst] = ['0.5', '1'].map((quantile) =>
            value(`sio_round_trip_seconds{quantile="${quantile}"}`));
        assert.ok(median > 0 && median <= worst && worst < 5);
        assert.ok(value('sio_round_trip_seconds_sum') >= worst);
        assert.equal(json.state, 'up');
        assert.equal(json.outbox.publishes_bound, 65536);
        assert.ok(trips.p50_us <= trips.p90_us && trips.p90_us <= trips.p99_us
            && trips.p99_us <= trips.max_us && trips.recent <= trips.count);
    });

    it('shows an outage, and that it is over', async () => {
        await redis.kill();
        const { value } = await until((now) => now('sio_link_up') === 0
            && now('sio_outbox_publishes') > 1 && now('sio_link_failed_attempts_total') > 0, 'down');
        assert.equal(value('sio_link_connections'), 0);
        assert.equal(value('sio_link_disconnects_total'), 1);
        assert.ok(value('sio_outbox_bytes') > 40);
        assert.match((await stats()).state, /^(down|connecting)$/);
        await redis.start();
        const back = await until((now) => now('sio_link_up') === 1
            && now('sio_outbox_publishes') === 0, 'up');
        assert.equal(back.value('sio_link_reconnects_total'), 1);
        assert.equal(back.value('sio_link_connections'), 1);
    });

    it('answers nothing else', async () => {
        assert.equal((await fetch(new URL('/', url))).status, 404);
        assert.notEqual((await fetch(url, { method: 'POST', body: 'x' })).status, 200);
    });

    it('ends when it is told to', async () => {
        child.kill('SIGTERM');
        assert.equal(await within(10_000, ended, () => 'end of example_metrics'), 0);
    });
});
