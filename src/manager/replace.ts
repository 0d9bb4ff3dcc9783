/** replace — an installed component gets another image, and what the owner agreed to with it; its store stays. */
import { canonicalDestination } from '../base/destinations.ts';
import { componentOf, keptComponentOf } from './components.ts';
import type { InstallRequest, Progress } from './face.ts';
import { halt, startAgain } from './install.ts';
import { interruptible } from './interrupt.ts';
import { settle, type Core } from './lifecycle.ts';
import { obtainImage } from './pull.ts';
import { agreementEntry } from './record.ts';
import { findManifest, referencesOf, terms } from './review.ts';
import type { Sla } from './sla.ts';
import { takeAll } from './steps.ts';
import { choicesKept, successor } from './successor.ts';

/** @throws Failure `component.unknown`, `component.exists`, and as `terms` */
export async function checkReplacement(core: Core, request: InstallRequest): Promise<Sla> {
  const { manifest } = findManifest(core.appstore, request);
  const { sla: earlier } = componentOf(core.components, manifest.name);
  const choices = { ...choicesKept(earlier, manifest), ...request.choices };
  return successor(earlier, await terms(core, { ...request, choices }));
}

/**
 * The old container is gone before anything is granted anew: its code was not what was agreed to. A kill before the
 * commit leaves the earlier agreement, one after it the next.
 */
export async function replace(core: Core, request: InstallRequest, progress: Progress): Promise<void> {
  const next = await checkReplacement(core, request);
  const { name } = next;
  await core.lane(name, async () => {
    const component = keptComponentOf(core.components, name);
    const references = referencesOf(core.config, next.manifest);
    progress({ step: 'image', message: `Image ${references[0]}` });
    const onLine = (message: string) => progress({ step: 'image', message });
    const image = await interruptible(component, core.signal, (signal) =>
      obtainImage(core.docker, references, { arch: core.arch, signal, onLine }),
    );
    progress({ step: 'container', message: `Container from ${image.reference}` });
    await core.ledger.record(
      agreementEntry('replace', { ...next, image: { reference: image.reference, id: image.id } }),
    );
    await halt(core, component);
    // Of the agreement as it is now: what was taken back meanwhile stays so.
    const earlier = component.sla;
    const sla = { ...successor(earlier, next), image: { reference: image.reference, id: image.id } };
    core.records.save(sla);
    component.sla = sla;
    await takeAll([() => settle(core, component), () => forgetExports(core, earlier, sla)]);
    await startAgain(core, component);
  });
  core.log.info({ component: name }, 'component replaced');
}

/** What waits for a destination that is agreed no longer does not leave. */
function forgetExports({ outbox }: Core, earlier: Sla, next: Sla): void {
  const agreed = new Set(next.manifest['export-whitelist'].map(({ url }) => url));
  for (const { url } of earlier.manifest['export-whitelist']) {
    if (!agreed.has(url)) outbox.forget(next.name, canonicalDestination(url) ?? url);
  }
}
