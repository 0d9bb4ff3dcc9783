/** deploy — from a built image to a component that runs: its manifest is uploaded, shown, agreed to and carried out. */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { validate } from '../../base/http.ts';
import { visible } from '../../base/visible.ts';
import { agreed, carryOut, leftText, type Work } from '../agree.ts';
import type { Choices } from '../choose.ts';
import type { Box } from '../client.ts';
import { Review, reviewText } from '../review.ts';
import type { Manifest } from './recipe.ts';
import type { Tell } from './tell.ts';

export type Asked = { name: string } | { manifest: Manifest };
export type Deployment = {
  box: Box;
  json: boolean;
  tell: Tell;
  asked: Asked;
  /** Of the image that was built. */
  imageId: string;
  given: Choices;
  yes: boolean;
  /** Of Ctrl-C. */
  signal: AbortSignal;
};

/**
 * What the box says of a manifest: everything that is wrong with it, before anything is built.
 * @throws Failure `manifest.invalid` (`details.faults`), `manifest.differs` with the way on
 */
export async function reviewOf(box: Box, asked: Asked): Promise<Review> {
  try {
    return validate(Review, await box.ask({ method: 'POST', path: '/review', body: asked }));
  } catch (err) {
    if (!(err instanceof Failure) || err.code !== 'manifest.differs') throw err;
    const way = 'give yours another name, or take that repository away (databox repo, or appstore.repositories)';
    throw new Failure('manifest.differs', `${err.message}: ${way}`, err.details, { cause: err });
  }
}

const Offers = z.array(z.looseObject({ manifest: z.looseObject({ name: z.string() }), origin: z.string() }));

/** An example goes by the manifest that is offered under its name, unless that is an upload of the owner's. */
export async function askedOfExample(box: Box, manifest: Manifest): Promise<Asked> {
  const offers = validate(Offers, await box.ask({ path: '/manifests' }));
  const offer = offers.find((each) => each.manifest.name === manifest.name);
  return offer && offer.origin !== 'owner' ? { name: offer.manifest.name } : { manifest };
}

/** Puts the manifest into the owner's uploads; one that a repository or the examples hold is offered already. */
export async function upload({ box, asked, tell }: Deployment, review: Review): Promise<void> {
  if (!('manifest' in asked) || review.origin !== 'owner') return;
  await box.ask({ method: 'POST', path: '/manifests', body: asked.manifest });
  const { name } = review.manifest;
  tell({ event: 'uploaded', name }, `The manifest of ${visible(name)} is in the app store.`);
}

/** @returns whether the component runs what was built. @throws Failure as the box refuses; `usage` when nobody agrees */
export async function deploy(deployment: Deployment): Promise<boolean> {
  const { box, asked, imageId, tell } = deployment;
  const review = await reviewOf(box, asked);
  const { name } = review.manifest;
  if (!review.installed) return install(deployment, review);
  const { image } = validate(Sla, await box.ask({ path: `/components/${encodeURIComponent(name)}/sla` }));
  if (review.changed?.length === 0 && image.id === imageId) {
    tell({ event: 'unchanged', name }, `${visible(name)} runs this image already.`);
    return true;
  }
  return replace(deployment, review);
}
const Sla = z.looseObject({ image: z.looseObject({ id: z.string().nullable() }) });

async function install(deployment: Deployment, review: Review): Promise<boolean> {
  const { asked, tell } = deployment;
  const { name } = review.manifest;
  tell({ event: 'review', review }, reviewText(review));
  const choices = await agreed(review, { ...deployment, question: `Install ${visible(name)} under these terms?` });
  if (!choices) return declined(deployment, name);
  const body = { ...asked, choices };
  await carryOutOrLeave(deployment, name, { title: `Installing ${name}`, path: '/components', body });
  tell({ event: 'installed', name, choices }, `${visible(name)} is installed.`);
  return true;
}

/** The same manifest is the same agreement, with a new image; another one is shown again. */
async function replace(deployment: Deployment, review: Review): Promise<boolean> {
  const { asked, tell } = deployment;
  const { name } = review.manifest;
  const changed = review.changed ?? [];
  const isSame = changed.length === 0;
  if (!isSame) {
    const what = `Its manifest is not the one that you agreed to: ${changed.map(visible).join(', ')} differ.`;
    tell({ event: 'review', review }, `${what}\n${reviewText(review)}`);
  }
  const terms = isSame ? 'by what was just built' : 'under these terms';
  const question = `Replace ${visible(name)}, which is installed, ${terms}?`;
  // What is agreed already is chosen; nothing is open that a manifest of before left open.
  const about = isSame ? { ...review, datasources: [] } : review;
  const choices = await agreed(about, { ...deployment, given: isSame ? {} : deployment.given, question });
  if (!choices) return declined(deployment, name);
  const body = isSame ? asked : { ...asked, choices };
  await carryOutOrLeave(deployment, name, { title: `Replacing ${name}`, path: '/replace', body });
  tell({ event: 'replaced', name, changed }, `${visible(name)} was replaced; its data is kept.`);
  return true;
}

/** What the box has begun it ends; Ctrl-C only ends the looking on, and says so. */
async function carryOutOrLeave(deployment: Deployment, name: string, work: Omit<Work, 'signal'>): Promise<void> {
  const { signal, tell } = deployment;
  try {
    await carryOut(deployment, { ...work, signal });
  } catch (err) {
    if (signal.aborted) tell({ event: 'left', name }, leftText(name));
    throw err;
  }
}

function declined({ tell }: Deployment, name: string): boolean {
  tell({ event: 'declined', name }, 'Nothing was changed.');
  return false;
}
