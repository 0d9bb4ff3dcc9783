/** Aggregates of numbers as they come: in little memory, but for the median. Pure. */
import { middleOf } from './middle.ts';
import type { Aggregate } from './operations.ts';

export type Accumulator = {
  /** Takes the numbers from one place to before another. */
  add(values: Float64Array, from: number, to: number): void;
  /** Asked for once. null where there is none: of nothing (but the count of nothing is 0), the standard deviation of a single number. */
  result(): number | null;
};

export const accumulators: Record<Aggregate, () => Accumulator> = {
  sum: () => mapped(total(), ({ sum, count }) => (count === 0 ? null : sum)),
  mean: () => mapped(total(), ({ sum, count }) => (count === 0 ? null : sum / count)),
  count: () => mapped(total(), ({ count }) => count),
  min: () => extreme(false),
  max: () => extreme(true),
  median,
  sd: deviation,
};

// Each goes through its numbers with variables of its own: a number that is kept beyond a call is an object, and garbage
// with the next.

type Total = { sum: number; count: number };

/** Compensates rounding as SQLite does (Kahan, Babuška, Neumaier). */
function total(): { add: Accumulator['add']; total(): Total } {
  let [sum, lost, count] = [0, 0, 0];
  return {
    add(values, from, to) {
      let [here, away] = [sum, lost];
      for (let at = from; at < to; at++) {
        const value = values[at] as number;
        const next = here + value;
        away += Math.abs(here) >= Math.abs(value) ? here - next + value : value - next + here;
        here = next;
      }
      [sum, lost] = [here, away];
      count += to - from;
    },
    total: () => ({ sum: Number.isFinite(sum) ? sum + lost : sum, count }),
  };
}

type Adding = ReturnType<typeof total>;
const mapped = (adding: Adding, result: (of: Total) => number | null): Accumulator => ({
  add: adding.add,
  result: () => result(adding.total()),
});

function extreme(isMost: boolean): Accumulator {
  let found: number | null = null;
  return {
    add(values, from, to) {
      if (from === to) return;
      let furthest = found ?? (values[from] as number);
      for (let at = from; at < to; at++) {
        const value = values[at] as number;
        if (isMost ? value > furthest : value < furthest) furthest = value;
      }
      found = furthest;
    },
    result: () => found,
  };
}

/** Distances from the mean so far (Welford): sums of squares would lose everything when the mean is large. */
function deviation(): Accumulator {
  let [count, mean, squares] = [0, 0, 0];
  return {
    add(values, from, to) {
      let [n, middle, sum] = [count, mean, squares];
      for (let at = from; at < to; at++) {
        const value = values[at] as number;
        const distance = value - middle;
        middle += distance / ++n;
        sum += distance * (value - middle);
      }
      [count, mean, squares] = [n, middle, sum];
    },
    result: () => (count < 2 ? null : Math.sqrt(squares / (count - 1))),
  };
}

/** Of the last median, for the next one: to grow to it anew leaves twice as much garbage. 1 MB at most. */
let spare = new Float64Array(64);
const mostSpare = 131_072;

function median(): Accumulator {
  let values = spare;
  let count = 0;
  spare = new Float64Array(64);
  return {
    add(more, from, to) {
      const size = count + to - from;
      if (size > values.length) {
        const larger = new Float64Array(Math.max(size, 2 * values.length));
        larger.set(values.subarray(0, count));
        values = larger;
      }
      values.set(more.subarray(from, to), count);
      count = size;
    },
    result() {
      const middle = count === 0 ? null : middleOf(values.subarray(0, count));
      if (values.length > spare.length && values.length <= mostSpare) spare = values;
      return middle;
    },
  };
}
