/** backlog — what waits for one identity, and for how long it may. Pure: it is told the time. */

/** Of one identity. */
export const mostWaiting = { frames: 1_000, bytes: 1024 * 1024 };
/** Of all identities of one door, in bytes: what does not fit is not told. */
export const mostOfDoor = 16 * 1024 * 1024;
/**
 * A client returns from observing before it is connected. One that lost its connection may come back 10 s after Databox did: its
 * ZeroMQ looks the name up, in vain for 6 s while nobody answers, and then waits for as long again.
 */
export const graceMs = 20_000;
/** Whoever was neither there nor reading for so long has gone for good. */
export const lostMs = 600_000;
const tries = { firstMs: 20, lastMs: 1_000 };

export type Backlog = {
  readonly frames: readonly Buffer[];
  /** Of all frames. */
  bytes(): number;
  /** Keeps a frame behind those that wait; the oldest goes when there is no room. Returns whether one went. */
  add(frame: Buffer): boolean;
  /** This one, which was the first, is on its way; it may have had to go for lack of room meanwhile. */
  sent(frame: Buffer): void;
  /** The first one could not be sent. Returns what becomes of the identity. */
  failed(fault: 'absent' | 'slow', now: number): 'waits' | 'dropped' | 'lost';
  /** Whether it is time to try again. */
  isDue(now: number): boolean;
};

export function createBacklog(): Backlog {
  const frames: Buffer[] = [];
  let bytes = 0;
  /** When the failures began that no success has ended. */
  let since: number | undefined;
  let [waitMs, next] = [tries.firstMs, 0];
  const shift = (): void => void (bytes -= frames.shift()?.length ?? 0);
  return {
    frames,
    bytes: () => bytes,
    add(frame) {
      frames.push(frame);
      bytes += frame.length;
      let isFull = false;
      while (frames.length > 1 && (frames.length > mostWaiting.frames || bytes > mostWaiting.bytes)) {
        shift();
        isFull = true;
      }
      return isFull;
    },
    sent(frame) {
      if (frames[0] === frame) shift();
      since = undefined;
      waitMs = tries.firstMs;
      next = 0;
    },
    failed(fault, now) {
      since ??= now;
      next = now + waitMs;
      waitMs = Math.min(2 * waitMs, tries.lastMs);
      if (now - since >= lostMs) return 'lost';
      // Who is there and does not read keeps what fits; what is old is of no use to who comes back much later.
      if (fault === 'slow' || now - since < graceMs) return 'waits';
      frames.length = 0;
      bytes = 0;
      return 'dropped';
    },
    isDue: (now) => now >= next,
  };
}
