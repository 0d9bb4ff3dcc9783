/** The real box, started as systemd starts it, tells a real socket how it does. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endRig, startRig, type Rig } from '../abuse/rig/index.ts';
import { startManager, type Manager } from '../unit/systemd/manager.ts';

let manager: Manager;
let rig: Rig;
beforeAll(async () => {
  // By path: the box of the rig has a network namespace of its own, and abstract names belong to theirs.
  manager = await startManager(join(mkdtempSync(join(tmpdir(), 'dbx-service-')), 'notify'));
  rig = await startRig({ databox: false });
  // Not before: the rig's Docker engine speaks to such a socket, too.
  Object.assign(process.env, { NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: '3000000' });
  await rig.databox.start();
}, 240_000);
afterAll(async () => {
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC']) delete process.env[name];
  await endRig(rig);
  await manager[Symbol.asyncDispose]();
}, 60_000);

test('starting, ready when the owner’s door is open, watched over, stopping: in this order', async () => {
  expect(await manager.line(/^READY=1$/)).toEqual(['READY=1', expect.stringMatching(/^STATUS=(ready|degraded)/)]);
  await manager.line(/^WATCHDOG=1$/);
  expect(await rig.databox.kill('SIGTERM')).toBe(0);
  const words = manager.heard.map(([first = '']) => first.replace(/^(STATUS|EXTEND_TIMEOUT_USEC)=.*/, 'starting'));
  const order = words.filter((word, at) => word !== words[at - 1]);
  expect(order).toEqual(['starting', 'READY=1', 'WATCHDOG=1', 'STOPPING=1']);
}, 60_000);
