/* SPDX-License-Identifier: MIT */
/* All that a test, the demo or a benchmark in Node needs, by one import. */
export * from './clients.mjs';
export * from './cluster.mjs';
export * from './peers.mjs';
export * from './programs.mjs';
export * from './redis.mjs';
export * from './scope.mjs';
export * from './values.mjs';
