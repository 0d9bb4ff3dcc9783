/** load — requests for a while on every line at once, and single ones by the clock. */
import { median } from '../result.ts';
import type { Line } from './line.ts';

/** Who asks and waits, whatever a request is. */
export type Asks<T> = { ask(request: T): Promise<unknown> };

/** @returns requests answered a second, all lines together */
export async function rate<T>(lines: readonly Asks<T>[], next: () => T, ms: number): Promise<number> {
  const start = performance.now();
  const until = start + ms;
  let count = 0;
  const work = async (line: Asks<T>): Promise<void> => {
    for (; performance.now() < until; count++) await line.ask(next());
  };
  await Promise.all(lines.map(work));
  return (count * 1_000) / (performance.now() - start);
}

/** @returns ms that each of so many requests took, one after the other */
export async function delays(line: Line, next: () => string, count: number): Promise<number[]> {
  const all: number[] = [];
  for (let at = 0; at < count; at++) {
    const start = performance.now();
    await line.ask(next());
    all.push(performance.now() - start);
  }
  return all;
}

type Way = () => Promise<number>;

/**
 * Runs each of the ways once a round, in turn, so that what the machine does otherwise meets all of them.
 * @returns the median of each; NaN for one that is not there
 */
export async function alternating<T extends string>(
  rounds: number,
  ways: Record<T, Way | undefined>,
): Promise<Record<T, number>> {
  const seen = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, way] of Object.entries<Way | undefined>(ways)) if (way) seen.get(name)?.push(await way());
  }
  return Object.fromEntries([...seen].map(([name, values]) => [name, median(values)])) as Record<T, number>;
}
