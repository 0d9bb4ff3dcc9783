import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockDirectory } from '../../../src/base/lock.ts';

const hold = (dir: string) => {
  const source = `import { lockDirectory } from '${join(process.cwd(), 'src/base/lock.ts')}';
    globalThis.held = lockDirectory(${JSON.stringify(dir)}); console.log('held'); setInterval(() => {}, 1000);`;
  return spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
};

test('O06 a second process on the same state directory is refused; SIGKILL of the first frees it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'dbx-lock-'));
  const first = hold(dir);
  await once(first.stdout, 'data');
  expect(() => lockDirectory(dir)).toThrow(expect.objectContaining({ code: 'databox.running' }) as Error);
  first.kill('SIGKILL');
  await once(first, 'exit');
  using held = lockDirectory(dir);
  expect(held).toBeDefined();
  expect(() => lockDirectory(dir)).toThrow(/another Databox/);
});
