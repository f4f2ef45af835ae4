/* SPDX-License-Identifier: MIT */
/* Three Node servers: what the suite asks for is what the npm packages do. */
import { describeMix } from './suite.mjs';

describeMix(['node', 'node', 'node'], 'pattern');
