/** excess — who asked for more than its share, as the owner is told. Pure. */
import type { Excess } from '../base/excess.ts';

/** What is over for so long is no news; `databox net` has it still. */
const newsMs = 600_000;

/** Lines of those who are still there. */
export const excessOf = (lines: readonly Excess[], present: ReadonlySet<string>): Excess[] =>
  lines.filter(({ component }) => present.has(component));

/** @param now  ms since the Unix epoch */
export const excessSentences = (lines: readonly Excess[], now: number): string[] =>
  lines
    .filter(({ at }) => now - at < newsMs)
    .map(
      ({ component, service, what, count, at }) =>
        `${component} goes beyond its limit: ${service} refused it ${count} ${what}, the last at ${new Date(at).toISOString()}.`,
    );
