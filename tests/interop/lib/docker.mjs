/* SPDX-License-Identifier: MIT */
/* As much of Docker Compose as a test on a machine without it needs: what a service
 * would run, with which environment, on which files. */
import { cp, mkdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** The services of docker-compose.yml. `$$` stands for `$` in it. */
export async function readCompose() {
    const text = await readFile(join(ROOT, 'docker-compose.yml'), 'utf8');
    return parse(text.replaceAll('$$', '$'), { merge: true }).services;
}

/** The [instruction, rest] pairs of a Dockerfile's stages, the last stage last. */
export async function readDockerfile(path) {
    const text = (await readFile(join(ROOT, path), 'utf8'))
        .replace(/^#.*\n/gm, '').replace(/\\\n\s*/g, ' ');
    const stages = [];
    for (const line of text.split('\n').filter((l) => l.trim() !== '')) {
        const [, instruction, rest] = /^(\w+)\s+(.*)$/.exec(line);
        if (instruction === 'FROM')
            stages.push([]);
        stages.at(-1).push([instruction, rest]);
    }
    return stages;
}

/** Carry out a stage's COPYs from the project into `dir`, Docker's rules for the
 *  destination included. */
export async function copyStage(stage, dir) {
    for (const [instruction, rest] of stage) {
        if (instruction !== 'COPY' || rest.startsWith('--from'))
            continue;
        const words = rest.split(/\s+/);
        const to = words.pop();
        for (const from of words) {
            const source = join(ROOT, from);
            const whole = (await stat(source)).isDirectory();
            const into = to.endsWith('/') && !whole;
            const target = into ? join(dir, to, basename(from)) : join(dir, to);
            await mkdir(join(target, '..'), { recursive: true });
            await cp(source, target, { recursive: true });
        }
    }
}

/** The exec form of ENTRYPOINT and CMD in the last stage, `command` in the latter's place. */
export function argvOf(stages, command) {
    const last = Object.fromEntries(stages.at(-1));
    const list = (text) => (text === undefined ? [] : JSON.parse(text));
    return [...list(last.ENTRYPOINT), ...(command ?? list(last.CMD))];
}
