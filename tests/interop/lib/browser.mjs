/* SPDX-License-Identifier: MIT */
/* A headless Chromium, driven by its DevTools protocol through a pair of pipes: JSON texts,
 * each ended by a zero byte. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { within } from './scope.mjs';

const DEADLINE = 15_000;
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const FLAGS = [
    '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--no-first-run', '--remote-debugging-pipe',
];

/** The program, or undefined. */
export function findBrowser() {
    const dirs = process.env.PATH.split(delimiter);
    return NAMES.flatMap((name) => dirs.map((dir) => join(dir, name))).find((path) => {
        try {
            accessSync(path, constants.X_OK);
            return true;
        } catch {
            return false;
        }
    });
}

class Browser {
    #child;
    #exited;
    #waiting = new Map();
    #listeners = new Set();
    #last = 0;

    constructor(program, dir) {
        /* a process group of its own, to end all of its processes if need be */
        this.#child = spawn(program, [...FLAGS, `--user-data-dir=${dir}`], {
            stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], detached: true,
        });
        this.#exited = once(this.#child, 'exit');
        const [, , , input, output] = this.#child.stdio;
        input.on('error', () => {});
        let rest = '';
        output.setEncoding('utf8').on('data', (text) => {
            const messages = (rest + text).split('\0');
            rest = messages.pop();
            messages.forEach((message) => this.#receive(JSON.parse(message)));
        });
    }

    #receive({ id, result, error, ...event }) {
        if (id === undefined) {
            this.#listeners.forEach((listener) => listener(event));
            return;
        }
        const { resolve, reject } = this.#waiting.get(id);
        this.#waiting.delete(id);
        if (error)
            reject(new Error(error.message));
        else
            resolve(result);
    }

    send(method, params = {}, sessionId = undefined) {
        const id = ++this.#last;
        const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
        this.#child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
        return within(DEADLINE, answer,
            () => `answer to ${method} ${JSON.stringify(params).slice(0, 200)}`);
    }

    listen(listener) {
        this.#listeners.add(listener);
    }

    /** A tab of that width with that page. */
    async open(url, { width = 360, height = 640 } = {}) {
        const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
        const { sessionId } =
            await this.send('Target.attachToTarget', { targetId, flatten: true });
        const page = new Page(this, sessionId);
        await page.send('Runtime.enable');
        await page.send('Emulation.setDeviceMetricsOverride',
            { width, height, deviceScaleFactor: 1, mobile: false });
        await page.send('Page.navigate', { url });
        return page;
    }

    /** In its own way, so that it ends its processes; else by force. */
    async close() {
        this.send('Browser.close').catch(() => {});
        await within(DEADLINE, this.#exited, () => 'end of the browser').catch(() => {
            process.kill(-this.#child.pid, 'SIGKILL');
            return this.#exited;
        });
    }
}

class Page {
    #browser;
    #session;
    failures = []; /* of its scripts */

    constructor(browser, session) {
        this.#browser = browser;
        this.#session = session;
        browser.listen(({ method, params, sessionId }) => {
            if (sessionId === session && method === 'Runtime.exceptionThrown')
                this.failures.push(params.exceptionDetails);
        });
    }

    send(method, params) {
        return this.#browser.send(method, params, this.#session);
    }

    /** The value of a JavaScript expression in the page; promises are awaited. */
    async evaluate(expression) {
        const { result, exceptionDetails } = await this.send('Runtime.evaluate',
            { expression, awaitPromise: true, returnByValue: true });
        if (exceptionDetails)
            throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
        return result.value;
    }

    /** Wait until an expression is true in the page. */
    async until(expression) {
        const soon = `new Promise((resolve) => {
            const end = Date.now() + 500;
            const look = () => {
                const found = Boolean(${expression});
                if (found || Date.now() > end)
                    resolve(found);
                else
                    setTimeout(look, 10);
            };
            look();
        })`;
        const end = Date.now() + DEADLINE;
        /* it fails while the page is loading */
        while (!await this.evaluate(soon).catch(() => false))
            if (Date.now() > end) {
                const text = await this.evaluate('document.body.innerText');
                throw new Error(`after ${DEADLINE} ms still no ${expression} in ${text}`);
            }
    }

    /** A click into the middle of an element, once it is there to be seen. */
    async click(selector) {
        const wanted = `document.querySelector(${JSON.stringify(selector)})`;
        await this.until(`${wanted}?.offsetParent`);
        const { x, y } = await this.evaluate(`(() => {
            const element = ${wanted};
            element.scrollIntoView({ block: 'nearest' });
            const { x, y, width, height } = element.getBoundingClientRect();
            return { x: x + width / 2, y: y + height / 2 };
        })()`);
        for (const type of ['mousePressed', 'mouseReleased'])
            await this.send('Input.dispatchMouseEvent',
                { type, x, y, button: 'left', clickCount: 1 });
    }

    /** Click a field and type into it, in place of what is there. */
    async type(selector, text) {
        await this.click(selector);
        await this.evaluate('document.activeElement.select()');
        await this.send('Input.insertText', { text });
    }

    async pressEnter() {
        const key = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' };
        await this.send('Input.dispatchKeyEvent', { type: 'keyDown', ...key });
        await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...key });
    }

    /** What assistive technology sees: [{role, name, ...properties}]. */
    async accessibility() {
        const { nodes } = await this.send('Accessibility.getFullAXTree');
        return nodes.filter(({ ignored }) => !ignored).map(({ role, name, properties = [] }) => ({
            role: role?.value, name: name?.value,
            ...Object.fromEntries(properties.map(({ name: key, value }) => [key, value.value])),
        }));
    }
}

/** A running browser, ended with the scope. */
export async function startBrowser(scope, program) {
    const dir = await mkdtemp(join(tmpdir(), 'sio-browser-'));
    scope.after(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
    const browser = new Browser(program, dir);
    scope.after(() => browser.close());
    await browser.send('Browser.getVersion');
    return browser;
}
