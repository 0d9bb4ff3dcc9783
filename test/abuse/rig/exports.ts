import { urlOf, withToken } from './estate.ts';
import type { Rig } from './index.ts';
import type { AppAnswer, Inside } from './inside.ts';
import type { Visit } from './outside-sites.ts';
import { until } from './until.ts';

export type Job = {
  id: string;
  state: string;
  ext_response: { status?: string; body?: string; truncated?: boolean };
};
export type Submission = {
  uri: string;
  data?: string;
  id?: string;
  token?: string;
  headers?: Record<string, string>;
  inside?: Inside;
};
/** A line of the ledger, as far as the tests read it. */
export type Entry = {
  component: string;
  destination: string;
  bytes: number;
  sha256: string | null;
  status: string;
  answer: string;
};

export type Exporting = {
  /** One POST to the export service, by `app` with the token for its usual destination unless told otherwise. */
  submit(submission: Submission): Promise<AppAnswer>;
  /** Submits with a token for the destination and polls until the export is finished. */
  finished(submission: Submission, timeoutMs?: number): Promise<Job>;
  tokenFor(inside: Inside, destination: string): Promise<string>;
  /** Newest first. */
  ledger(): Promise<Entry[]>;
  /** What arrived at an address of the outside. */
  visitsOf(address: string): Promise<Visit[]>;
};

/** The job that a successful answer describes. */
export function jobOf(answer: AppAnswer): Job {
  if (answer.status !== 200) throw new Error(`the export was not taken: ${JSON.stringify(answer)}`);
  return JSON.parse(answer.body) as Job;
}

/** An app that exports, and what can be seen of it. `usual.token` is the destination whose token is used by default. */
export function exporting(rig: Rig, usual: { app: Inside; token: string }): Exporting {
  const tokens = new Map<string, string>();
  const tokenFor: Exporting['tokenFor'] = async (inside, destination) => {
    const key = `${inside.name} ${destination}`;
    const route = { target: 'export-service', path: '/export', method: 'POST', caveats: [{ destination }] };
    const token = tokens.get(key) ?? jobToken(await inside.token(route));
    tokens.set(key, token);
    return token;
  };
  const submit: Exporting['submit'] = async ({ uri, data = '{"a":1}', id = '', inside = usual.app, ...more }) => {
    const token = more.token ?? (await tokenFor(inside, usual.token));
    const url = urlOf('export-service', '/export');
    const ask = { method: 'POST', url, ...(more.headers && { headers: more.headers }) };
    const [answer] = await inside.ask([withToken(token, ask, { id, uri, data })]);
    if (!answer) throw new Error('no answer');
    return answer;
  };
  return {
    tokenFor,
    submit,
    async finished(submission, timeoutMs = 20_000) {
      const token = submission.token ?? (await tokenFor(submission.inside ?? usual.app, submission.uri));
      const { id } = jobOf(await submit({ ...submission, token }));
      const poll = async () => {
        const job = jobOf(await submit({ ...submission, token, id }));
        return job.state === 'Finished' ? job : undefined;
      };
      return until(`the export to ${submission.uri}`, poll, { timeoutMs, everyMs: 200 });
    },
    ledger: () => rig.databox.admin.read<Entry[]>('/exports?limit=1000'),
    visitsOf: async (address) => (await rig.outside.visits()).filter((visit) => visit.address === address),
  };
}

function jobToken(answer: AppAnswer): string {
  if (answer.status !== 200) throw new Error(`no token: ${JSON.stringify(answer)}`);
  return answer.body;
}
