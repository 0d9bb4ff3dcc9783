/** thread — a worker that opens what the network worker opens, and is terminated in the middle of it. */
import { parentPort } from 'node:worker_threads';
import { loadNative, packetWords, batchSize } from '../../../src/network/native.ts';

const native = loadNative();
native.watchOpen(() => {});
native.queueOpen(8, 16, 1, 1, new Uint32Array(packetWords * batchSize), () => {});
parentPort?.postMessage('open');
