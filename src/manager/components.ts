/** components — what is installed and how each is doing. In memory; agreements are on disk (sql.ts). */
import { Failure } from '../base/errors.ts';
import type { Place } from '../network/index.ts';
import type { ComponentState, ComponentStatus } from './face.ts';
import { datasourceOf } from './items.ts';
import type { Sla } from './sla.ts';

export type Component = {
  sla: Sla;
  state: ComponentState;
  desired: 'running' | 'shutdown';
  error?: string | undefined;
  /** Crashes in a row. */
  restarts: number;
  /** Hrefs of chosen datasources that are not in force now. */
  missing: string[];
  /** The container that should be running; absent while none should. */
  container?: { id: string; startedAt: number } | undefined;
  place?: Place | undefined;
  /** The next start after a crash. */
  timer?: NodeJS.Timeout | undefined;
};

export type Components = Map<string, Component>;

export const newComponent = (sla: Sla, state: ComponentState): Component => ({
  ...{ sla, state, desired: 'running', restarts: 0, missing: [] },
});

/** @throws Failure `component.unknown` */
export function componentOf(components: Components, name: string): Component {
  const component = components.get(name);
  if (component) return component;
  throw new Failure('component.unknown', `no component ${name} is installed`, { name });
}

/** Those whose agreement names a datasource of this store. */
export const dependentsOf = (components: Components, store: string): Component[] =>
  [...components.values()].filter(
    ({ sla }) => sla.name !== store && sla.datasources.some(({ href }) => datasourceOf(href)?.store === store),
  );

/**
 * The table that clients of the original poll.
 * @param stores open stores by name
 */
export function statusOf(components: Components, stores: readonly string[]): ComponentStatus[] {
  const own = [...components.values()].sort((a, b) => (a.sla.name < b.sla.name ? -1 : 1));
  return [
    ...own.map(({ sla, state, desired, error, restarts, missing }) => ({
      ...{ name: sla.name, type: sla.type, desiredState: desired, state, status: state, restarts },
      ...{ origin: sla.origin, image: sla.image.reference },
      ...(error !== undefined && { error }),
      ...(missing.length > 0 && { waitingFor: missing }),
    })),
    ...stores.map((name) => part(name, 'store')),
    ...['arbiter', 'export-service'].map((name) => part(name, 'system')),
  ];
}

const part = (name: string, type: 'store' | 'system'): ComponentStatus => ({
  ...{ name, type, desiredState: 'running', state: 'running', status: 'running', restarts: 0 },
  ...{ origin: null, image: null },
});
