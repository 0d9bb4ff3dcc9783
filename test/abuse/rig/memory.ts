import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type SmallMemory = {
  /** The argv that runs `argv` within the limit. */
  within(argv: readonly string[]): string[];
  /** MB that programs held at once at most; what the kernel keeps of files counts, as on a machine. */
  peakMb(): number;
  /** How many programs the kernel ended for want of memory. */
  ended(): number;
};

const root = '/sys/fs/cgroup';

/** A control group for a whole house: the engine's containers are below it by its name, its other programs are in it. */
export function limitMemory(id: string, mb: number): SmallMemory {
  const classic = existsSync(join(root, 'memory'));
  const group = join(root, classic ? 'memory' : '', id);
  const [limit, peak] = classic
    ? ['memory.limit_in_bytes', 'memory.max_usage_in_bytes']
    : ['memory.max', 'memory.peak'];
  mkdirSync(group, { recursive: true });
  writeFileSync(join(group, limit), String(mb * 1024 * 1024));
  // The newer kind allows programs in the leaves only.
  const own = classic ? group : join(group, 'box');
  mkdirSync(own, { recursive: true });
  const read = (name: string) => readFileSync(join(group, name), 'utf8');
  return {
    within: (argv) => ['sh', '-c', 'echo $$ >"$0" && exec "$@"', join(own, 'cgroup.procs'), ...argv],
    peakMb: () => Math.round(Number(read(peak)) / (1024 * 1024)),
    ended: () => Number(/^oom_kill (\d+)$/m.exec(read(classic ? 'memory.oom_control' : 'memory.events'))?.[1]),
  };
}
