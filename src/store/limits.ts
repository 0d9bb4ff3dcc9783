/** What a store takes. Pure. */

/** Largest body of one request, unless options say otherwise: also the longest value or document that is kept. */
export const defaultBodyBytes = 1024 * 1024;

/** The longest that a piece of a stream of lines is waited for: half-sent requests are gone within 30 s. */
export const longestStallMs = 20_000;

/** Of a catalogue: it is read whole, by apps and at each change of rights. */
export const catalogueLimits = { items: 10_000, bytes: 8 * 1024 * 1024 };
