/** clock — notices that somebody set the machine's clock: a Pi has none of its own, and learns the time from the network. */

/** From and to, ms since the Unix epoch. */
export type Jump = { from: number; to: number };
/** Of now, by the clock that is set and by the one that only moves on. */
export type Clocks = { wall: () => number; steady: () => number };

const machine: Clocks = { wall: () => Date.now(), steady: () => performance.now() };

/** What the arbiter forgives too; less is the daily work of whoever keeps the clock right. */
const tellMs = 30_000;
/** How long the owner is told of a jump, and how many are remembered. */
const tellForMs = 24 * 3_600_000;
const remembered = 20;

export type Clock = {
  /** Compares the two clocks with what they were. Returns the jump since the last look, if there was one. */
  look(): Jump | undefined;
  /** Since start, oldest first, the last 20. */
  readonly jumps: readonly Jump[];
  /** Sentences for the owner about the last day. */
  problems(): string[];
};

export function createClock({ wall, steady }: Clocks = machine): Clock {
  let offset = wall() - steady();
  const jumps: Jump[] = [];
  let toldUntil = -Infinity;
  return {
    jumps,
    look() {
      const [to, at] = [wall(), steady()];
      const from = Math.round(at + offset);
      offset = to - at;
      if (Math.abs(to - from) < tellMs) return undefined;
      const jump = { from, to };
      jumps.push(jump);
      if (jumps.length > remembered) jumps.shift();
      toldUntil = at + tellForMs;
      return jump;
    },
    problems() {
      const last = jumps.at(-1);
      return last && steady() < toldUntil ? [sentenceOf(last)] : [];
    },
  };
}

function sentenceOf({ from, to }: Jump): string {
  const way = to > from ? 'forward' : 'back';
  const told = (at: number) => new Date(at).toISOString().slice(0, 16).replace('T', ' ');
  return `The clock was set ${way} from ${told(from)} to ${told(to)} UTC; what was stored before has the times of before.`;
}
