import type { Method } from '../base/names.ts';

/** What a request to a store can mean. Both doors speak in these; the engine answers those that touch data. */

/** The three namespaces of key/value data, and the content format of a request. */
export type Format = 'json' | 'text' | 'binary';
/** Numeric series and blob series are two independent sets: the same id in both is unrelated. */
export type Kind = 'ts' | 'ts/blob';

/** Entries of each series on its own: the newest or oldest `n`, or a closed interval in ms since the Unix epoch. */
export type Pick = { by: 'last' | 'first'; n: number } | { by: 'range'; from: number; to: number };
/** Keeps the picked entries whose tag `name` is, or contains, `text` (literally, case-sensitively). */
export type Filter = { name: string; is: 'equals' | 'contains'; text: string };
/** Picked entries of one or several series. Descending by (time, insertion), ascending for `first`. */
export type Selection = { kind: Kind; series: readonly string[]; pick: Pick; filter: Filter | null };

export const aggregates = ['sum', 'count', 'min', 'max', 'mean', 'median', 'sd'] as const;
export type Aggregate = (typeof aggregates)[number];

/** Entity tags of a value; `*`: any value at all. */
export type Tags = '*' | readonly string[];
/** What must hold of the value that is there: it has one of the first tags, it has none of the second. */
export type Precondition = { match?: Tags; noneMatch?: Tags };

export type Info = { do: 'hello' | 'time' | 'uptime' | 'status' };
/** Answered from data, changes nothing. `limit`: entries of a part at most; `lines`: one a line, not joined by commas. */
export type Read =
  | { do: 'catalogue' }
  | { do: 'value'; format: Format; id: string; key: string; only?: Precondition }
  | { do: 'keys' | 'count'; format: Format; id: string }
  | { do: 'entries'; selection: Selection; limit?: number; lines?: true }
  | { do: 'aggregate'; selection: Selection; by: Aggregate }
  | { do: 'buckets'; selection: Selection; by: Aggregate; everyMs: number; lines?: true }
  | { do: 'length'; selection: Selection };
/** Told to whoever provides a function, or kept for whoever called it and takes it; never stored. */
export type Call = { do: 'function'; part: 'request' | 'answer' | 'take' };
/** Needs a body. `at` null: the time of arrival. */
export type Post =
  | { do: 'register' }
  | { do: 'put'; format: Format; id: string; key: string; only?: Precondition }
  | { do: 'append'; kind: Kind; series: string; at: number | null }
  | Batch;
/** Many entries of one series: all or none of them, or, with `lines`, as they come, one a line. */
export type Batch = { do: 'batch'; kind: Kind; series: string; lines?: true };
/** `key` null: every key of the id in this namespace. */
export type Erase =
  | { do: 'drop'; format: Format; id: string; key: string | null; only?: Precondition }
  | { do: 'erase'; selection: Selection };

export type Operation = Info | Read | Post | Erase | Call;

export type Request = {
  method: Method;
  /** As `base/paths.ts` gives it: the very text that was authorised. */
  path: string;
  /** Namespace for `kv`; series take only `json`, the rest ignores it. */
  format: Format;
};
