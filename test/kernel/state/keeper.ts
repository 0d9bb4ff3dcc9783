/**
 * A process with the other databases of a box in a folder: permissions, agreements, exports and the access ledger, on a port
 * that it prints. `/:<what>/<name>` is what the manager would ask; all else is the export service's door.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { createArbiter } from '../../../src/arbiter/index.ts';
import { loadConfig } from '../../../src/base/config.ts';
import { sendJson, sendProblem } from '../../../src/base/http.ts';
import { listen } from '../../../src/base/listen.ts';
import { silent as log } from '../../../src/base/log.ts';
import { startExport } from '../../../src/export/index.ts';
import { startLedger } from '../../../src/ledger/index.ts';
import { openRecords } from '../../../src/manager/sql.ts';

const [dir = '', flags = '{}'] = process.argv.slice(2);
const arbiter = createArbiter({ file: join(dir, 'arbiter.sqlite'), checkAddress: false, log });
if (arbiter.components().length === 0) {
  arbiter.register({ name: 'export-service', type: 'system', key: 'e' });
  arbiter.register({ name: 'app', type: 'app', key: 'a' });
}
const records = openRecords(join(dir, 'manager.sqlite'), log);
const ledger = startLedger({ dir: join(dir, 'ledger'), log });
const outbox = startExport({
  ...{ config: loadConfig({ flags: JSON.parse(flags) as Record<string, unknown> }), file: join(dir, 'export.sqlite') },
  ...{ authorise: arbiter.verify, log, signal: new AbortController().signal },
  ledger: { record: ledger.record, refused: () => Promise.resolve() },
  limits: { firstPauseMs: 20, longestPauseMs: 100 },
});

const routeTo = (name: string) => ({ method: 'GET' as const, path: `/${name}`, target: 'app' });
const exporting = { method: 'POST' as const, path: '/lp/export', target: 'export-service' };

const answers: Record<string, (name: string) => unknown> = {
  grant(name) {
    arbiter.grant('app', routeTo(name), []);
    return arbiter.mint('app', { ...routeTo(name), caveats: [] }, 'rest');
  },
  revoke: (name) => arbiter.revoke('app', routeTo(name)).length,
  grants: () => arbiter.grants('app').flatMap(({ path, target }) => (target === 'app' ? [path] : [])),
  /** Whether this token opens what it was minted for. */
  may(token) {
    const { path } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { path: string };
    try {
      arbiter.verify(token, { ...routeTo(path.slice(1)), caller: '127.0.0.1' });
      return true;
    } catch {
      return false;
    }
  },
  permit(destination) {
    arbiter.grant('app', exporting, [{ destination }]);
    return arbiter.mint('app', { ...exporting, caveats: [{ destination }] }, 'rest');
  },
  withdraw: (destination) => outbox.forget('app', destination),
  lines: () => outbox.ledger(),
  intend: (name) => records.intend({ name, what: 'install', data: 'keep' }),
  intents: () => records.intents().map(({ name }) => name),
  problems: () => [arbiter, outbox, records, ledger].flatMap((part) => part.problems()),
};

async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const [, first = '', name = ''] = (req.url ?? '').split('/');
  const asked = first.startsWith(':') ? answers[first.slice(1)] : undefined;
  if (!asked) return void outbox.handler(req, res);
  sendJson(res, 200, { is: await asked(decodeURIComponent(name)) });
}

const { port } = await listen({
  ...{ address: '127.0.0.1', port: 0 },
  handler: (req, res) => void answer(req, res).catch((err: unknown) => sendProblem(res, err)),
});
console.log(port);
