/** The tables say what the code serves, and the code serves what the tables say. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { globSync, readFileSync } from 'node:fs';
import { apis, documentFiles } from '../../../src/api.ts';
import { createArbiter } from '../../../src/arbiter/index.ts';
import { descriptions } from '../../../src/base/description.ts';
import { silent } from '../../../src/base/log.ts';
import { routes as exportRoutes, type Parts } from '../../../src/export/routes.ts';
import { adminApi } from '../../../src/manager/web/admin-api.ts';
import { appStoreApi } from '../../../src/manager/web/app-store.ts';
import { coreUiApi } from '../../../src/manager/web/core-ui.ts';
import type { AdminParts } from '../../../src/manager/web/types.ts';
import { routesOf } from './routers.ts';

/** What is registered is asked of, never called. */
const nobody = {} as never;
const documentedIn = (calls: object, under = ''): string[] =>
  Object.keys(calls).filter((route) => (route.split(' ')[1] ?? '').startsWith(under));

/** The door itself answers these two: they open and end what the rest needs. */
const door = ['GET /core-ui/ui/api/connect', 'POST /core-ui/ui/api/logout'];

test.each([
  [
    'arbiter',
    () => routesOf(createArbiter({ file: ':memory:', log: silent, checkAddress: true }).handler),
    documentedIn(apis.arbiterApi.calls),
  ],
  ['export service', () => routesOf(exportRoutes(nobody as Parts)), documentedIn(apis.exportApi.calls)],
  ['admin socket', () => routesOf(adminApi({ log: silent } as AdminParts)), documentedIn(apis.adminApi.calls)],
  [
    'owner’s core-ui',
    () => [...routesOf(coreUiApi(nobody), '/core-ui/ui/api'), ...door],
    documentedIn(apis.ownerApi.calls, '/core-ui/ui/api/'),
  ],
  [
    'owner’s app-store',
    () => routesOf(appStoreApi({ appstore: nobody, log: silent }), '/app-store/ui/api'),
    documentedIn(apis.ownerApi.calls, '/app-store/ui/api/'),
  ],
])('%s: every registered route is documented, and the other way round', (_part, registered, documented) => {
  const served = registered();
  expect({
    'registered, but not in the document': served.filter((route) => !documented.includes(route)),
    'in the document, but not registered': documented.filter((route) => !served.includes(route)),
  }).toEqual({ 'registered, but not in the document': [], 'in the document, but not registered': [] });
  expect(served.length).toBeGreaterThan(2);
});

test.each(documentFiles.map(({ file }) => file))('%s is a valid OpenAPI 3.1 document', async (file) => {
  const validator = new Validator();
  const result = await validator.validate(JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>);
  expect([result.errors, validator.version]).toEqual([undefined, '3.1']);
});

test('operation ids are unique in a document', () => {
  for (const { file } of documentFiles) {
    const ids = [...readFileSync(file, 'utf8').matchAll(/"operationId": "(.+)"/g)].map(([, id]) => id);
    expect([file, ids.length]).toEqual([file, new Set(ids).size]);
    expect(ids.length).toBeGreaterThan(2);
  }
});

test('the binary carries every document', () => {
  expect([...descriptions].sort()).toEqual(documentFiles.map(({ file }) => file).sort());
});

test('nothing that runs loads the tables', () => {
  const tables = /from '\.[^']*(\/api\.ts|\/api\/\w+\.ts)'/;
  const isTable = (path: string) => /\/api(\/\w+)?\.ts$/.test(path);
  // The library for authors knows none of them: it may import nothing of ours.
  const sources = globSync('src/**/*.ts', { exclude: ['src/client/**'] });
  const loading = sources.filter((path) => !isTable(path) && tables.test(readFileSync(path, 'utf8')));
  expect([loading, sources.filter(isTable).length]).toEqual([[], 11]);
});
