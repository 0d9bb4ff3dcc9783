import { randomBytes } from 'node:crypto';
import type { Sqlite } from '../../base/sqlite.ts';
import { Failure } from '../../base/errors.ts';
import type { Trim, Write } from '../engine.ts';
import { catalogueLimits } from '../limits.ts';
import type { Point } from '../point.ts';
import { holds, tagOf } from '../precondition.ts';
import { bulkWriter, type Bulk } from './bulk.ts';
import { interner, type Interner } from './intern.ts';
import { newWriter } from './new.ts';
import { retainer, trimmer } from './retention.ts';
import { history, type History } from './history.ts';
import { sealer, type Sealer, type Sealing, usualSealing } from './seal.ts';
import { entriesOfSpans, spanFinder } from './spans.ts';
import { tagMatches, tagParameters } from './tags.ts';

const { items: mostItems, bytes: mostBytes } = catalogueLimits;

export type Writer = {
  /** Whether the precondition of a change, if it has one, holds inside the caller's transaction. */
  permits(change: Write): boolean;
  /** Makes one change inside the caller's transaction. Returns the entity tag of a value that was put, null of all else. */
  apply(change: Write): string | null;
  /** Writes entries inside the caller's transaction. */
  applyAll(bulk: Bulk): void;
  /** Writes those that their series has not yet. Returns the places of the others in the list. */
  applyNew(bulk: Bulk): number[];
  /** Removes a few of the oldest entries. Returns how many. */
  trim(trim: Trim): number;
  /** Whether there may be rows to seal. */
  readonly isDue: () => boolean;
  /** Seals some of them inside the caller's transaction. */
  readonly seal: () => void;
  /** Must follow a rollback: what was remembered of rows that are gone is forgotten. */
  forget(): void;
};

export function writer(db: Sqlite, sealing: Sealing = usualSealing): Writer {
  const interned = interner(db);
  const all = history(db);
  const parts = { interned, entries: all, sealer: sealer(db, all, sealing) };
  const { addPoint, addDocument } = entryWriter(db, parts);
  const keyValue = keyValueWriter(db);
  const register = registrar(db);
  const erase = eraser(db, parts);
  const retain = retainer(db);
  const apply = (change: Exclude<Write, { do: 'put' }>): void => {
    switch (change.do) {
      case 'point':
        return addPoint(change.series, change.timestamp, change.point);
      case 'document':
        return addDocument(change.series, change.timestamp, change.text);
      case 'drop':
        return keyValue.drop(change);
      case 'register':
        return register(change);
      case 'erase':
        return erase(change);
      case 'retain':
        return retain(change);
    }
  };
  return {
    permits: judge(db),
    apply(change) {
      if (change.do === 'put') return keyValue.put(change);
      apply(change);
      return null;
    },
    ...severalWriter(db, parts),
    trim: trimmer(db, parts),
    isDue: parts.sealer.isDue,
    seal: parts.sealer.step,
    forget: interned.forget,
  };
}

type Parts = { interned: Interner; entries: History; sealer: Sealer };

function severalWriter(db: Sqlite, parts: Parts): Pick<Writer, 'applyAll' | 'applyNew'> {
  const applyAll = bulkWriter(db, parts);
  return { applyAll, applyNew: newWriter(db, { ...parts, writeAll: applyAll }) };
}

function entryWriter(db: Sqlite, { interned, sealer }: Parts) {
  const entry = db.prepare(
    'INSERT INTO entry (series, timestamp, seq, value, tag, spelling) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const document = db.prepare('INSERT INTO document (seq, text) VALUES (?, ?)');
  return {
    addPoint: (series: string, timestamp: number, { value, tag, spelling }: Point): void => {
      const tagId = tag === null ? null : interned.tag(tag.name, tag.text);
      const id = interned.series('ts', series);
      entry.run(id, timestamp, interned.nextSeq(), value, tagId, spelling);
      sealer.note(id, 1);
    },
    addDocument: (series: string, timestamp: number, text: string): void => {
      const seq = interned.nextSeq();
      entry.run(interned.series('ts/blob', series), timestamp, seq, null, null, null);
      document.run(seq, text);
    },
  };
}

function judge(db: Sqlite): Writer['permits'] {
  const tag = db.prepare<string[], Buffer>('SELECT tag FROM kv WHERE format = +? AND id = +? AND key = +?').pluck();
  return (change) => {
    if ((change.do !== 'put' && change.do !== 'drop') || change.only === undefined || change.key === null) return true;
    const { format, id, key, only } = change;
    const found = tag.get(format, id, key);
    return holds(only, found === undefined ? undefined : tagOf(format, found));
  };
}

/**
 * A key keeps its place in the key list when it is written again, and takes the newest after a delete. The same data keep
 * their tag: whoever has them need not read them again.
 */
function keyValueWriter(db: Sqlite) {
  const put = db
    .prepare<[string, string, string, Buffer, string | Uint8Array], Buffer>(
      `INSERT INTO kv (format, id, key, tag, data) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (format, id, key) DO UPDATE SET data = excluded.data, tag = iif(data = excluded.data, tag, excluded.tag)
       RETURNING tag`,
    )
    .pluck();
  const drop = db.prepare('DELETE FROM kv WHERE format = +? AND id = +? AND key = +?');
  const dropAll = db.prepare('DELETE FROM kv WHERE format = +? AND id = +?');
  return {
    put({ format, id, key, data }: Extract<Write, { do: 'put' }>): string {
      const tag = put.get(format, id, key, randomBytes(16), data);
      if (tag === undefined) throw new Error('a value that was put has a tag');
      return tagOf(format, tag);
    },
    drop({ format, id, key }: Extract<Write, { do: 'drop' }>): void {
      if (key === null) dropAll.run(format, id);
      else drop.run(format, id, key);
    },
  };
}

function registrar(db: Sqlite) {
  const others = db.prepare<[string], { items: number; bytes: number }>(
    'SELECT count(*) AS items, coalesce(sum(octet_length(item)), 0) AS bytes FROM catalogue WHERE href <> ?',
  );
  const add = db.prepare(
    'INSERT INTO catalogue (href, item) VALUES (?, ?) ON CONFLICT (href) DO UPDATE SET item = excluded.item',
  );
  return ({ item }: Extract<Write, { do: 'register' }>): void => {
    const text = JSON.stringify(item);
    const { items = 0, bytes = 0 } = others.get(item.href) ?? {};
    if (items >= mostItems || bytes + Buffer.byteLength(text) > mostBytes) {
      throw new Failure('store.full', `a catalogue lists at most ${mostItems} datasources in ${mostBytes} bytes`);
    }
    add.run(item.href, text);
  };
}

/** Deletes exactly the entries that the same selection reads. */
function eraser(db: Sqlite, { entries: all, sealer }: Parts) {
  const spansOf = spanFinder(db, all);
  const chosen = `FROM ${entriesOfSpans} WHERE ${tagMatches}`;
  const documents = db.prepare(`DELETE FROM document WHERE seq IN (SELECT entry.seq ${chosen})`);
  const entries = db.prepare(
    `DELETE FROM entry WHERE (series, timestamp, seq) IN (SELECT entry.series, entry.timestamp, entry.seq ${chosen})`,
  );
  return ({ selection }: Extract<Write, { do: 'erase' }>): void => {
    const spans = spansOf(selection);
    const parameters = { spans: JSON.stringify(spans), ...tagParameters(selection) };
    for (const span of spans) sealer.erase(span, selection);
    if (selection.kind === 'ts/blob') documents.run(parameters);
    entries.run(parameters);
  };
}
