/** retention — removes what the owner does not keep: now and then, the oldest first, a few entries at a time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Failure } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { EntryKey, Engine, Retention } from './engine.ts';
import { parse } from './grammar.ts';
import type { Marks } from './marks.ts';

/** Time between two rounds. */
const usualRoundMs = 600_000;
/** Between two steps: writers have nearly all of it. */
const pauseMs = 20;
/** By so much the clock may be set without counting as set. */
const toleranceMs = 60_000;

/** A store as its rounds see it. */
export type Kept = {
  name: string;
  marks: Marks;
  /** What is kept of its series, in memory: most stores keep everything, and are not asked. */
  retentions: Retention[];
};

export type Rounds = { engine: Engine; log: Log; stores: () => Iterable<Kept>; signal: AbortSignal; everyMs: number };

/** Of now, in ms: since the Unix epoch, and of a clock that nobody sets. */
export type Clocks = { wall: () => number; steady: () => number };
const machine: Clocks = { wall: () => Date.now(), steady: () => performance.now() };

type Parts = { engine: Engine; log: Log; open: ReadonlyMap<string, Kept>; roundMs?: number };

/** Makes rounds through the open stores until it is disposed of. */
export function startRounds({ engine, log, open, roundMs: everyMs = usualRoundMs }: Parts): AsyncDisposable {
  const ending = new AbortController();
  const rounds = makeRounds({ engine, log, stores: () => open.values(), signal: ending.signal, everyMs });
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await rounds;
    },
  };
}

/**
 * Makes rounds until the signal. A clock that was set since the last one, or at the start, may be wrong: by age nothing goes
 * before it was left alone for a whole round, for what is gone does not come back when the clock does.
 */
export async function makeRounds({ engine, log, stores, signal, everyMs }: Rounds, clocks = machine): Promise<void> {
  const looked = new WeakMap<Kept, Looked>();
  for (let before = both(clocks); ;) {
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted) return;
    const now = both(clocks);
    const isSettled = Math.abs(now.wall - before.wall - (now.steady - before.steady)) < toleranceMs;
    before = now;
    for (const store of stores()) {
      const look = { events: store.marks.total('data'), retentions: store.retentions };
      const isChanged = !isDeepStrictEqual(looked.get(store), look);
      for (const kept of store.retentions) {
        // Not when it was closed, restored or told otherwise meanwhile.
        const goesOn = () => !signal.aborted && store.retentions.includes(kept) && [...stores()].includes(store);
        const round = { ...kept, keepMs: isSettled ? kept.keepMs : null, maxBytes: isChanged ? kept.maxBytes : null };
        await clear(engine, store.name, { ...round, now: now.wall, goesOn }).then(
          (removed) =>
            removed > 0 && log.info({ store: store.name, ...kept, removed }, 'entries beyond what is kept removed'),
          (err: unknown) => log.warn({ err, store: store.name, ...kept }, 'entries could not be removed'),
        );
      }
      looked.set(store, look);
    }
  }
}

/** A store when its sizes were looked at: unchanged, they are not looked at again. */
type Looked = { events: number; retentions: readonly Retention[] };

const both = ({ wall, steady }: Clocks) => ({ wall: wall(), steady: steady() });

type Round = Retention & { now: number; goesOn: () => boolean };

/** Removes from one series what is too old, and what is too much. Returns how many entries. */
async function clear(engine: Engine, store: string, round: Round): Promise<number> {
  const { keepMs, maxBytes, now } = round;
  const old: EntryKey | undefined =
    keepMs === null ? undefined : [Math.max(now - keepMs - 1, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER];
  const removed = old ? await removeUntil(engine, store, { ...round, until: old }) : 0;
  const over = maxBytes === null ? undefined : await overflowOf(engine, store, { ...round, maxBytes });
  return over ? removed + (await removeUntil(engine, store, { ...round, until: over })) : removed;
}

async function overflowOf(
  engine: Engine,
  store: string,
  { kind, id, maxBytes, goesOn }: Round & { maxBytes: number },
): Promise<EntryKey | undefined> {
  let found = await engine.overflow(store, { kind, id, maxBytes });
  while ('next' in found && found.next && goesOn()) {
    found = await engine.overflow(store, { kind, id, maxBytes, from: found.next });
  }
  return 'until' in found ? found.until : undefined;
}

async function removeUntil(
  engine: Engine,
  store: string,
  { kind, id, until, goesOn }: Round & { until: EntryKey },
): Promise<number> {
  let removed = 0;
  while (goesOn()) {
    const gone = await engine.trim(store, { do: 'trim', kind, id, until });
    removed += gone;
    if (gone === 0) break;
    await sleep(pauseMs);
  }
  return removed;
}

/**
 * Sets what is kept of a series.
 * @throws Failure `datasource.unknown`: a slip in its name would keep everything
 */
export async function retain(
  store: Kept & { engine: Engine },
  path: string,
  kept: Partial<Pick<Retention, 'keepMs' | 'maxBytes'>>,
): Promise<Retention> {
  const series = seriesOf(path);
  const isSame = (one: { kind: string; id: string }): boolean => one.kind === series.kind && one.id === series.id;
  const before = store.retentions.find(isSame);
  const { datasources } = before ? { datasources: [before] } : await store.engine.statistics(store.name);
  if (!datasources.some(isSame)) {
    throw new Failure('datasource.unknown', `${store.name} has no entries in ${path}`, { store: store.name, path });
  }
  const after = { keepMs: null, maxBytes: null, ...before, ...kept, ...series };
  await store.engine.write(store.name, { do: 'retain', ...after });
  const isAll = after.keepMs === null && after.maxBytes === null;
  store.retentions = [...store.retentions.filter((one) => !isSame(one)), ...(isAll ? [] : [after])];
  return after;
}

/**
 * The series that a path names, as `/ts/load` or `/ts/blob/load`.
 * @throws Failure `datasource.invalid`, `path.invalid`
 */
export function seriesOf(path: string): Pick<Retention, 'kind' | 'id'> {
  const operation = path.startsWith('/ts/') ? parse({ method: 'POST', path, format: 'json' }) : undefined;
  if (operation?.do === 'append' && operation.at === null) return { kind: operation.kind, id: operation.series };
  throw new Failure('datasource.invalid', 'only a series has entries that grow old: /ts/<id> or /ts/blob/<id>');
}
