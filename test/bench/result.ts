/** What a benchmark says. */
export type Result = {
  name: string;
  value: number | null;
  /** `ratio`, or why it is not one. */
  unit: string;
  goal: number | null;
  better: 'higher' | 'lower';
  met: boolean | null;
  /** The figures behind a ratio, with their units in the names. */
  [detail: string]: unknown;
};

type About = { goal: number | null; better: Result['better']; figures?: Record<string, number> };

export function ratio(name: string, ours: number, { goal, better, figures = {} }: About): Result {
  const value = Number(ours.toFixed(3));
  const met = goal === null ? null : better === 'higher' ? value >= goal : value <= goal;
  return { name, value, unit: 'ratio', goal, better, met, ...figures };
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

export const absent = (peer: string): Result => ({
  ...{ name: `${peer} is not installed here: nothing was measured against it`, value: null, unit: 'none' },
  ...{ goal: null, better: 'higher', met: null },
});

/** Rates as figures; without those that were not measured. */
export const perSecond = (seen: Record<string, number>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(seen)
      .filter(([, value]) => !Number.isNaN(value))
      .map(([name, value]) => [`${name}_per_s`, Math.round(value)]),
  );
