/** build — everything that a checkout needs before it runs: `npm run build`. */
import { buildNative } from './native.ts';

console.log(`built ${buildNative()}`);
