import Database from 'better-sqlite3';
import jwt from 'jsonwebtoken';
import { createHmac } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createArbiter, type Arbiter, type Caveat, type TokenUse } from '../../../src/arbiter/index.ts';
import { Failure } from '../../../src/base/errors.ts';
import { silent } from '../../../src/base/log.ts';

export const start = Date.UTC(2026, 10, 23);
export const clock = { ms: start };
export const [appIp, otherIp] = ['10.196.1.2', '10.196.2.2'];
export const store = 'driver-core-store';
export const reading = { method: 'GET', path: '/ts/temp/*', target: store } as const;
export const newFile = (): string => join(mkdtempSync(join(tmpdir(), 'dbx-arbiter-')), 'arbiter.sqlite');

/** An arbiter with a store, an app that may read one datasource, and another app that may do nothing. */
export function house(file = ':memory:'): Arbiter {
  clock.ms = start;
  const arbiter = open(file);
  arbiter.register({ name: store, type: 'store', key: 'store key' });
  arbiter.register({ name: 'other-store', type: 'store', key: 'other store key' });
  arbiter.register({ name: 'app', type: 'app', key: 'app key', address: appIp });
  arbiter.register({ name: 'other', type: 'app', key: 'other key', address: otherIp });
  arbiter.grant('app', reading, []);
  return arbiter;
}

export const open = (file: string): Arbiter =>
  createArbiter({ file, log: silent, checkAddress: true, now: () => clock.ms });

export const tokenFor = (arbiter: Arbiter, caveats: Caveat[] = [], door: 'rest' | 'zest' = 'rest'): string =>
  arbiter.mint('app', { ...reading, caveats }, door);

export const use: TokenUse = { caller: appIp, target: store, method: 'GET', path: '/ts/temp/latest' };

/** The code of the Failure that `run` throws, or `'ok'`. */
export function codeOf(run: () => unknown): string {
  try {
    run();
    return 'ok';
  } catch (err) {
    if (err instanceof Failure) return err.code;
    throw err;
  }
}

/** The signing secret of a target, as a thief of the file would read it. */
export function secretOf(file: string, target: string): Buffer {
  const db = new Database(file, { readonly: true });
  const row = db.prepare('SELECT secret FROM component WHERE name = ?').get(target) as { secret: Buffer };
  db.close();
  return row.secret;
}

/** Signs changed claims of a real token with the real secret: what only a defect of ours could produce. */
export function resign(file: string, token: string, change: Record<string, unknown>): string {
  const claims = { ...(jwt.decode(token) as Record<string, unknown>), ...change };
  const kept = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(kept)}`;
  return `${signed}.${createHmac('sha256', secretOf(file, store)).update(signed).digest('base64url')}`;
}
