/** wipe — takes a whole box off the machine, while it does not run. The program and its configuration stay. */
import { existsSync, globSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import type { Config } from './base/config.ts';
import { Failure } from './base/errors.ts';
import { lockDirectory, lockNetwork } from './base/lock.ts';
import { beginWipe, endWipe, unfinishedWipe } from './base/wiping.ts';
import type { Wipe, Wiped, WipeOptions } from './cli/index.ts';
import { clearContainers, keepNothing, readBox, refuseWithoutEngine } from './manager/index.ts';
import { clearNetwork } from './network/index.ts';
import { checkFiles } from './state.ts';

/** Every file that Databox makes in a state directory. A file that matches none of these is somebody else's. */
const files = {
  data: ['stores/*.sqlite*', 'export.sqlite*', '*.sqlite.v*', '*/*.sqlite.v*', '*/*.half', '*.half'],
  ledger: ['ledger/ledger.sqlite*', 'ledger/secret*', 'ledger/head.json*'],
  agreements: [
    ...['arbiter.sqlite*', 'appstore.sqlite*', 'manager/manager.sqlite*', 'password.json*', 'first-password*'],
    ...['network/addresses.sqlite*', 'network/resolv/*.conf', 'zest.sqlite*'],
  ],
  certificates: ['manager/internal.{pem,key}*', 'manager/owner-*.{pem,key}*'],
  lock: ['lock.sqlite*'],
};
const mark = 'wipe-unfinished.json';
/** Inner ones first. */
const folders = ['stores', 'ledger', 'network/resolv', 'network', 'manager'];

/**
 * Takes hold of a box that does not run: while this is open, none starts on its files.
 * @throws Failure `databox.running`, `user.refused`; `config.invalid` when there is no such state directory
 */
export function openWipe(config: Config): Wipe {
  const dir = config['state.dir'];
  if (!existsSync(dir)) {
    throw new Failure('config.invalid', `there is no box in ${dir}; name another folder with --state-dir`, { dir });
  }
  const held = hold(dir);
  const { box, components } = readBox(join(dir, 'manager/manager.sqlite'));
  const unfinished = unfinishedWipe(dir);
  const stores = globSync('stores/*.sqlite', { cwd: dir }).sort();
  const found = {
    components,
    stores: stores.map((file) => ({ name: basename(file, '.sqlite'), bytes: statSync(join(dir, file)).size })),
  };
  return {
    ...{ name: config['owner.host-name'] ?? hostname(), dir, found, unfinished },
    async carryOut(options, report) {
      const whole = joined(options, unfinished);
      if (whole.keepComponents) checkFiles(dir);
      await refuseWithoutEngine(config);
      await using up = new AsyncDisposableStack();
      up.use(await lockNetwork().catch((cause: unknown) => Promise.reject(running(dir, cause))));
      const gone = await takeAway({ config, box: unfinished?.box ?? box, options: whole, report });
      const stays = whole.keepComponents ? [] : components;
      return { ...gone, components: stays, stores: found.stores.map(({ name }) => name) };
    },
    [Symbol.dispose]: () => held[Symbol.dispose](),
  };
}

/** What was begun is ended: nothing stays that the interrupted wipe was to take. */
const joined = (asked: WipeOptions, unfinished: WipeOptions | undefined): WipeOptions => ({
  keepComponents: asked.keepComponents && (unfinished?.keepComponents ?? true),
  removeCertificates: asked.removeCertificates || (unfinished?.removeCertificates ?? false),
});

/** @throws Failure `databox.running`, `user.refused` */
function hold(dir: string): Disposable {
  try {
    return lockDirectory(dir);
  } catch (cause) {
    if (cause instanceof Failure) throw running(dir, cause);
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (!/^(EACCES|EPERM|SQLITE_CANTOPEN|SQLITE_READONLY)/.test(code)) throw cause;
    throw new Failure('user.refused', `only the user of ${dir} may wipe it; try sudo`, { dir }, { cause });
  }
}

const running = (dir: string, cause: unknown): Failure => {
  const sentence = 'Databox runs, and nothing was changed: stop it first with databox stop, then wipe again';
  return new Failure('databox.running', sentence, { dir }, { cause });
};

type Job = { config: Config; box: string | null; options: WipeOptions; report: (step: string) => void };

/** What runs first, the gate after it, files last: whatever is left at any moment may reach nobody. */
async function takeAway({
  config,
  box,
  options,
  report,
}: Job): Promise<Pick<Wiped, 'containers' | 'networks' | 'left'>> {
  const dir = config['state.dir'];
  beginWipe(dir, { box, ...options });
  const containers = await clearContainers({ config, box, report });
  const networks = await clearNetwork(config, report);
  report('Files');
  for (const name of ['secrets', 'zest', 'databox.sock'])
    rmSync(join(config['run.dir'], name), { recursive: true, force: true });
  removeFiles(dir, options);
  if (options.keepComponents) keepNothing(join(dir, 'manager/manager.sqlite'));
  endWipe(dir);
  return { containers, networks, left: foreign(dir) };
}

function removeFiles(dir: string, { keepComponents, removeCertificates }: WipeOptions): void {
  const patterns = [
    ...files.data,
    ...files.ledger,
    ...(keepComponents ? [] : [...files.agreements, ...files.lock]),
    ...(removeCertificates ? files.certificates : []),
  ];
  for (const file of globSync(patterns, { cwd: dir })) rmSync(join(dir, file), { force: true });
  for (const folder of folders) removeEmpty(join(dir, folder));
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (err) {
    if (!['ENOENT', 'ENOTEMPTY'].includes((err as NodeJS.ErrnoException).code ?? '')) throw err;
  }
}

function foreign(dir: string): string[] {
  const own = new Set([mark, ...globSync(Object.values(files).flat(), { cwd: dir })]);
  return globSync('**', { cwd: dir })
    .filter((path) => !own.has(path) && !statSync(join(dir, path)).isDirectory())
    .sort();
}
