/** patience — bodies that may take as long as they like, as long as they move. */
import type { IncomingMessage } from 'node:http';
import { Failure } from './errors.ts';

const patient = new WeakSet<IncomingMessage>();

/** Whether the time of a whole request does not count for this one. */
export const isPatient = (req: IncomingMessage): boolean => patient.has(req);

/**
 * A body in pieces, each read when it is asked for: who takes its time holds the sender back. Unlike `for await` of the
 * request this leaves it open when it ends early, so that it can be answered.
 * @param stalledMs  the longest that one piece may be waited for
 * @returns the function that waits for the next piece, null at the end
 */
export function slowBody(req: IncomingMessage, stalledMs: number): () => Promise<Buffer | null> {
  patient.add(req);
  return async () => {
    for (;;) {
      const piece = req.read() as Buffer | null;
      if (piece !== null) return piece;
      if (req.readableEnded) return null;
      if (req.destroyed) throw new Error('the sender hung up');
      await moved(req, stalledMs);
    }
  };
}

const signs = ['readable', 'end', 'error', 'close'] as const;

async function moved(req: IncomingMessage, stalledMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(
    () => reject(new Failure('request.timeout', `nothing came for ${Math.round(stalledMs / 1_000)} s`)),
    stalledMs,
  );
  const go = (): void => resolve();
  for (const sign of signs) req.on(sign, go);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    for (const sign of signs) req.off(sign, go);
  }
}

/** Time that a sender has to see that it was answered before its end. */
const farewellMs = 1_000;

/** Lets what is left of a body run out, for a moment: a sender that is cut off at once may not see the answer. */
export function abandonBody(req: IncomingMessage): void {
  if (req.complete) return;
  req.on('error', () => {}).resume();
  setTimeout(() => {
    if (!req.complete) req.socket.destroy();
  }, farewellMs).unref();
}
