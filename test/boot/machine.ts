/** machine — an emulated arm64 machine with files of the host, and systemd as its first process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/base/run.ts';
import { inside, until, type Inside } from '../system/machine.ts';
import { execute, ping } from './agent.ts';
import { emulate } from './emulator.ts';
import { system } from './image.ts';

export type Emulated = AsyncDisposable &
  Inside & {
    /** Asks it to switch itself off. @returns what came over its console since it was switched on */
    off(): Promise<string[]>;
  };

const bootWithinMs = 1_500_000;
const commandWithinMs = 900_000;
const anHour = 3_600_000;

/** Boots it; `files` is a folder that it has as /srv. Disposing takes it away, with whatever was written in it. */
export async function startEmulated(files: string): Promise<Emulated> {
  await using undo = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'databox-boot-'));
  undo.defer(() => rmSync(folder, { recursive: true }));
  const [agent, image] = [join(folder, 'agent'), join(folder, 'files')];
  await run('truncate', ['--size=1G', image]);
  await run('mkfs.ext4', ['-q', '-d', files, image], { timeoutMs: 120_000 });
  const pulled = new AbortController();
  const options = { boot: '/sbin/init', signal: pulled.signal, timeoutMs: anHour };
  const ended = emulate({ system: await system(), files: image, agent }, options);
  // Whoever asks for it has the reason; nobody may be asking yet.
  ended.catch(() => undefined);
  undo.defer(async () => {
    pulled.abort();
    await ended.catch(() => undefined);
  });
  const machine = inside((...argv) => execute(agent, argv, commandWithinMs));
  const answers = until('the machine to boot', bootWithinMs, async () => (await ping(agent), true));
  await Promise.race([answers, ended.then((said) => Promise.reject(new Error(said.slice(-20).join('\n'))))]);
  await machine.run('mount', '-o', 'ro', '/dev/disk/by-id/virtio-files', '/srv');
  const kept = undo.move();
  return {
    ...machine,
    async off() {
      // The agent goes down with the machine and may not answer any more.
      await machine.run('systemctl', 'poweroff').catch(() => undefined);
      return ended;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
