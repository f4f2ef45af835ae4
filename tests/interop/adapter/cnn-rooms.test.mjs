/* SPDX-License-Identifier: MIT */
/* A C node and two Node servers. */
import { describeMix } from './suite.mjs';

describeMix(['c', 'node', 'node'], 'rooms');
