import { setInterval } from 'node:timers/promises';
import { Failure } from '../base/errors.ts';
import { examplesOrigin } from '../base/names.ts';
import type { Log } from '../base/log.ts';
import { addressOf } from './address.ts';
import { defaultLimits, type FoundFile, type Limits } from './limits.ts';
import { parseManifest } from './manifest.ts';
import { judgeFile, matches, offersOf, type Offers, type Source } from './offers.ts';
import { openCatalogue, type Catalogue } from './sql.ts';
import { createSyncer } from './sync.ts';
import type { Appstore, Entry, Repository } from './types.ts';

export type AppstoreOptions = {
  /** SQLite file, or `:memory:`. */
  file: string;
  /** The configuration's: https git URLs and absolute folders; the first holder of a name wins. */
  repositories: readonly string[];
  syncMinutes: number;
  /** Tag that is read where a repository has it. */
  release: string;
  log: Log;
  signal: AbortSignal;
  limits?: Partial<Limits>;
  /** PEM of an authority trusted for repositories besides the usual ones. */
  ca?: string;
  /** Manifests that come with Databox: each is offered while nobody else has its name. */
  examples?: readonly FoundFile[];
};

const owner = 'owner';
const nameOfUrl = (url: string): string => url.replace(/^https:\/\//, '').replace(/\.git$/, '');

/**
 * Opens what earlier syncs found, reads local folders, and goes on to read git repositories in the background.
 * @throws Failure `repository.invalid` for an address of the configuration that is not allowed
 */
export async function startAppstore(options: AppstoreOptions): Promise<Appstore> {
  const official = options.repositories.map((text) => addressOf(text).url);
  const catalogue = openCatalogue(options.file);
  catalogue.setOfficial(official.map((url) => ({ url, name: nameOfUrl(url) })));
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const builtIn = builtInOf(options.examples);
  let offers = load(catalogue, builtIn);
  const reload = (): void => void (offers = load(catalogue, builtIn));
  const syncer = createSyncer({
    ...options,
    limits: { ...defaultLimits, ...options.limits },
    signal,
    catalogue,
    reload,
  });
  await syncer.folders();
  const loop = every(options.syncMinutes, signal, () => syncer.all());
  return {
    ...reading(catalogue, () => offers),
    ...writing(catalogue, () => offers, reload),
    sync: async (onProgress) => {
      await syncer.all(onProgress);
      return repositoriesOf(catalogue, offers);
    },
    parse: parseManifest,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await loop;
      catalogue.close();
    },
  };
}

async function every(minutes: number, signal: AbortSignal, task: () => Promise<void>): Promise<void> {
  await task();
  try {
    const ticks = setInterval(minutes * 60_000, undefined, { signal, ref: false });
    while (!(await ticks.next()).done) await task();
  } catch (err) {
    if (!signal.aborted) throw err;
  }
}

const builtInOf = (files: readonly FoundFile[] = []): Source[] =>
  files.length === 0 ? [] : [{ origin: examplesOrigin, commit: null, files: files.map(judgeFile) }];

/** The owner's uploads stand between the official repositories and those that were added; what came with us is last. */
function load(catalogue: Catalogue, builtIn: readonly Source[]): Offers {
  const rows = catalogue.repositories();
  const sources = rows.map((row) => ({ origin: row.url, commit: row.commit_id, files: catalogue.files(row.url) }));
  const uploads = catalogue.uploads().map(({ name, manifest }) => ({ file: name, manifest, faults: null }));
  const firstAdded = rows.filter(({ official }) => official === 1).length;
  const named = sources.toSpliced(firstAdded, 0, { origin: owner, commit: null, files: uploads });
  return offersOf([...named, ...builtIn]);
}

type Reading = Pick<Appstore, 'list' | 'find' | 'search' | 'repositories'>;
function reading(catalogue: Catalogue, offers: () => Offers): Reading {
  const list = (): Entry[] =>
    [...offers().entries.values()].sort((a, b) => (a.manifest.name < b.manifest.name ? -1 : 1));
  return {
    list,
    find: (name) => offers().entries.get(name),
    search: (text) => list().filter((entry) => matches(entry, text.trim())),
    repositories: () => repositoriesOf(catalogue, offers()),
  };
}

function repositoriesOf(catalogue: Catalogue, offers: Offers): Repository[] {
  const named = catalogue.repositories().map((row) => ({
    ...{ name: row.name, url: row.url, official: row.official === 1, commit: row.commit_id, ref: row.ref },
    ...(offers.byOrigin.get(row.url) ?? { manifests: 0, broken: [], clashes: [] }),
    syncedAt: row.synced_at,
    problem: row.problem === null ? null : (JSON.parse(row.problem) as Repository['problem']),
  }));
  const builtIn = offers.byOrigin.get(examplesOrigin);
  if (!builtIn) return named;
  const about = { name: examplesOrigin, url: examplesOrigin, official: false, commit: null, ref: null };
  return [...named, { ...about, ...builtIn, syncedAt: openedAt, problem: null }];
}
/** What came with us was read when we were. */
const openedAt = Date.now();

type Writing = Pick<Appstore, 'add' | 'drop' | 'addRepository' | 'removeRepository'>;
function writing(catalogue: Catalogue, offers: () => Offers, reload: () => void): Writing {
  const rowOf = (url: string) => catalogue.repositories().find((row) => row.url === url);
  return {
    add(value) {
      const parsed = parseManifest(value);
      const { name } = parsed.manifest;
      const holder = offers().entries.get(name)?.origin ?? owner;
      if (holder !== owner && holder !== examplesOrigin) {
        throw new Failure('manifest.exists', `${name} belongs to the repository ${holder}`, { name, heldBy: holder });
      }
      catalogue.upload(name, JSON.stringify(value), Date.now());
      reload();
      return { ...parsed, origin: owner, commit: null };
    },
    drop(name) {
      if (!catalogue.drop(name)) throw new Failure('manifest.unknown', `${name} was not uploaded`, { name });
      reload();
    },
    addRepository({ name, url: text }) {
      const { url } = addressOf(text);
      const official = rowOf(url)?.official ?? 0;
      catalogue.keep({ url, name: name.trim().slice(0, 100) || nameOfUrl(url), official });
      return repositoriesOf(catalogue, offers()).find((repository) => repository.url === url) as Repository;
    },
    removeRepository(text) {
      if (text === examplesOrigin) {
        throw new Failure(
          'repository.invalid',
          'the examples belong to Databox: the setting appstore.examples turns them off',
        );
      }
      const row = rowOf(addressOf(text).url);
      if (!row) throw new Failure('repository.unknown', `${text} was not added`, { url: text });
      if (row.official) throw new Failure('repository.invalid', `${text} belongs to the configuration`, { url: text });
      catalogue.forget(row.url);
      reload();
    },
  };
}
