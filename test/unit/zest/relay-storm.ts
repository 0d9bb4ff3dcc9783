/** relay-storm — a process of its own for a relay that is built otherwise: the addon, and for how many rounds. */
import { createRequire } from 'node:module';
import type { Native } from '../../../src/zest/native.ts';
import { openRelayed, storm } from './relayed.ts';

const [addon = '', rounds] = process.argv.slice(2);
const native = createRequire(import.meta.url)(addon) as Native;
await using it = await openRelayed({ native, most: { stalledMs: 50 } });
console.log(JSON.stringify(await storm(it, Number(rounds))));
