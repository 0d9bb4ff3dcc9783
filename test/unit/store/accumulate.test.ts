import fc from 'fast-check';
import { accumulators } from '../../../src/store/accumulate.ts';
import { middleOf } from '../../../src/store/middle.ts';
import { aggregateOf } from './model.ts';

const number = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.double({ noNaN: true, min: -1e300, max: 1e300 }),
  fc.constantFrom(0, -0, 5e-324, 1e300, -1e300),
);
const numbers = fc.array(number, { minLength: 1, maxLength: 300 });

/** By sorting, in the order of numbers. */
function middleBySorting(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1] as number, sorted[sorted.length >> 1] as number];
  return low === high ? low : low + (high - low) / 2;
}

// `+ 0`: which of the two zeros is in the middle is nobody's business.
test('the middle is what sorting finds, also when the rest is sorted after a few rounds', () => {
  const rounds = fc.constantFrom(undefined, 0, 1, 2, 3);
  fc.assert(
    fc.property(numbers, rounds, (values, rounds) => {
      expect(middleOf(Float64Array.from(values), rounds) + 0).toBe(middleBySorting(values) + 0);
    }),
    { numRuns: 2_000 },
  );
});

test.each<[name: string, at: (place: number) => number]>([
  ['ascending', (place) => place],
  ['descending', (place) => -place],
  ['all the same', () => 7],
  ['two of them', (place) => place % 2],
  ['up and down', (place) => Math.min(place, 9_999 - place)],
  ['few and far', (place) => (place * 7_919) % 13],
  ['scattered', (place) => (place * 7_919) % 10_007],
  [
    'such that three are no sample',
    (place) => (place < 5_000 ? (place % 2 === 0 ? place : 5_000 + place) : 2 * (place - 5_000)),
  ],
])('the middle of ten thousand, %s', (_, at) => {
  for (const count of [10_000, 9_999]) {
    const values = Array.from({ length: count }, (_, place) => at(place));
    expect(middleOf(Float64Array.from(values))).toBe(middleBySorting(values));
  }
});

const parts = fc.array(fc.array(fc.integer({ min: -1_000, max: 1_000 }), { maxLength: 90 }), { maxLength: 6 });

test('numbers that come in parts give what they give together; who counts beside takes nothing from it', () => {
  fc.assert(
    fc.property(parts, parts, (some, others) => {
      for (const name of Object.keys(accumulators) as (keyof typeof accumulators)[]) {
        const [one, other] = [accumulators[name](), accumulators[name]()];
        for (let at = 0; at < Math.max(some.length, others.length); at++) {
          // Only what lies between the two places counts.
          for (const [to, part] of [
            [one, some[at]],
            [other, others[at]],
          ] as const) {
            if (part) to.add(Float64Array.from([1e9, ...part, -1e9]), 1, part.length + 1);
          }
        }
        for (const [is, of] of [
          [one, some],
          [other, others],
        ] as const) {
          const expected = aggregateOf(name, of.flat());
          const result = is.result();
          if (expected === undefined) expect(result).toBeNull();
          else expect(result).toBeCloseTo(expected, 9);
        }
      }
    }),
    { numRuns: 300 },
  );
});
