import type { Sqlite } from '../../base/sqlite.ts';
import type { Selection } from '../operations.ts';

/** Condition on `entry.tag` for the parameters @tag (a name or null), @equals and @contains (one of them null). */
export const tagMatches = `
  (@tag IS NULL OR entry.tag IN
    (SELECT id FROM tag WHERE name = +@tag AND (text = +@equals OR (@contains IS NOT NULL AND instr(text, @contains) > 0))))`;

export const tagParameters = ({ filter }: Pick<Selection, 'filter'>) => ({
  tag: filter ? filter.name : null,
  equals: filter?.is === 'equals' ? filter.text : null,
  contains: filter?.is === 'contains' ? filter.text : null,
});

type Tag = [name: string, text: string] | [name: null, text: null];
/** Ids are never given to another tag; past this memory is emptied. */
const remembered = 5_000;

export type TagNamer = ReturnType<typeof tagNamer>;

/** What tags of sealed entries are called; 0 is none. */
export function tagNamer(db: Sqlite) {
  const find = db.prepare<[number], [string, string]>('SELECT name, text FROM tag WHERE id = +?').raw();
  const known = new Map<number, Tag>();
  const of = (id: number): Tag => {
    const hit = known.get(id);
    if (hit) return hit;
    const tag: Tag = (id === 0 ? undefined : find.get(id)) ?? [null, null];
    if (known.size >= remembered) known.clear();
    known.set(id, tag);
    return tag;
  };
  return {
    of,
    /** The same condition as `tagMatches`. */
    matcher({ filter }: Pick<Selection, 'filter'>): (id: number) => boolean {
      if (!filter) return () => true;
      const decided = new Map<number, boolean>();
      return (id) => {
        const hit = decided.get(id);
        if (hit !== undefined) return hit;
        const [name, text] = of(id);
        const matches =
          name === filter.name && (filter.is === 'equals' ? text === filter.text : text.includes(filter.text));
        decided.set(id, matches);
        return matches;
      };
    },
  };
}
