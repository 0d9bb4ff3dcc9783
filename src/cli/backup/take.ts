/** take — a store's backup into a file: it counts once it is whole, on disk, and was read back. */
import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { Failure, problem } from '../../base/errors.ts';
import { storeName } from '../../base/names.ts';
import { visible } from '../../base/visible.ts';
import type { Box } from '../client.ts';
import type { BackupFacts, VerifyBackup } from '../options.ts';
import { bytes } from '../text.ts';
import { makeFile, refuseExisting } from './files.ts';
import { metered } from './meter.ts';

export type Taken = { store: string; file: string; bytes: number; at: string };
type Job = { box: Box; verify: VerifyBackup; report: (message: string) => void; signal: AbortSignal };

/** A component is meant by its name too: none is named like a store. */
export const storeOf = (name: string): string => (name.endsWith('-core-store') ? name : storeName(name));

export async function takeBackup({ box, verify, report, signal }: Job, o: { store: string; file: string }) {
  const { store, file } = o;
  let size = 0;
  let facts: BackupFacts | undefined;
  await makeFile(file, async (handle, draft) => {
    report(`${visible(store)}: a copy is made in the box`);
    const answer = await box.open({
      ...{ path: `/backups/${encodeURIComponent(store)}`, accept: 'application/octet-stream', signal },
    });
    const tell = (count: number): void => report(`${visible(store)}: ${bytes((size = count))} received`);
    const cut = new Failure('databox.stopped', `the backup of ${store} was cut off; Databox has logged why`, { store });
    const content = pipeline(answer, metered(tell), () => {});
    await handle.writeFile(content, { signal }).catch((err: NodeJS.ErrnoException) => {
      throw err.code === 'ECONNRESET' ? cut : err;
    });
    await handle.sync();
    report(`${visible(store)}: reading it back`);
    facts = await verify(createReadStream(draft), 'seal');
    size = (await handle.stat()).size;
  });
  return { store, file, bytes: size, at: (facts as unknown as BackupFacts).at } satisfies Taken;
}

export type All = { taken: Taken[]; failed: { store: string; problem: ReturnType<typeof problem> }[] };

/** Each store into a file of its own; one that cannot be copied keeps no other from it. */
export async function takeAll(job: Job, directory: string): Promise<All> {
  const stores = await storesOf(job.box);
  const jobs = stores.map((store) => ({ store, file: join(directory, `${store}.databox-backup`) }));
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new Failure('file.unwritable', `${directory} cannot be made`, { file: directory }, { cause });
  });
  for (const { file } of jobs) await refuseExisting(file);
  const all: All = { taken: [], failed: [] };
  for (const each of jobs) {
    try {
      all.taken.push(await takeBackup(job, each));
    } catch (err) {
      if (!(err instanceof Failure) || job.signal.aborted) throw err;
      all.failed.push({ store: each.store, problem: problem(err) });
    }
  }
  return all;
}

async function storesOf(box: Box): Promise<string[]> {
  const all = (await box.ask({ path: '/components' })) as { name: string; type: string }[];
  return all.filter(({ type }) => type === 'store').map(({ name }) => name);
}
