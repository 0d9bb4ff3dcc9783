/** review — from what is posted to what may be agreed: the server's manifest, the owner's choices, our own catalogue. */
import type { Appstore, Manifest } from '../appstore/index.ts';
import type { Config } from '../base/config.ts';
import { Failure } from '../base/errors.ts';
import { examplesOrigin } from '../base/names.ts';
import type { Stores } from '../store/index.ts';
import { asksOf, candidatesOf, riskOf } from './asks.ts';
import type { Docker } from './docker.ts';
import type { Asked, InstallRequest, Review } from './face.ts';
import { archOf, imageReferences } from './images.ts';
import { machineMb, shortage } from './memory.ts';
import { faultOfHeir, inherits, type Kept } from './kept.ts';
import { localImage } from './pull.ts';
import { catalogueOf } from './rights.ts';
import { choicesKept } from './successor.ts';
import { agreement, choicesOf, differences, withoutChoices, type Choices, type Sla } from './sla.ts';

export type ReviewParts = { config: Config; appstore: Appstore; stores: Stores; docker: Docker };

type Found = { manifest: Manifest; warnings: string[]; origin: string; commit: string | null; choices: Choices };

/**
 * The manifest that counts. One that a repository has is taken from there, and a posted one of its name must say the
 * same; one that no repository has counts as uploaded by the owner. An example gives way to the owner's. Only what is posted chooses: an author who wrote
 * `hypercat` into a repository would choose in the owner's place.
 * @throws Failure `manifest.invalid`, `manifest.unknown`, `manifest.differs`
 */
export function findManifest(appstore: Appstore, { name, manifest: posted }: Asked): Found {
  if (posted === undefined) {
    const entry = name === undefined ? undefined : appstore.find(name);
    if (!entry) throw new Failure('manifest.unknown', `no repository has a manifest named ${name ?? ''}`, { name });
    return { ...entry, manifest: withoutChoices(entry.manifest), choices: {} };
  }
  const { manifest, warnings } = appstore.parse(posted);
  if (name !== undefined && name !== manifest.name) {
    throw new Failure('manifest.invalid', `the manifest is of ${manifest.name}, not of ${name}`);
  }
  const choices = choicesOf(manifest);
  const known = appstore.find(manifest.name);
  const members = known ? differences(manifest, known.manifest) : [];
  const yields = known?.origin === examplesOrigin && members.length > 0;
  if (!known || known.origin === 'owner' || yields) {
    return { manifest: withoutChoices(manifest), warnings, origin: 'owner', commit: null, choices };
  }
  if (members.length === 0) return { ...known, manifest: withoutChoices(known.manifest), choices };
  throw new Failure(
    'manifest.differs',
    `${known.origin} has another manifest of ${manifest.name}: ${members.join(', ')} differ`,
    { name: manifest.name, origin: known.origin, members },
  );
}

export const referencesOf = (config: Config, manifest: Manifest): [string, ...string[]] =>
  imageReferences(manifest, {
    registryHost: config['docker.registry-host'],
    registry: config['docker.registry'],
    release: config.release,
    arch: archOf(process.arch),
  });

/** What is here already, by name. */
export type Present = {
  agreed: (name: string) => Sla | undefined;
  /** How many components there are. */
  installed: number;
  kept: Kept;
};

/** Why a further component would not get what an earlier one left, or would not fit. */
function warningsOf(
  { config }: ReviewParts,
  heir: Pick<Found, 'manifest' | 'origin'>,
  { installed, kept }: Present,
): string[] {
  const fault = faultOfHeir(heir, kept);
  const limitMb = config['container.memory-mb'];
  const short = shortage({ components: installed + 1, limitMb, machineMb: machineMb() });
  return [
    ...(fault === undefined ? [] : [`resource-requirements: ${fault}`]),
    ...(short === undefined ? [] : [`memory: ${short}`]),
  ];
}

export async function review(parts: ReviewParts, asked: Asked, present: Present): Promise<Review> {
  const { manifest, warnings, origin, choices } = findManifest(parts.appstore, asked);
  const heir = { manifest, origin };
  const agreed = present.agreed(manifest.name);
  const installed = agreed !== undefined;
  const earlier = agreed ? choicesKept(agreed, manifest) : {};
  const catalogue = await catalogueOf(parts.stores);
  const references = referencesOf(parts.config, manifest);
  const image = await localImage(parts.docker, references);
  return {
    manifest,
    warnings: [...warnings, ...(installed ? [] : warningsOf(parts, heir, present))],
    origin,
    asks: asksOf(
      {
        manifest,
        catalogue,
        choices: { ...earlier, ...choices },
        inherits: !installed && inherits(heir, present.kept),
      },
      origin,
    ),
    datasources: manifest.datasources.map((datasource) => ({
      clientid: datasource.clientid,
      name: datasource.name,
      type: datasource.type,
      required: datasource.required,
      min: datasource.min,
      max: datasource.max,
      chosen: [choices[datasource.clientid] ?? earlier[datasource.clientid] ?? []].flat(),
      candidates: candidatesOf(datasource, catalogue),
    })),
    image: { reference: image?.reference ?? references[0], id: image?.id ?? null, preferred: references[0] },
    risk: riskOf({ manifest, catalogue, choices: { ...earlier, ...choices } }),
    installed,
    changed: agreed ? differences(manifest, agreed.manifest) : null,
  };
}

/** The agreement that a request would make; its image is looked for only by the install. */
export async function terms(parts: ReviewParts, { choices, ...asked }: InstallRequest): Promise<Sla> {
  const { manifest, origin, commit, choices: posted } = findManifest(parts.appstore, asked);
  const [reference] = referencesOf(parts.config, manifest);
  return agreement({
    manifest,
    origin,
    commit,
    choices: { ...posted, ...choices },
    catalogue: await catalogueOf(parts.stores),
    image: { reference, id: null },
    now: Date.now(),
  });
}
