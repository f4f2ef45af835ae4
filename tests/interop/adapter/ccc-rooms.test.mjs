/* SPDX-License-Identifier: MIT */
/* Three C nodes. */
import { describeMix } from './suite.mjs';

describeMix(['c', 'c', 'c'], 'rooms');
