/** work — what the backup commands do, loaded when one of them runs. */
import { exitCode, Failure, failureFrom } from '../../base/errors.ts';
import { partsOf } from '../../base/parts.ts';
import { visible } from '../../base/visible.ts';
import type { Reporting, Session } from '../command.ts';
import { interrupted, stopSignal } from '../interrupt.ts';
import type { VerifyBackup } from '../options.ts';
import { withProgress } from '../progress.ts';
import { bytes } from '../text.ts';
import { answerText, bringBack, factsText, intoOf, type Sent, warningOf } from './bring.ts';
import { meantFor } from './drafts.ts';
import { openFile } from './files.ts';
import { type All, storeOf, takeAll, takeBackup, type Taken } from './take.ts';

export type BackupOptions = { all?: string };
export type RestoreOptions = { into?: string; yes?: true };
type Wanted = BackupOptions & {
  /** Store or component, and a file; left out with `all`. */
  named: readonly (string | undefined)[];
};

/** @throws Failure `usage` when it is not clear what is wanted */
export function backUp(session: Session, verify: VerifyBackup, { named: [name, file], all }: Wanted): Promise<void> {
  if (all !== undefined && name === undefined) return backUpAll(session, verify, all);
  if (all !== undefined || name === undefined || file === undefined) {
    throw new Failure('usage', 'name a store and a file, or --all and a directory');
  }
  return backUpOne(session, verify, { store: storeOf(name), file });
}

/** Reads a file, with no box. */
export async function check({ say }: Reporting, verify: VerifyBackup, path: string): Promise<void> {
  await using opened = await reading(path);
  const facts = await verify(opened.content(), 'all').catch((err: unknown) => {
    const file = meantFor(path);
    if (file === undefined || !(err instanceof Failure) || err.code !== 'backup.invalid') throw err;
    const sentence = `${err.message}. A backup that was killed left it; the next one to ${file} there deletes it`;
    throw new Failure(err.code, sentence, err.details, { cause: err });
  });
  say({ verified: facts }, () => `${visible(path)} is a whole backup.\n${factsText(facts)}`);
}

type Where = { store: string; file: string };

async function backUpOne(session: Session, verify: VerifyBackup, where: Where): Promise<void> {
  let taken: Taken | undefined;
  await working(session, `Backing up ${visible(where.store)}`, async (report, signal) => {
    taken = await takeBackup({ box: session.box, verify, report, signal }, where);
  });
  if (taken) session.say({ backup: taken }, ({ backup }) => takenText(backup));
}

async function backUpAll(session: Session, verify: VerifyBackup, directory: string): Promise<void> {
  let all: All | undefined;
  await working(session, 'Backing up every store', async (report, signal) => {
    all = await takeAll({ box: session.box, verify, report, signal }, directory);
  });
  if (!all) return;
  session.say({ backups: all.taken, failed: all.failed }, ({ backups }) => backups.map(takenText).join(''));
  for (const { store, problem } of all.failed) {
    if (!session.json) process.stderr.write(`databox: ${visible(store)}: ${visible(problem.title)}\n`);
    process.exitCode = exitCode(failureFrom(problem, ''));
  }
}

const takenText = ({ store, file, bytes: size }: Taken): string =>
  `${visible(store)}: ${bytes(size)} in ${visible(file)}, read back and whole\n`;

export async function bring(
  session: Session,
  verify: VerifyBackup,
  o: RestoreOptions & { file: string },
): Promise<void> {
  await using opened = await reading(o.file);
  const facts = await verify(opened.content(), 'seal');
  const store = intoOf(o.into, facts);
  if (!session.json) process.stdout.write(warningOf(facts, store));
  if (!o.yes && !(await agreed(session.json))) {
    process.exitCode = 1;
    return session.say({ restored: null }, () => 'Nothing was changed.\n');
  }
  const { box } = session;
  await working(session, `Restoring ${visible(store)}`, async (report, signal) => {
    const sent: Sent = { box, file: opened.file, size: opened.bytes, store, signal };
    const answer = await bringBack(sent, report);
    session.say(answer, answerText);
  });
}

/** @throws Failure `usage` when nobody is there to ask */
async function agreed(json: boolean): Promise<boolean> {
  if (json || !process.stdin.isTTY) {
    throw new Failure('usage', 'nobody is here to confirm, and nothing was changed: run this again with --yes');
  }
  const { askWord } = await import('../person.ts');
  return /^y(es)?$/i.test((await askWord('Restore it? [y/N] ')) ?? '');
}

type Report = (message: string) => void;

/** Shows it, and ends it with Ctrl-C: what was being written goes, and a store is as before or restored. */
async function working(
  { json, say }: Session,
  title: string,
  work: (report: Report, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  using stop = stopSignal();
  try {
    await withProgress({ title, silent: json, signal: stop.signal }, (report) => work(report, stop.signal));
  } catch (err) {
    if (!stop.signal.aborted) throw err;
    process.exitCode = interrupted;
    say({ interrupted: true }, () => 'Cut off: no file was made, and a store is as it was or wholly restored.\n');
  }
}

async function reading(path: string) {
  const { file, bytes: size } = await openFile(path);
  return {
    ...{ file, bytes: size },
    content: () => partsOf(file),
    [Symbol.asyncDispose]: () => file.close(),
  };
}
