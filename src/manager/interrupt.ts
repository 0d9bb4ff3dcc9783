/** interrupt — what takes long gives way: the uninstall of a component ends it, and a revoke does not wait for it. */
import { Failure } from '../base/errors.ts';
import type { Component } from './components.ts';

/**
 * Work in a component's lane that may take long, such as the fetch of an image. It must not hold on to the agreement,
 * which may be changed meanwhile, and it grants nothing.
 * @param signal of the way down; the work gets one that an uninstall aborts too
 * @throws Failure `component.busy` when the component was uninstalled meanwhile, `databox.stopped` on the way down
 */
export async function interruptible<T>(component: Component, signal: AbortSignal, work: Work<T>): Promise<T> {
  const abort = new AbortController();
  component.interrupt = abort;
  try {
    const result = await work(AbortSignal.any([signal, abort.signal]));
    refuseRemoved(component);
    return result;
  } catch (cause) {
    refuseRemoved(component, cause);
    if (signal.aborted) throw new Failure('databox.stopped', 'Databox is shutting down', {}, { cause });
    throw cause;
  } finally {
    component.interrupt = undefined;
  }
}
type Work<T> = (signal: AbortSignal) => Promise<T>;

/** Whatever is under way with this component ends as soon as it can; from here on it can only be removed. */
export function interrupt(component: Component): void {
  component.desired = 'shutdown';
  component.interrupt?.abort();
}

/** @throws Failure `component.busy` when its uninstall was asked for */
export function refuseRemoved({ sla: { name }, desired }: Component, cause?: unknown): void {
  if (desired === 'running') return;
  throw new Failure('component.busy', `${name} was uninstalled before this was done`, { name }, { cause });
}
