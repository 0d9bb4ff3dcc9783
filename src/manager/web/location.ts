import { Failure } from '../../base/errors.ts';

/** Where a redirect was met. */
export type Redirected = {
  component: string;
  /** Path and query that the component was asked for. */
  path: string;
  /** Whether a URL is of the owner's origin. */
  isBox: (url: URL) => boolean;
};

/**
 * What a component's `Location` means in the browser: its own addresses move below `/<component>/`, another site stays
 * as it is.
 * @throws Failure `component.unreachable` for one that leads to the box outside of the component's path: a browser does
 *   not look at the path of a content policy after a redirect, and would carry a POST into the owner's API
 */
export function locationFor(location: string, { component, path, isBox }: Redirected): string {
  const refused = new Failure('component.unreachable', `${component} answered with a redirect that is not allowed`);
  const base = `https://${component}:8080${path}`;
  if (!URL.canParse(location, base)) throw refused;
  const url = new URL(location, base);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refused;
  if (url.hostname === component) return `/${component}${url.pathname}${url.search}${url.hash}`;
  if (!isBox(url)) return url.href;
  if (!url.pathname.startsWith(`/${component}/`) || /%(2e|2f|5c)/i.test(url.pathname)) throw refused;
  return `${url.pathname}${url.search}${url.hash}`;
}
