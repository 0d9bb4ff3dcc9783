/** counts — uses on disk: by the minute for a day, by the hour for a month, by the day for two years. */
import type { Sqlite } from '../base/sqlite.ts';
import type { AccessRow, Looking } from './entry.ts';
import { accessStatements, type AccessStatements } from './sql.ts';

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000];
/** Rows of a span are kept so long, and then become part of a longer one. */
const folds = [
  { span: minuteMs, keptMs: dayMs, to: hourMs },
  { span: hourMs, keptMs: 30 * dayMs, to: dayMs },
];
const daysKeptMs = 730 * dayMs;
/** Datasources of a component that are counted by name; further ones are counted as `*`. */
export const mostNamed = 1_000;

/** Uses since the last time, all of one minute. */
export type Count = Omit<AccessRow, 'at' | 'span'>;

export type Counts = {
  /** On disk when this returns. */
  add(rows: readonly Count[]): void;
  /** As they are kept, newest first. */
  spans(o: Looking): AccessRow[];
  /** One row for each source: all that is kept of it. */
  sums(o: Looking): AccessRow[];
};

/** @param now  ms since the Unix epoch */
export function openCounts(db: Sqlite, now: () => number = Date.now): Counts {
  const sql = accessStatements(db);
  const known = new Map<string, Map<string, number>>();
  let folded = 0;
  const add = db.transaction((rows: readonly Count[]) => {
    for (const row of rows) {
      const source = sourceOf(sql, known, row);
      sql.add.run({ ...row, source, span: minuteMs, at: row.first - (row.first % minuteMs) });
    }
    const hour = Math.floor(now() / hourMs);
    if (hour === folded) return;
    fold(sql, now());
    known.clear();
    folded = hour;
  });
  return {
    add(rows) {
      try {
        add.immediate(rows);
      } catch (err) {
        // A source that was rolled back has no id.
        known.clear();
        throw err;
      }
    },
    spans: (o) => sql.spans(o),
    sums: (o) => sql.sums(o),
  };
}

/** A cycle of new names must not fill the disk: what is beyond the limit is counted together. */
function sourceOf(sql: AccessStatements, known: Map<string, Map<string, number>>, { component, store, ...row }: Count) {
  let own = known.get(component);
  if (!own) {
    own = new Map(sql.sourcesOf(component).map((source) => [keyOf(source), source.id]));
    known.set(component, own);
  }
  const find = (datasource: string): number | undefined => own.get(keyOf({ store, datasource }));
  const earlier = find(row.datasource);
  if (earlier !== undefined) return earlier;
  const datasource = own.size < mostNamed ? row.datasource : '*';
  const id = find(datasource) ?? Number(sql.addSource.run({ component, store, datasource }).lastInsertRowid);
  own.set(keyOf({ store, datasource }), id);
  return id;
}

/** Neither a store's name nor a path has a line break. */
const keyOf = ({ store, datasource }: { store: string; datasource: string }): string => `${store}\n${datasource}`;

function fold(sql: AccessStatements, now: number): void {
  for (const { span, keptMs, to } of folds) {
    const before = now - keptMs - ((now - keptMs) % to);
    sql.fold.run({ span, to, before });
    sql.drop.run({ span, before });
  }
  sql.drop.run({ span: dayMs, before: now - daysKeptMs });
  sql.dropSources.run();
}
