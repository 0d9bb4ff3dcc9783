/** A thread that can be frozen. */
import { serveWorker } from '../../../src/base/worker.ts';

export type ThreadHandlers = { freeze(cell: Int32Array): void };

serveWorker({
  freeze: (cell: Int32Array) => void Atomics.wait(cell, 0, 0),
} satisfies ThreadHandlers);
