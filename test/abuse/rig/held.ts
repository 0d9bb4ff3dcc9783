import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Rig } from './index.ts';

/** What the process and the kernel hold for it, without the data that was stored. */
export type Held = { memoryMb: number; descriptors: number; threads: number; tracked: number; stateKb: number };

/** More than before that is no growth: a heap between two looks, a journal up to its usual size, flows that still close. */
const slack: Held = { memoryMb: 48, descriptors: 8, threads: 2, tracked: 200, stateKb: 5_000 };

export async function heldBy(rig: Rig): Promise<Held> {
  const proc = `/proc/${rig.databox.pid()}`;
  const status = readFileSync(`${proc}/status`, 'utf8');
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  const stores = join(rig.databox.stateDir, 'stores');
  const sizes = readdirSync(rig.databox.stateDir, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile() && !one.parentPath.startsWith(stores))
    // A draft that takes a file's place may have done so meanwhile.
    .map(({ parentPath, name }) => statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0);
  return {
    memoryMb: Math.round(of('VmRSS') / 1_024),
    descriptors: readdirSync(`${proc}/fd`).length,
    threads: of('Threads'),
    tracked: Number(await rig.rooms.box.run(['cat', '/proc/sys/net/netfilter/nf_conntrack_count'])),
    stateKb: Math.round(sizes.reduce((sum, size) => sum + size, 0) / 1_024),
  };
}

/** What grew, as sentences. */
export const grown = (before: Held, after: Held): string[] =>
  (Object.keys(slack) as (keyof Held)[])
    .filter((what) => !(after[what] <= before[what] + slack[what]))
    .map((what) => `${what}: ${before[what]}, then ${after[what]}`);
