/** audit — what `databox audit` is told, and shows. */
import { z } from 'zod';
import { validate } from '../../base/http.ts';
import { bytes, table, time } from '../text.ts';

const Access = z.looseObject({
  ...{ component: z.string(), store: z.string(), datasource: z.string(), first: z.number(), last: z.number() },
  ...{ reads: z.number(), writes: z.number(), readBytes: z.number(), writtenBytes: z.number(), refused: z.number() },
});
type Access = z.infer<typeof Access>;
const Entry = z.looseObject({
  ...{ id: z.number(), at: z.number(), kind: z.string(), component: z.string(), target: z.string(), path: z.string() },
  facts: z.record(z.string(), z.unknown()),
});
type Entry = z.infer<typeof Entry>;
const Audit = z.looseObject({ accesses: z.array(Access), entries: z.array(Entry) });
const Fault = z.looseObject({
  ...{ chain: z.string(), seq: z.number(), id: z.number().nullable(), at: z.number().nullable(), why: z.string() },
});
const Verdict = z.looseObject({
  ...{ intact: z.boolean(), broken: z.array(Fault), entries: z.number(), chains: z.number() },
  since: z.number().nullable(),
});
type Verdict = z.infer<typeof Verdict>;

export const auditOf = (answer: unknown): z.infer<typeof Audit> => validate(Audit, answer);
export const verdictOf = (answer: unknown): Verdict => validate(Verdict, answer);

export const auditText = ({ accesses, entries }: z.infer<typeof Audit>): string =>
  [
    table(accesses, accessColumns, 'Nobody has used a datasource.'),
    '\n',
    table(entries, entryColumns, 'Nothing was done, refused or permitted.'),
  ].join('');

const accessColumns = [
  { title: 'component', of: ({ component }: Access) => component },
  { title: 'store', of: ({ store }: Access) => store },
  { title: 'datasource', of: ({ datasource }: Access) => datasource },
  { title: 'reads', of: ({ reads }: Access) => reads, right: true },
  { title: 'read', of: ({ readBytes }: Access) => bytes(readBytes), right: true },
  { title: 'writes', of: ({ writes }: Access) => writes, right: true },
  { title: 'written', of: ({ writtenBytes }: Access) => bytes(writtenBytes), right: true },
  {
    title: 'refused',
    of: ({ refused }: Access) => refused,
    right: true,
    colour: ({ refused }: Access) => (refused > 0 ? ('red' as const) : undefined),
  },
  { title: 'first (UTC)', of: ({ first }: Access) => time(first) },
  { title: 'last (UTC)', of: ({ last }: Access) => time(last) },
];

const colours: Record<string, 'red' | 'yellow'> = {
  refusal: 'red',
  unsealed: 'red',
  actuation: 'yellow',
  export: 'yellow',
};
const entryColumns = [
  { title: 'time (UTC)', of: ({ at }: Entry) => time(at) },
  { title: 'entry', of: ({ id }: Entry) => id, right: true },
  { title: 'what', of: ({ kind }: Entry) => kind, colour: ({ kind }: Entry) => colours[kind] },
  { title: 'component', of: ({ component }: Entry) => component },
  { title: 'at', of: ({ target }: Entry) => target },
  { title: 'path', of: ({ path }: Entry) => path },
  { title: 'facts', of: ({ facts }: Entry) => factsText(facts) },
];

const factsText = (facts: Record<string, unknown>): string =>
  Object.entries(facts)
    .filter(([name, value]) => !(name === 'count' && value === 1))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');

/** Names the first broken entry, where there is one. */
export function verdictText({ broken, entries, chains, since }: Verdict): string {
  const [first] = broken;
  if (first) return `entry ${first.seq} of the chain of ${first.chain}${placeOf(first)}: ${first.why}`;
  const from = since === null ? '' : ` since ${time(since)} UTC`;
  return `${entries} entries in ${chains} chains${from}: each is there, in its place and as it was written.\n`;
}

const placeOf = ({ id, at }: Verdict['broken'][number]): string =>
  id === null || at === null ? '' : ` (number ${id}, ${time(at)} UTC)`;
