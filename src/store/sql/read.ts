import type { Sqlite } from '../../base/sqlite.ts';
import { catalogueText } from '../catalogue.ts';
import type { Reply, Statistics } from '../engine.ts';
import type { Read, Selection } from '../operations.ts';
import { tagOf } from '../precondition.ts';
import { aggregator } from './aggregate.ts';
import { bucketer } from './buckets.ts';
import { measurer } from './retention.ts';
import { pager, separator, type Page } from './page.ts';
import { history, type History } from './history.ts';
import { spanFinder } from './spans.ts';

const mostItems = 10_000;
const keysPerPart = 10_000;

export type Reader = {
  /** @param next  of the part before; absent for the first */
  read(question: Read, next?: unknown): Reply;
  datasources(): Statistics['datasources'];
  /** Where the newest bytes of a series end. */
  overflow: ReturnType<typeof measurer>;
};

/** The questions of one store, on a connection that need not write. */
export function reader(db: Sqlite): Reader {
  const keyValue = keyValueReader(db);
  const items = db.prepare<[], string>(`SELECT item FROM catalogue ORDER BY seq DESC LIMIT ${mostItems}`).pluck();
  const all = history(db);
  const series = seriesReader(db, all);
  const read: Reader['read'] = (question, next) => {
    switch (question.do) {
      case 'catalogue':
        return { whole: catalogueText(items.all()) };
      case 'value':
      case 'keys':
      case 'count':
        return keyValue(question, next as number | undefined);
      case 'entries':
        return series.entries(question, next as Page['next'] | undefined);
      case 'length':
        return series.length(question.selection);
      case 'aggregate':
        return series.aggregate(question);
      case 'buckets':
        return series.buckets(question, next as Page['next'] | undefined);
    }
  };
  return { read, datasources: datasourceLister(db), overflow: measurer(db, all) };
}

type KeyValueQuestion = Extract<Read, { do: 'value' | 'keys' | 'count' }>;

function keyValueReader(db: Sqlite) {
  const value = db.prepare<string[], { data: string | Buffer; tag: Buffer }>(
    'SELECT data, tag FROM kv WHERE format = +? AND id = +? AND key = +?',
  );
  const count = db.prepare<string[], number>('SELECT count(*) FROM kv WHERE format = +? AND id = +?').pluck();
  const keys = db.prepare<[string, string, number], { seq: number; key: string }>(
    `SELECT seq, key FROM kv WHERE format = +? AND id = +? AND seq < ? ORDER BY seq DESC LIMIT ${keysPerPart}`,
  );
  return (question: KeyValueQuestion, before: number = Number.MAX_SAFE_INTEGER): Reply => {
    const { format, id } = question;
    if (question.do === 'value') {
      const found = value.get(format, id, question.key);
      if (found === undefined) return { whole: format === 'json' ? '{}' : '' };
      return { whole: found.data, tag: tagOf(format, found.tag) };
    }
    if (question.do === 'count') return { whole: `{"count":${count.get(format, id) ?? 0}}` };
    const rows = keys.all(format, id, before);
    const next = rows.length < keysPerPart ? null : rows.at(-1)?.seq;
    return { part: rows.map(({ key }) => JSON.stringify(key)).join(','), next };
  };
}

function seriesReader(db: Sqlite, all: History) {
  const spansOf = spanFinder(db, all);
  const page = pager(db, all);
  const aggregate = aggregator(db, all);
  const buckets = bucketer(db, all);
  return {
    entries({ selection, limit, lines }: Extract<Read, { do: 'entries' }>, next?: Page['next']): Reply {
      const found = page(selection, next ?? spansOf(selection), limit);
      return { part: found.entries.join(separator(lines)), next: found.next };
    },
    buckets(question: Extract<Read, { do: 'buckets' }>, next?: Page['next']): Reply {
      const found = buckets(question, next ?? spansOf(question.selection));
      return { part: found.entries.join(separator(question.lines)), next: found.next };
    },
    length: (selection: Selection): Reply => ({
      whole: `{"length":${spansOf(selection).reduce((sum, span) => sum + all.count(span), 0)}}`,
    }),
    aggregate({ selection, by }: Extract<Read, { do: 'aggregate' }>): Reply {
      const result = aggregate(by, selection, spansOf(selection));
      return { whole: result === null ? '{}' : `{"result":${result}}` };
    },
  };
}

/** Every datasource that has something, or of which not all is kept. */
function datasourceLister(db: Sqlite): Reader['datasources'] {
  const list = db.prepare<[], Statistics['datasources'][number]>(
    `SELECT name AS id, kind, (SELECT count(*) FROM entry WHERE entry.series = series.id)
       + (SELECT coalesce(sum(entries), 0) FROM block WHERE block.series = series.id) AS entries, keepMs, maxBytes
     FROM series LEFT JOIN retention USING (kind, name) WHERE entries > 0 OR keepMs IS NOT NULL OR maxBytes IS NOT NULL
     UNION ALL SELECT id, 'kv', count(*), NULL, NULL FROM kv GROUP BY id ORDER BY 2, 1`,
  );
  return () => list.all();
}
