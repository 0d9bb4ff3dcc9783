/** The owner's HTTPS: pages, what they and the original's clients call, and the way to components' own pages. */
import { z } from 'zod';
import {
  binary,
  descriptionCall,
  HypercatItem,
  jsonOf,
  type Answer,
  type Api,
  type Call,
  type Route,
} from '../../../base/api.ts';
import type { FailureCode } from '../../../base/errors.ts';
import { Store } from '../app-store.ts';
import { Named, NamedLine, Uninstall } from '../bodies.ts';
import { Asked, installing, reviewing } from './admin.ts';
import { auditCall, verifyCall } from './audit.ts';
import { Component, Manifest, PostedManifest, ReviewShape, SlaShape } from './shapes.ts';

type Calls = Record<Route, Call>;
const done: Record<number, Answer> = {
  200: { what: 'it is done, or for an install begun', content: jsonOf(z.strictObject({ status: z.literal(200) })) },
};
const posted = (call: Omit<Call, 'answers' | 'problems'>, ...problems: FailureCode[]): Call => ({
  ...{ answers: done, ...call },
  problems: ['body.invalid', 'body.too-large', ...problems],
});
const named = z.object({
  name: z
    .string()
    .min(1)
    .meta({ examples: ['app-x'] }),
});
const engine = ['docker.unavailable', 'docker.failed'] as const;
const page = (what: string): Record<number, Answer> => ({ 200: { what, content: { 'text/html': z.string() } } });
const home: Call = {
  summary: 'Leads to the status page',
  answers: { 302: { what: 'to `/`', headers: { location: 'where to' } } },
};

const certificate: Calls = {
  'GET /core-ui/ui/cert.pem': {
    ...{ summary: 'The authority that devices are to trust, PEM', open: true },
    answers: { 200: { what: 'a certificate', content: { 'application/x-pem-file': z.string() } } },
  },
  'GET /core-ui/ui/cert.der': {
    ...{ summary: 'The same, DER', open: true },
    answers: { 200: { what: 'a certificate', content: { 'application/x-x509-ca-cert': binary } } },
  },
};

const pages: Calls = {
  'GET /': { summary: 'Status page', answers: page('components with their state') },
  'GET /core-ui': home,
  'GET /core-ui/ui': home,
  'GET /app-store': home,
  'GET /app-store/ui': home,
  'GET /core-ui/ui/': { summary: 'Login page', open: true, answers: page('a form') },
  'GET /core-ui/ui/page.css': {
    ...{ summary: 'What the pages look like', open: true },
    answers: { 200: { what: 'a style sheet', content: { 'text/css': z.string() } } },
  },
  'GET /core-ui/ui/page.js': {
    ...{ summary: 'What the login page runs', open: true },
    answers: { 200: { what: 'a script', content: { 'text/javascript': z.string() } } },
  },
  ...certificate,
};

const session: Calls = {
  'GET /core-ui/ui/api/connect': {
    summary: 'Opens a session',
    notes: 'The header `Authorization: Token <password>` does so on any other path and with any method too.',
    headers: z.object({ authorization: z.string().regex(/^Token /) }),
    answers: {
      200: {
        what: 'logged in',
        content: { 'text/plain': z.literal('connected') },
        headers: { 'set-cookie': 'the session' },
      },
    },
    problems: ['session.refused', 'rate.exceeded'],
  },
  'POST /core-ui/ui/api/logout': { summary: 'Ends the session', answers: done },
};

const core: Calls = {
  'POST /core-ui/ui/api/install': posted({ summary: 'Checks, answers, installs', body: jsonOf(Asked) }, ...installing),
  'POST /core-ui/ui/api/uninstall': posted(
    { summary: 'Uninstalls', body: jsonOf(Uninstall) },
    ...([
      'component.unknown',
      'component.busy',
      'store.unavailable',
      'ledger.unavailable',
      'database.unavailable',
    ] as const),
    ...(['network.refused', ...engine] as const),
  ),
  'POST /core-ui/ui/api/restart': posted(
    { summary: 'Starts a component anew', body: jsonOf(Named) },
    ...(['component.unknown', 'component.busy', 'image.missing', 'image.invalid', ...engine] as const),
  ),
  'POST /core-ui/ui/api/revoke': posted(
    { summary: 'Takes one line of an agreement back', body: jsonOf(NamedLine) },
    ...(['component.unknown', 'datasource.unknown', 'ledger.unavailable', 'database.unavailable'] as const),
  ),
  'POST /core-ui/ui/api/allow': posted(
    { summary: 'Gives a line back', body: jsonOf(NamedLine) },
    ...(['component.unknown', 'datasource.unknown', 'ledger.unavailable', 'database.unavailable'] as const),
  ),
  'POST /core-ui/ui/api/review': {
    ...{ summary: 'What a manifest asks for, and what could be chosen', body: jsonOf(Asked) },
    answers: { 200: { what: 'nothing was changed', content: jsonOf(ReviewShape) } },
    problems: ['body.invalid', 'body.too-large', ...reviewing],
  },
  'GET /core-ui/ui/api/containerStatus': {
    summary: 'What is installed, and how it does',
    answers: { 200: { what: 'each component', content: jsonOf(z.array(Component)) } },
  },
  'GET /core-ui/ui/api/dataSources': {
    summary: 'Every datasource of every store',
    answers: { 200: { what: 'hypercat items', content: jsonOf(z.array(HypercatItem)) } },
    problems: ['store.unavailable'],
  },
  'GET /core-ui/ui/api/permissions/{name}': {
    ...{ summary: 'What was agreed', path: named },
    answers: { 200: { what: 'the agreement', content: jsonOf(SlaShape) } },
    problems: ['component.unknown'],
  },
  'GET /core-ui/ui/api/audit': auditCall,
  'GET /core-ui/ui/api/audit/verify': verifyCall,
  'GET /core-ui/ui/api/appStore': {
    summary: 'Names that can be installed',
    answers: {
      200: {
        what: 'by type',
        content: jsonOf(z.strictObject({ apps: z.array(z.string()), drivers: z.array(z.string()) })),
      },
    },
  },
  'GET /core-ui/ui/api/manifest/{name}': {
    ...{ summary: 'A manifest that is offered', path: named },
    answers: { 200: { what: 'the manifest', content: jsonOf(Manifest) } },
    problems: ['manifest.unknown'],
  },
  'GET /core-ui/ui/api/drivers/{name}': {
    ...{ summary: 'Drivers, not installed yet, that provide what an app reads', path: named },
    answers: { 200: { what: 'their manifests', content: jsonOf(z.array(Manifest)) } },
    problems: ['manifest.unknown'],
  },
};

const sync: Call = { summary: 'Reads every repository; answered before it is done', answers: done };
const shop: Calls = {
  'POST /app-store/ui/api/addManifest': posted(
    { summary: 'Keeps a manifest of the owner’s', body: jsonOf(PostedManifest) },
    ...(['manifest.invalid', 'manifest.exists'] as const),
  ),
  'POST /app-store/ui/api/addStore': posted(
    { summary: 'Adds a manifest repository', body: jsonOf(Store) },
    'repository.invalid',
  ),
  'POST /app-store/ui/api/removeStore': posted(
    { summary: 'Forgets a manifest repository', body: jsonOf(Store.pick({ giturl: true })) },
    ...(['repository.unknown', 'repository.invalid'] as const),
  ),
  'GET /app-store/ui/api/refresh': sync,
  'POST /app-store/ui/api/refresh': sync,
  'DELETE /app-store/ui/api/refresh': sync,
};

const passage: Call = {
  summary: 'A component’s own page: `https://<component>:8080/<rest>`, without the session; WebSockets too',
  path: z.object({
    component: z.string().meta({ examples: ['app-x'] }),
    rest: z.string().meta({ examples: ['ui'] }),
  }),
  answers: { 200: { what: 'as the component answers, with its status', content: { '*/*': z.string() } } },
  problems: ['component.unreachable'],
};

export const ownerApi: Api = {
  name: 'owner',
  title: 'Databox, owner’s HTTPS',
  description:
    'Pages and calls for the owner’s browser, phone and scripts. See owner.md for sessions, origins and hosts.',
  server: {
    url: 'https://{box}',
    variables: { box: { default: 'localhost', description: 'a name or address of the box' } },
  },
  security: {
    session: { type: 'apiKey', in: 'cookie', name: '__Host-session', description: 'opened with the owner’s password' },
  },
  problems: [
    ...(['session.required', 'host.refused', 'origin.refused', 'path.invalid', 'path.unknown'] as const),
    'method.refused',
  ],
  calls: {
    'GET /openapi.json': descriptionCall,
    ...pages,
    ...session,
    ...core,
    ...shop,
    'GET /{component}': {
      summary: 'Leads to a component’s page',
      path: z.object({ component: z.string().meta({ examples: ['app-x'] }) }),
      answers: { 302: { what: 'to `/<component>/ui`', headers: { location: 'where to' } } },
      problems: ['component.unreachable'],
    },
    'GET /{component}/{rest*}': passage,
    'POST /{component}/{rest*}': passage,
    'DELETE /{component}/{rest*}': passage,
  },
};

/** Port 80: the way to trust the box, and nothing else. */
export const clearApi: Api = {
  name: 'clear',
  title: 'Databox, port 80',
  description: 'The certificate that devices are to trust, and nothing else.',
  server: {
    url: 'http://{box}',
    variables: { box: { default: 'localhost', description: 'a name or address of the box' } },
  },
  security: {},
  problems: ['host.refused', 'method.refused', 'path.invalid', 'path.unknown'],
  calls: {
    'GET /': { summary: 'How to come to the pages', answers: page('links') },
    'GET /cert.pem': { ...certificate['GET /core-ui/ui/cert.pem'] } as Call,
    'GET /cert.der': { ...certificate['GET /core-ui/ui/cert.der'] } as Call,
  },
};
