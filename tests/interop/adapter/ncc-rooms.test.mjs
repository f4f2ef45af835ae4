/* SPDX-License-Identifier: MIT */
/* A Node server and two C nodes. */
import { describeMix } from './suite.mjs';

describeMix(['node', 'c', 'c'], 'rooms');
