/** release — which version this is, and its time. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../src/base/run.ts';
import { root } from './paths.ts';

export const packageVersion = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string })
  .version;

/** Seconds since the Unix epoch: SOURCE_DATE_EPOCH, else the time of the last commit. */
export async function releaseEpoch(): Promise<number> {
  const given = process.env['SOURCE_DATE_EPOCH'];
  return Number(given ?? (await run('git', ['-C', root, 'log', '-1', '--format=%ct'])));
}
