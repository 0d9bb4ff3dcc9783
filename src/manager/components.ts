/** components — what is installed and how each is doing. In memory; agreements are on disk (sql.ts). */
import { Failure } from '../base/errors.ts';
import type { HypercatItem } from '../base/names.ts';
import type { Place } from '../network/index.ts';
import type { ComponentState, ComponentStatus } from './face.ts';
import { datasourceOf } from './items.ts';
import { faultOf, type Sla } from './sla.ts';

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
  /** Ends what takes long; set while only that is under way, when its agreement may be changed out of turn. */
  interrupt?: AbortController | undefined;
  /** By line of its agreement: the change of it that was begun last. */
  changes: Map<string, symbol>;
  /** The next start after a crash. */
  timer?: NodeJS.Timeout | undefined;
};

export type Components = Map<string, Component>;

export const newComponent = (sla: Sla, state: ComponentState): Component => ({
  ...{ sla, state, desired: 'running', restarts: 0, changes: new Map() },
  // Until somebody looked: what is registered meanwhile must count as a change.
  missing: sla.datasources.map(({ href }) => href),
});

/** @throws Failure `component.unknown` */
export function componentOf(components: Components, name: string): Component {
  const component = components.get(name);
  if (component) return component;
  throw new Failure('component.unknown', `no component ${name} is installed`, { name });
}

/** The same. @throws Failure `component.unknown`; `component.busy` when its removal was begun and only that can go on */
export function keptComponentOf(components: Components, name: string): Component {
  const component = componentOf(components, name);
  if (component.desired === 'running') return component;
  throw new Failure('component.busy', `the removal of ${name} has begun: uninstall it again`, { name });
}

/** Whether a registration at this store brings what a component waits for, or ends what it has. */
export const isAffected = ({ sla, missing }: Component, store: string, item: HypercatItem): boolean =>
  datasourceOf(item.href)?.store === store &&
  sla.datasources
    .filter(({ href, revoked }) => href === item.href && !revoked)
    .some((line) => missing.includes(item.href) === (faultOf(line, item) === undefined));

/** Those whose agreement names a datasource of this store. */
export const dependentsOf = (components: Components, store: string): Component[] =>
  [...components.values()].filter(
    ({ sla }) => sla.name !== store && sla.datasources.some(({ href }) => datasourceOf(href)?.store === store),
  );

/**
 * The table that clients of the original poll.
 * @param stores open stores by name
 * @param setAside those that cannot be used, and why
 */
export function statusOf(
  components: Components,
  stores: readonly string[],
  setAside: readonly { store: string; why: string }[] = [],
): ComponentStatus[] {
  const own = [...components.values()].sort((a, b) => (a.sla.name < b.sla.name ? -1 : 1));
  return [
    ...own.map(({ sla, state, desired, error, restarts, missing }) => ({
      ...{ name: sla.name, type: sla.type, desiredState: desired, state, status: state, restarts },
      ...{ origin: sla.origin, image: sla.image.reference },
      ...(error !== undefined && { error }),
      ...(missing.length > 0 && { waitingFor: missing }),
    })),
    ...stores.map((name) => part(name, 'store')),
    ...setAside.map(({ store, why }) => ({
      ...part(store, 'store'),
      ...({ state: 'failed', status: 'failed', error: why } as const),
    })),
    ...['arbiter', 'export-service'].map((name) => part(name, 'system')),
  ];
}

const part = (name: string, type: 'store' | 'system'): ComponentStatus => ({
  ...{ name, type, desiredState: 'running', state: 'running', status: 'running', restarts: 0 },
  ...{ origin: null, image: null },
});
