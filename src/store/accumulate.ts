/** Aggregates of numbers as they come: in little memory, but for the median. Pure. */
import type { Aggregate } from './operations.ts';

export type Accumulator = {
  add(value: number): void;
  /** null where there is none: of nothing (but the count of nothing is 0), the standard deviation of a single number. */
  result(): number | null;
};

export const accumulators: Record<Aggregate, () => Accumulator> = {
  sum: () => mapped(total(), ({ sum, count }) => (count === 0 ? null : sum)),
  mean: () => mapped(total(), ({ sum, count }) => (count === 0 ? null : sum / count)),
  count: () => mapped(total(), ({ count }) => count),
  min: () => extreme((value, least) => value < least),
  max: () => extreme((value, most) => value > most),
  median,
  sd: deviation,
};

type Total = { sum: number; count: number };

/** Compensates rounding as SQLite does (Kahan, Babuška, Neumaier). */
function total(): { add(value: number): void; total(): Total } {
  let [sum, lost, count] = [0, 0, 0];
  return {
    add(value) {
      const next = sum + value;
      lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
      sum = next;
      count++;
    },
    total: () => ({ sum: Number.isFinite(sum) ? sum + lost : sum, count }),
  };
}

type Adding = ReturnType<typeof total>;
const mapped = (adding: Adding, result: (of: Total) => number | null): Accumulator => ({
  add: (value) => adding.add(value),
  result: () => result(adding.total()),
});

function extreme(isFurther: (value: number, than: number) => boolean): Accumulator {
  let found: number | null = null;
  return {
    add(value) {
      if (found === null || isFurther(value, found)) found = value;
    },
    result: () => found,
  };
}

/** Distances from the mean so far (Welford): sums of squares would lose everything when the mean is large. */
function deviation(): Accumulator {
  let [count, mean, squares] = [0, 0, 0];
  return {
    add(value) {
      const distance = value - mean;
      mean += distance / ++count;
      squares += distance * (value - mean);
    },
    result: () => (count < 2 ? null : Math.sqrt(squares / (count - 1))),
  };
}

function median(): Accumulator {
  let values = new Float64Array(64);
  let count = 0;
  return {
    add(value) {
      if (count === values.length) {
        const larger = new Float64Array(2 * count);
        larger.set(values);
        values = larger;
      }
      values[count++] = value;
    },
    result() {
      if (count === 0) return null;
      const sorted = values.subarray(0, count).sort();
      const middle = (count - 1) / 2;
      const [low, high] = [sorted[Math.floor(middle)] as number, sorted[Math.ceil(middle)] as number];
      return low === high ? low : low + (high - low) / 2;
    },
  };
}
