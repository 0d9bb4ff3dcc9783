/** The admin socket's HTTP surface: what the command line speaks, for root only. */
import { z } from 'zod';
import {
  descriptionCall,
  HypercatItem,
  jsonOf,
  textOf,
  type Api,
  type Answer,
  type Call,
  type Route,
} from '../../../base/api.ts';
import type { FailureCode } from '../../../base/errors.ts';
import { AskedBody, Following, LedgerQuery, Line, Removal, TokenBody } from '../bodies.ts';
import { Connect, Disconnect, Privileged, Restart } from '../network-calls.ts';
import { Repository, Search } from '../repository-calls.ts';
import {
  BoxStatus,
  Component,
  EntryShape,
  Ledger,
  NetworkShape,
  PostedManifest,
  RepositoryShape,
  ReviewShape,
  SlaShape,
} from './shapes.ts';
import { auditCall, verifyCall } from './audit.ts';
import { stores } from './stores.ts';

type Calls = Record<Route, Call>;
const named = z.object({
  name: z
    .string()
    .min(1)
    .meta({ description: 'of a component', examples: ['app-x'] }),
});
const done: Record<number, Answer> = { 200: { what: 'it is done', content: jsonOf(z.strictObject({})) } };
const posted = (call: Omit<Call, 'problems'>, ...problems: FailureCode[]): Call => ({
  ...call,
  problems: ['body.invalid', 'body.too-large', ...problems],
});
const engine = ['docker.unavailable', 'docker.failed'] as const;
export const reviewing = [
  'manifest.invalid',
  'manifest.unknown',
  'manifest.differs',
  'image.invalid',
  ...engine,
] as const;
export const installing = [
  ...reviewing,
  ...(['component.exists', 'store.kept', 'datasource.invalid', 'ledger.unavailable', 'database.unavailable'] as const),
] as const;
export const Asked = AskedBody.meta({
  id: 'Asked',
  description: 'either `name`, of a manifest that a repository has, or `manifest`; `choices`: hrefs by clientid',
  oneOf: [{ required: ['name'] }, { required: ['manifest'] }],
  examples: [{ name: 'app-os-monitor' }],
});
const Step = z.union([
  z.strictObject({ step: z.string(), message: z.string() }),
  z.strictObject({ done: z.literal(true) }),
  z.strictObject({ problem: z.looseObject({ code: z.string() }) }),
]);

const told: Record<number, Answer> = {
  200: {
    what: 'checked; lines of JSON tell of steps, the last one how it ended',
    content: { 'application/x-ndjson': Step.meta({ description: 'each line' }) },
  },
};

const Minted = z.strictObject({
  token: z.string(),
  claims: z.record(z.string(), z.unknown()),
  address: z.string().nullable(),
});

const components: Calls = {
  'GET /components': {
    summary: 'What is installed, and how it does',
    answers: {
      200: { what: 'apps and drivers by name, then stores, then the box’s own', content: jsonOf(z.array(Component)) },
    },
  },
  'POST /review': posted(
    {
      ...{ summary: 'What a manifest asks for, and what could be chosen', body: jsonOf(Asked) },
      answers: { 200: { what: 'nothing was changed', content: jsonOf(ReviewShape) } },
    },
    ...reviewing,
  ),
  'GET /engine': {
    summary: 'Where images are built for this box',
    answers: {
      200: {
        what: 'the engine as in DOCKER_HOST; null: the machine’s',
        content: jsonOf(z.strictObject({ host: z.string().nullable(), arch: z.string() })),
      },
    },
    problems: ['image.invalid'],
  },
  'POST /components': posted({ summary: 'Installs and starts', body: jsonOf(Asked), answers: told }, ...installing),
  'POST /replace': posted(
    { summary: 'Gives an installed component another image and manifest', body: jsonOf(Asked), answers: told },
    ...installing,
    'component.unknown',
  ),
  'DELETE /components/{name}': {
    ...{ summary: 'Uninstalls', path: named, query: Removal, answers: done },
    problems: [
      'body.invalid',
      'component.unknown',
      'component.busy',
      'store.unavailable',
      'ledger.unavailable',
      'database.unavailable',
      'network.refused',
      ...engine,
    ],
  },
  'POST /components/{name}/restart': {
    ...{ summary: 'Starts it anew', path: named, answers: done },
    problems: ['component.unknown', 'component.busy', 'image.missing', 'image.invalid', ...engine],
  },
  'POST /components/{name}/token': posted(
    {
      ...{
        summary: 'Mints a token as the component would get it, and records that',
        path: named,
        body: jsonOf(TokenBody),
      },
      answers: { 200: { what: 'the token; it works from `address` only', content: jsonOf(Minted) } },
    },
    ...([
      'component.unknown',
      'permission.refused',
      'path.invalid',
      'rate.exceeded',
      'ledger.unavailable',
      'database.unavailable',
    ] as const),
  ),
  'GET /components/{name}/logs': {
    ...{ summary: 'What it wrote, oldest line first', path: named, query: Following },
    answers: { 200: { what: 'lines', content: textOf() } },
    problems: ['body.invalid', 'component.unknown', ...engine],
  },
};

const change = (summary: string): Call =>
  posted(
    { summary, path: named, body: jsonOf(Line), answers: done },
    'component.unknown',
    'datasource.unknown',
    'ledger.unavailable',
    'database.unavailable',
  );
const agreements: Calls = {
  'GET /components/{name}/sla': {
    ...{ summary: 'What was agreed', path: named },
    answers: { 200: { what: 'the agreement', content: jsonOf(SlaShape) } },
    problems: ['component.unknown'],
  },
  'POST /components/{name}/revoke': change('Takes one line of an agreement back; what is open ends first'),
  'POST /components/{name}/allow': change('Gives a line back'),
  'GET /datasources': {
    summary: 'Every datasource of every store',
    answers: { 200: { what: 'hypercat items', content: jsonOf(z.array(HypercatItem)) } },
    problems: ['store.unavailable'],
  },
  'GET /exports': {
    ...{ summary: 'What left and what was refused, newest first', query: LedgerQuery.in },
    answers: { 200: { what: 'the ledger', content: jsonOf(z.array(Ledger)) } },
    problems: ['body.invalid'],
  },
  'GET /audit': auditCall,
  'GET /audit/verify': verifyCall,
};

const network: Calls = {
  'GET /network': {
    summary: 'Who may reach whom, counts of flows, and what was refused',
    answers: { 200: { what: 'the network', content: jsonOf(NetworkShape) } },
  },
  'GET /network/status': {
    summary: 'Whether it works',
    answers: { 200: { what: 'it does', content: textOf(z.literal('active')) } },
  },
  'POST /network/connect': posted(
    { summary: 'Lets a component reach peers', body: jsonOf(Connect), answers: done },
    ...(['component.unknown', 'value.invalid', 'network.refused', 'network.exhausted'] as const),
  ),
  'POST /network/disconnect': posted(
    { summary: 'Takes all its peers away', body: jsonOf(Disconnect), answers: done },
    ...(['component.unknown', 'network.refused'] as const),
  ),
  'POST /network/restart': posted(
    { summary: 'Accepts the address that a component has', body: jsonOf(Restart), answers: done },
    ...(['component.unknown', 'permission.refused'] as const),
  ),
  'POST /network/privileged': posted(
    { summary: 'Accepts an address of the manager', body: jsonOf(Privileged), answers: done },
    'permission.refused',
  ),
};

const repositories: Calls = {
  'GET /repositories': {
    summary: 'Manifest repositories, in the order in which their names win',
    answers: { 200: { what: 'each repository', content: jsonOf(z.array(RepositoryShape)) } },
  },
  'POST /repositories': posted(
    {
      ...{ summary: 'Adds a repository', body: jsonOf(Repository) },
      answers: { 201: { what: 'it is read by the next sync', content: jsonOf(RepositoryShape) } },
    },
    'repository.invalid',
  ),
  'DELETE /repositories': posted(
    { summary: 'Forgets a repository', body: jsonOf(Repository.pick({ url: true })), answers: done },
    ...(['repository.unknown', 'repository.invalid'] as const),
  ),
  'POST /repositories/sync': {
    summary: 'Reads every repository',
    answers: { 200: { what: 'what each was found to hold', content: jsonOf(z.array(RepositoryShape)) } },
  },
  'GET /manifests': {
    ...{ summary: 'Manifests that are offered; those with every word of `search`', query: Search },
    answers: { 200: { what: 'each with where it came from', content: jsonOf(z.array(EntryShape)) } },
    problems: ['body.invalid'],
  },
  'POST /manifests': posted(
    {
      ...{ summary: 'Keeps a manifest of the owner’s', body: jsonOf(PostedManifest) },
      answers: { 201: { what: 'it is offered', content: jsonOf(EntryShape) } },
    },
    ...(['manifest.invalid', 'manifest.exists'] as const),
  ),
};

export const adminApi: Api = {
  name: 'admin',
  title: 'Databox admin socket',
  description:
    'What the command line speaks: HTTP over the Unix socket `<run.dir>/databox.sock`, which root alone may open.',
  server: { url: 'http://localhost' },
  security: {},
  problems: ['path.unknown', 'path.invalid'],
  calls: {
    'GET /openapi.json': descriptionCall,
    'GET /status': {
      summary: 'Whether Databox works, and what is wrong',
      answers: { 200: { what: 'how it does', content: jsonOf(BoxStatus) } },
    },
    'POST /stop': {
      summary: 'Stops Databox',
      answers: { 202: { what: 'it begins to stop', content: jsonOf(z.strictObject({})) } },
    },
    ...components,
    ...agreements,
    ...network,
    ...stores,
    ...repositories,
  },
};
