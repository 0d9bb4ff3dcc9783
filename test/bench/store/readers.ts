/** readers — what one who asks for the latest point notices of sixteen who write. Nothing else runs beside them. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, constants, getPriority, setPriority } from 'node:os';
import { join } from 'node:path';
import type { Tls } from '../../../src/base/listen.ts';
import { median, ratio, type Result } from '../result.ts';
import { openLine, type Line } from './line.ts';
import { alternating, delays } from './load.ts';
import { type Box, slowDisk, slowMs, startBox } from './servers.ts';
import { meanwhile } from './wrk.ts';

const rounds = 7;
const clients = 16;
const asks = 1_000;

export async function measureReaders({ dir, tls }: { dir: string; tls: Tls }): Promise<Result[]> {
  await using box = await startBox({ dir: join(dir, 'read'), tls });
  await using slow = await startBox({ dir: join(dir, 'slow-read'), tls, env: slowDisk(dir) });
  using line = await openLine(box);
  using slowLine = await openLine(slow);
  const load = { dir, clients };
  const ways = {
    idle: () => ask(line, box),
    busy: () => meanwhile(box, load, () => ask(line, box)),
    slow: () => meanwhile(slow, load, () => ask(slowLine, slow)),
  };
  // What is asked for is there once it was written.
  await meanwhile(box, load, () => Promise.resolve());
  await alternating(1, ways);
  const seen = await alternating(rounds, ways);
  const figures = Object.fromEntries(
    Object.entries(seen).map(([name, ms]) => [`${name}_p50_ms`, Number(ms.toFixed(3))]),
  );
  const compared = (name: string, value: number, goal: number): Result =>
    ratio(name, value, { goal, better: 'lower', figures });
  return [
    compared(`\`latest\` while ${clients} clients write ÷ idle, p50`, seen.busy / seen.idle, 1.6),
    compared(`the same with ${slowMs} ms more for each fsync ÷ without`, seen.slow / seen.busy, 1.1),
  ];
}

const ask = (line: Line, box: Box): Promise<number> =>
  asAPhone(box, async () => median(await delays(line, () => box.read('/latest'), asks)));

/**
 * Asks as if from another machine: from a processor that is not the box's main thread's (on which of them both are is chance,
 * and twice the time), and before those who write, where that is allowed (root): a phone waits for no processor here.
 */
async function asAPhone<T>({ program }: Box, work: () => Promise<T>): Promise<T> {
  const last = availableParallelism() - 1;
  const [all, usual] = [`0-${last}`, getPriority()];
  if (last > 0) place({ box: '0', asker: `${last}` });
  if (process.getuid?.() === 0) setPriority(constants.priority.PRIORITY_ABOVE_NORMAL);
  try {
    return await work();
  } finally {
    setPriority(usual);
    place({ box: all, asker: all });
  }
  function place({ box, asker }: Record<'box' | 'asker', string>): void {
    for (const [at, pid] of [
      [box, program.pid()],
      [asker, process.pid],
    ] as const) {
      execFileSync('taskset', ['--cpu-list', '--pid', at, `${pid}`], { stdio: 'ignore' });
    }
  }
}
