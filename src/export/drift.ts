/** drift — how far the clock was set while this process lives: a Pi learns the time from the network, hours after it started. */

/** Of now, ms: by the clock that is set, since the Unix epoch, and by the one that only moves on. */
export type Clocks = { now: () => number; steady: () => number };

/** Less is the daily work of whoever keeps the clock right. */
const noticeMs = 1_000;

export type Drift = {
  /** What the clock was set by since it was last followed, ms; 0: nothing to speak of. */
  by(): number;
  /** All that is kept was moved by so much. */
  followed(by: number): void;
};

export function createDrift({ now, steady }: Clocks): Drift {
  let offset = now() - steady();
  return {
    by() {
      const by = Math.round(now() - steady() - offset);
      return Math.abs(by) < noticeMs ? 0 : by;
    },
    followed: (by) => void (offset += by),
  };
}
