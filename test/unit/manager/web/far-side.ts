/** The manager and the app store as the owner's doors see them: their far side, where the real ones need Docker. */
import type { Appstore, Entry } from '../../../../src/appstore/index.ts';
import { parseManifest } from '../../../../src/appstore/index.ts';
import { Failure } from '../../../../src/base/errors.ts';
import type { Tls } from '../../../../src/base/listen.ts';
import type { Sla } from '../../../../src/manager/sla.ts';
import type { ComponentStatus, Manager, UiTarget } from '../../../../src/manager/index.ts';

export type Calls = { name: string; argument: unknown }[];

/** A manager that knows some components' pages and notes what it was asked to do. */
export function farManager(o: { tls: Tls; rootPem: string; targets?: Record<string, UiTarget> }): Manager & {
  calls: Calls;
  targets: Record<string, UiTarget>;
  components: ComponentStatus[];
} {
  const calls: Calls = [];
  const targets = o.targets ?? {};
  const note = (name: string) => (argument: unknown) => Promise.resolve(void calls.push({ name, argument }));
  const unknown = (name: string) => new Failure('component.unknown', `there is no component ${name}`);
  const components: ComponentStatus[] = [];
  const must = (name: string) => {
    if (!components.some((each) => each.name === name)) throw unknown(name);
  };
  const far = {
    calls,
    targets,
    components,
    authority: { rootPem: o.rootPem, ownerRootPem: o.rootPem, ownerTls: () => o.tls, onOwnerRenewed: () => () => {} },
    check: (request: { manifest?: unknown }) => {
      parseManifest(request.manifest);
      return note('check')(request);
    },
    install: note('install'),
    async uninstall(name: string, options: unknown) {
      must(name);
      await note('uninstall')({ name, options });
    },
    async restart(name: string) {
      must(name);
      await note('restart')(name);
    },
    revoke: async (name: string, line: unknown) => note('revoke')({ name, line }),
    allow: async (name: string, line: unknown) => note('allow')({ name, line }),
    list: () => Promise.resolve(components),
    dataSources: () => Promise.resolve([]),
    sla(name: string) {
      must(name);
      return slaOf(name);
    },
    review(asked: { name?: string; manifest?: unknown }) {
      const about = asked.manifest === undefined ? undefined : parseManifest(asked.manifest);
      if (!about) throw new Failure('manifest.unknown', `no repository has ${asked.name}`);
      return Promise.resolve({
        ...{ ...about, origin: 'owner', asks: [], datasources: [], risk: 0, installed: false, changed: null },
        image: { reference: 'x', id: null, preferred: 'x' },
      });
    },
    uiTarget: (name: string) => targets[name],
  };
  return far as unknown as ReturnType<typeof farManager>;
}

/** An app store with these manifests in it. */
export function farAppstore(manifests: unknown[] = []): Appstore & { calls: Calls } {
  const calls: Calls = [];
  const entries = manifests.map((each): Entry => ({ ...parseManifest(each), origin: 'test', commit: null }));
  const far = {
    calls,
    list: () => entries,
    find: (name: string) => entries.find(({ manifest }) => manifest.name === name),
    add(manifest: unknown) {
      const parsed = parseManifest(manifest);
      calls.push({ name: 'add', argument: parsed.manifest.name });
    },
    addRepository: (argument: unknown) => void calls.push({ name: 'addRepository', argument }),
    removeRepository: (argument: unknown) => void calls.push({ name: 'removeRepository', argument }),
    sync: () => Promise.resolve((calls.push({ name: 'sync', argument: null }), [])),
  };
  return far as unknown as ReturnType<typeof farAppstore>;
}

/** What was agreed with a component that asks for nothing. */
export const slaOf = (name: string): Sla => ({
  ...{ name: name as Sla['name'], type: 'app', origin: 'owner', commit: null, approvedAt: 0 },
  manifest: parseManifest({
    name,
    'databox-type': 'app',
    version: '1',
    description: '',
    author: '',
    license: '',
    tags: [],
  }).manifest,
  ...{ image: { reference: 'x', id: null }, datasources: [], revoked: { destinations: [], hosts: [] } },
});

export const statusOf = (name: string, more: Partial<ComponentStatus> = {}): ComponentStatus => ({
  ...{ name, type: 'app', desiredState: 'running', state: 'running', status: 'running' },
  ...{ restarts: 0, origin: 'owner', image: 'x' },
  ...more,
});
