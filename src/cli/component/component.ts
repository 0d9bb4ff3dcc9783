/** component — `install-component`: from a source to a component that runs, and again whenever its folder changes. */
import { join } from 'node:path';
import { existsSync, readFileSync } from 'node:fs';
import { Failure, problem } from '../../base/errors.ts';
import { validate } from '../../base/http.ts';
import { visible } from '../../base/visible.ts';
import { givenChoices } from '../choose.ts';
import type { Session } from '../command.ts';
import type { FetchSource } from '../options.ts';
import { withProgress } from '../progress.ts';
import type { Review } from '../review.ts';
import { build, checkEngine, Engine } from './build.ts';
import { folderOf, openContext, type Context } from './context.ts';
import { askedOfExample, deploy, reviewOf, upload, type Asked } from './deploy.ts';
import { ignoring, isUnwatched } from './ignore.ts';
import { dockerfileFor, readManifest, withImage } from './recipe.ts';
import type { Source } from './source.ts';
import type { Tell } from './tell.ts';
import { watchFolder } from './watch.ts';

export type Options = {
  registry?: string;
  tag?: string;
  base?: string;
  buildArg?: string[];
  as?: string;
  datasource?: string[];
  yes?: true;
  install: boolean;
  watch?: true;
};
export type Job = {
  session: Pick<Session, 'box' | 'json'>;
  source: Source;
  options: Options;
  tell: Tell;
  fetchSource: FetchSource;
  signal: AbortSignal;
};

/** @returns whether all was done that was asked for: not when the owner said no */
export async function installComponent(job: Job): Promise<boolean> {
  const { source, options } = job;
  if (options.watch !== true) return once(job);
  if (source.kind !== 'folder') throw new Failure('usage', '--watch is for a folder: ./driver-x');
  return watching(job, folderOf(source.path));
}

async function once(job: Job): Promise<boolean> {
  const { session, options, tell, signal } = job;
  const { box } = session;
  const engine = validate(Engine, await box.ask({ path: '/engine' }));
  await using context = await openContext(job.source, job);
  if (context.commit) tell({ event: 'fetched', commit: context.commit }, `Fetched commit ${context.commit}.`);
  const asked = await askedFor(job, context);
  const review = await reviewOf(box, asked);
  refuseOtherName(job, review.manifest.name);
  const dockerfile = dockerfileFor(engine.arch, context.dir);
  await checkEngine(engine);
  const imageId = await buildShown(job, { engine, context, dockerfile, review });
  const { yes = false, datasource = [] } = options;
  const deployment = { ...session, tell, signal, asked, imageId, yes, given: givenChoices(datasource) };
  await upload(deployment, review);
  return options.install ? deploy(deployment) : true;
}

async function askedFor({ session, source, options }: Job, { dir }: Context): Promise<Asked> {
  const manifest = withImage(readManifest(dir), options);
  const isAsItIs = options.registry === undefined && options.tag === undefined;
  return source.kind === 'example' && isAsItIs ? askedOfExample(session.box, manifest) : { manifest };
}

/** Somebody who asks for one thing must not be given another: a repository may hold any manifest. */
function refuseOtherName({ source, options }: Job, found: string): void {
  if (source.kind !== 'git' && options.as === undefined) return;
  const wanted = options.as ?? (source.kind === 'git' ? source.name.replaceAll('_', '-').toLowerCase() : found);
  if (wanted === found) return;
  const sentence = `the manifest is of ${found}, not of ${wanted}: if that is what you mean, add --as ${found}`;
  throw new Failure('manifest.invalid', sentence, { faults: [`name: is ${found}, not ${wanted}`] });
}

type Making = { engine: Engine; context: Context; dockerfile: string; review: Review };

async function buildShown({ session, options, tell, signal }: Job, making: Making): Promise<string> {
  const { engine, context, dockerfile, review } = making;
  const image = review.image.preferred;
  const buildArgs = [...(options.base === undefined ? [] : [`BASE=${options.base}`]), ...(options.buildArg ?? [])];
  tell({ event: 'building', image, dockerfile }, `Building ${visible(image)} with ${dockerfile}`);
  let id = '';
  await withProgress({ title: `Building ${visible(image)}`, silent: session.json }, async (report) => {
    const onLine = (line: string): void =>
      session.json ? tell({ event: 'build', line }, line) : report(visible(line.trimEnd()));
    id = await build({ engine, dir: context.dir, dockerfile, image, buildArgs, signal, onLine });
  });
  tell({ event: 'built', image, id }, `Built ${visible(image)}`);
  return id;
}

/** A build that fails is told, and the next change is another chance. */
async function watching(job: Job, folder: string): Promise<boolean> {
  const { tell, signal } = job;
  const ignoreFile = join(folder, '.dockerignore');
  const ignored = ignoring(existsSync(ignoreFile) ? readFileSync(ignoreFile, 'utf8') : '');
  using watch = watchFolder(folder, { isIgnored: (path) => ignored(path) || isUnwatched(path), signal });
  let result = await attempt(job);
  for (;;) {
    tell({ event: 'watching', folder }, `Watching ${visible(folder)}; Ctrl-C ends it.`);
    const paths = await watch.next();
    if (!paths) return result;
    tell(
      { event: 'changed', paths },
      `Changed: ${paths.slice(0, 5).map(visible).join(', ')}${paths.length > 5 ? ' …' : ''}`,
    );
    result = await attempt(job);
  }
}

async function attempt(job: Job): Promise<boolean> {
  try {
    return await once(job);
  } catch (err) {
    if (job.signal.aborted || !(err instanceof Failure)) throw err;
    job.tell({ event: 'problem', problem: problem(err) }, `databox: ${visible(err.message)}`);
    return false;
  }
}
