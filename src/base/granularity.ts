/** granularity — how finely an app asks to see a datasource, as `granularities` of its manifest say. Pure. */
import { z } from 'zod';

/** The one kind that is enforced: only aggregates over at least so many ms. */
const Known = z.strictObject({ 'minimum-sample-interval': z.int().positive() });

/** Ms of the shortest bucket that the app asks to see; the longest of several, null when it asks for every entry. */
export function sampleIntervalOf(granularities: readonly unknown[]): number | null {
  const known = granularities.flatMap((one) => Known.safeParse(one).data?.['minimum-sample-interval'] ?? []);
  return known.length === 0 ? null : Math.max(...known);
}

/** Entries that mean nothing here. */
export const unknownGranularities = (granularities: readonly unknown[]): unknown[] =>
  granularities.filter((one) => !Known.safeParse(one).success);
