/** Caveats: what narrows a grant. Only kinds that a verifier enforces exist; another is refused when it is granted. */
import { z } from 'zod';
import { canonicalDestination } from '../base/destinations.ts';

const Timestamp = z.int().nonnegative();
const Interval = z.int().positive();
const Destination = z.string().transform((text, context) => {
  const destination = canonicalDestination(text);
  if (destination !== undefined) return destination;
  context.addIssue({ code: 'custom', message: 'must be a plain https URL' });
  return z.NEVER;
});

/**
 * One condition: `{observe: 'data' | 'audit' | 'notification'}` (only for an observation of that mode),
 * `{destination: 'https://…'}` (only for an export to exactly that URL), `{startTimestamp}` and `{endTimestamp}`
 * (only used from and until then, both included, ms since the Unix epoch), `{'minimum-sample-interval'}` (only for
 * aggregates of buckets of so many ms, or a multiple: two lengths that do not divide would tell single points apart).
 */
const Caveat = z.union(
  [
    z.strictObject({ observe: z.enum(['data', 'audit', 'notification']) }),
    z.strictObject({ destination: Destination }),
    z.strictObject({ startTimestamp: Timestamp }),
    z.strictObject({ endTimestamp: Timestamp }),
    z.strictObject({ 'minimum-sample-interval': Interval }),
  ],
  'must have one member: observe, destination, startTimestamp, endTimestamp or minimum-sample-interval',
);
export type Caveat = z.infer<typeof Caveat>;

const kindOf = (caveat: Caveat): string => Object.keys(caveat)[0] ?? '';

/**
 * All conditions of one grant, in one order and spelling, so that equal lists have equal JSON text. Each kind at most
 * once: two destinations in one grant could never both hold (two grants side by side allow either).
 */
export const Caveats = z
  .array(Caveat)
  .refine((list) => new Set(list.map(kindOf)).size === list.length, 'each kind of caveat may appear once')
  .transform((list) => [...list].sort((a, b) => (kindOf(a) < kindOf(b) ? -1 : 1)));

/** The earliest moment after which these conditions no longer hold, ms since the Unix epoch. */
export function endOf(caveats: readonly Caveat[]): number | undefined {
  const ends = caveats.flatMap((caveat) => ('endTimestamp' in caveat ? [caveat.endTimestamp] : []));
  return ends.length > 0 ? Math.min(...ends) : undefined;
}
