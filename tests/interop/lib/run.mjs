/* SPDX-License-Identifier: MIT */
/* run.mjs FILE: run one test file, or skip it visibly (status 77) when what it stands
 * on is not installed. */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

function skip(reason) {
    console.log(`SKIP: ${reason}; scripts/setup installs it`);
    process.exit(77);
}

if (Number(process.versions.node.split('.')[0]) < 18)
    skip(`Node ${process.versions.node} is too old, 18 is needed`);
if (!existsSync(new URL('../node_modules/.package-lock.json', import.meta.url)))
    skip('the npm packages of tests/interop are missing');
await import(pathToFileURL(process.argv[2]));
