import type { Sample } from './feeds.ts';

export type Summary = {
  min: number | null;
  max: number | null;
  mean: number | null;
  latest: number | null;
  /** Samples read since the app started; the other figures are of those still kept. */
  samples: number;
};

/** The figures of `samples`, oldest first; null when there are none. `min` comes first: scripts look for it there. */
export function summarise(samples: readonly Sample[], read: number): Summary {
  const values = samples.map(({ value }) => value);
  if (values.length === 0) return { min: null, max: null, mean: null, latest: null, samples: read };
  const sum = values.reduce((total, value) => total + value, 0);
  return {
    min: Math.min(...values),
    max: Math.max(...values),
    mean: sum / values.length,
    latest: values.at(-1) ?? null,
    samples: read,
  };
}
