/** files — what an installation may leave behind. */
import type { Machine } from './machine.ts';

/** What dpkg itself, the engine's containerd (also of what a pulled plug interrupted), logs, caches and the tests write. */
const others = ['/var/lib/dpkg', '/var/lib/containerd', '/var/log', '/var/cache', '/srv'];

/** Every other file of the machine, sorted; of what is in memory, what has Databox's name. */
export async function files(machine: Machine): Promise<string[]> {
  const pruned = others.flatMap((path) => ['-path', path, '-o']).slice(0, -1);
  const line = 'find / -xdev "$@" -prune -o -print; find /run -path "*databox*"';
  return (await machine.run('sh', '-c', line, 'sh', '(', ...pruned, ')')).split('\n').sort();
}
