/* SPDX-License-Identifier: MIT */
/* examples/chat in a real browser: its user and one by TCP talk in one room. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { findBrowser, startBrowser } from './lib/browser.mjs';
import { startChat, startChatNode, tcpUser } from './lib/chat.mjs';
import { Scope, startRedis } from './lib/fixture.mjs';

const program = findBrowser();
if (!program) {
    console.log('SKIP: Chromium is missing; scripts/setup installs it');
    process.exit(77);
}

/* Whether a line of the log says so. */
const shows = (text) => `[...document.querySelectorAll('#log li')]
    .some((line) => line.textContent === ${JSON.stringify(text)})`;

describe('the page of examples/chat', () => {
    const scope = new Scope();
    let redis;
    let node;
    let page;
    let ann;

    before(async () => {
        redis = await startRedis(scope, { tcp: true });
        let chat;
        let browser;
        [chat, node, browser] = await Promise.all([
            startChat(scope, redis), startChatNode(scope, redis), startBrowser(scope, program),
        ]);
        [page, ann] = await Promise.all([
            browser.open(`${node.url}/?room=tea`), tcpUser(scope, chat, 'ann', 'tea'),
        ]);
        await page.until("document.querySelector('#state')?.textContent === 'Connected'");
    });
    after(() => scope.close());

    it('lets its user into the room that the address names', async () => {
        await page.type('#nick', 'bob');
        await page.click('#enter button');
        await page.until(shows('You are in tea as bob.'));
        await ann.reads('[tea] * bob (browser) has joined');
    });

    it('shows what a TCP user says, and a TCP user reads what is typed', async () => {
        ann.send('good morning');
        await page.until(shows('ann TCP good morning'));
        await page.type('#text', 'hello, ann');
        await page.pressEnter();
        await ann.reads('[tea] bob (browser): hello, ann');
        await page.until(shows('bob Browser hello, ann'));
        assert.equal(await page.evaluate("document.querySelector('#text').value"), '');
    });

    it('shows text as text', async () => {
        await ann.ask('/nick <i>ann</i>', '* you are <i>ann</i>');
        await page.until(shows('ann is now <i>ann</i> TCP.'));
        ann.send('<img src=x onerror="window.hacked = true"> &amp;');
        await page.until(shows('<i>ann</i> TCP <img src=x onerror="window.hacked = true"> &amp;'));
        assert.equal(await page.evaluate("document.querySelectorAll('#log img, #log i').length"), 0);
        assert.equal(await page.evaluate('window.hacked'), undefined);
        await ann.ask('/nick ann', '* you are ann');
    });

    it('tells who is there', async () => {
        assert.deepEqual(await ann.who('tea'), ['ann (tcp)', 'bob (browser)']);
        await page.click('#who');
        await page.until(`${shows('Here: bob Browser, ann TCP')} || ${
            shows('Here: ann TCP, bob Browser')}`);
    });

    it('tells of joins and leaves', async () => {
        await ann.ask('/leave', '* you have left tea and talk in no room');
        await page.until(shows('ann TCP has left.'));
        await ann.ask('/join tea', '* you have joined tea and talk in tea');
        await page.until(shows('ann TCP has joined.'));
    });

    it('is usable without seeing it', async () => {
        const tree = await page.accessibility();
        const of = (role) => tree.filter((node) => node.role === role);
        assert.deepEqual(of('textbox').map(({ name }) => name), ['Message']);
        assert.deepEqual(of('button').map(({ name }) => name), ['Who is here', 'Leave', 'Send']);
        assert.deepEqual(of('log').map(({ name, live }) => [name, live]), [['Messages', 'polite']]);
        assert.ok(of('status').length === 1 && of('main').length === 1);
    });

    it('fits a screen of 360 pixels', async () => {
        ann.send('x'.repeat(1000));
        await page.until(shows(`ann TCP ${'x'.repeat(1000)}`));
        assert.equal(await page.evaluate('innerWidth'), 360);
        assert.ok(await page.evaluate('document.documentElement.scrollWidth') <= 360);
    });

    it('comes back after a restart of its server', async () => {
        await node.end();
        await ann.reads('[tea] * bob (browser) has left');
        node = await startChatNode(scope, redis, { listen: new URL(node.url).host });
        await ann.reads('[tea] * bob (browser) has joined');
        ann.send('welcome back');
        await page.until(shows('ann TCP welcome back'));
    });

    it('tells its user what the server refuses', async () => {
        await page.click('#leave');
        await ann.reads('[tea] * bob (browser) has left');
        await page.type('#room', 'ä'.repeat(40));
        await page.pressEnter();
        await page.until("document.querySelector('[role=alert]').textContent.includes('64 bytes')");
    });

    it('runs without an error of its scripts', () => {
        assert.deepEqual(page.failures, []);
    });
});
