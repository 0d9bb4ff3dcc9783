import { isOwnersCookie } from './sessions.ts';

/** Name and values as Node writes them: one line a value. */
export type HeaderList = Record<string, string[]>;

/** Which component's page is being passed on, and under which authority the browser sees the box. */
export type Mount = { component: string; /** The browser's `Host` header. */ host: string };

const hopByHop = new Set(
  'connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);
/** The owner's secrets, what we write ourselves, and what would let a client pose as a proxy. */
const keptFromComponent = new Set('authorization cookie expect host http2-settings forwarded'.split(' '));
/**
 * What a component's page may not tell the browser about the whole origin: to forget the owner's session, to widen a
 * service worker's reach, to report elsewhere, to share with other origins, to load ahead. We write the policies.
 */
const keptFromBrowser =
  /^(content-security-policy.*|clear-site-data|service-worker-allowed|cross-origin-.*|access-control-.*|strict-transport-security|public-key-pins.*|expect-ct|alt-svc|nel|report-to|reporting-endpoints|link|sourcemap|x-sourcemap|set-cookie2?|location|x-content-type-options|referrer-policy|x-dns-prefetch-control)$/;

/** Headers for the component: every value, without the owner's cookie and password. */
export function forComponent(rawHeaders: readonly string[], { component, host }: Mount): HeaderList {
  const all = collect(rawHeaders);
  const headers = drop(all, (name) => keptFromComponent.has(name) || name.startsWith('x-forwarded-'));
  const cookies = (all['cookie'] ?? []).flatMap((value) => value.split(';').map((pair) => pair.trim()));
  const theirs = cookies.filter((pair) => pair !== '' && !isOwnersCookie(pair));
  if (theirs.length > 0) headers['cookie'] = [theirs.join('; ')];
  headers['x-forwarded-host'] = [host];
  headers['x-forwarded-proto'] = ['https'];
  headers['x-forwarded-prefix'] = [`/${component}`];
  return headers;
}

/** Headers for the browser, apart from `location`, which can fail. */
export function forBrowser(rawHeaders: readonly string[], mount: Mount): HeaderList {
  const all = collect(rawHeaders);
  const headers = drop(all, (name) => keptFromBrowser.test(name));
  const cookies = (all['set-cookie'] ?? []).flatMap((value) => rehomed(value, mount.component) ?? []);
  if (cookies.length > 0) headers['set-cookie'] = cookies;
  const theirPolicies = (all['content-security-policy'] ?? []).map(withoutReports);
  headers['content-security-policy'] = [policyFor(mount), ...theirPolicies];
  headers['x-content-type-options'] = ['nosniff'];
  headers['referrer-policy'] = ['no-referrer'];
  headers['x-dns-prefetch-control'] = ['off'];
  // Differs from the owner's pages (`same-origin`), so that a page cannot hold on to one that it opened.
  headers['cross-origin-opener-policy'] = ['unsafe-none'];
  headers['cross-origin-resource-policy'] = ['same-origin'];
  return headers;
}

/**
 * A component's page may run what it likes, load and send within its own path, and be framed by the owner's pages
 * only. The path matters: all pages share one origin, and the owner's API is part of it.
 */
function policyFor({ component, host }: Mount): string {
  const own = `https://${host}/${component}/`;
  return [
    `default-src ${own} 'unsafe-inline' 'unsafe-eval' data: blob:`,
    `connect-src ${own} wss://${host}/${component}/`,
    `form-action ${own}`,
    `base-uri ${own}`,
    "frame-ancestors 'self'",
  ].join('; ');
}

/** A component's own policy can only narrow ours, but its reports would leave the house from the browser. */
const withoutReports = (policy: string): string =>
  policy
    .split(/[;,]/)
    .filter((directive) => !/^\s*report-(uri|to)\b/i.test(directive))
    .join(';');

/**
 * A component's cookie, for its own path only.
 * @returns undefined for a name that browsers tie to the whole host, and for no name at all
 */
function rehomed(cookie: string, component: string): string | undefined {
  const [pair = '', ...attributes] = cookie.split(';').map((part) => part.trim());
  if (!/^[^=\s]+=/.test(pair) || /^__(host|secure|http|host-http)-/i.test(pair)) return undefined;
  const kept = attributes.filter((attribute) => !/^(path|domain|secure)\s*(=|$)/i.test(attribute));
  return [pair, ...kept, `Path=/${component}/`, 'Secure'].join('; ');
}

function collect(rawHeaders: readonly string[]): HeaderList {
  // No prototype: a header may be called `__proto__`.
  const headers = Object.create(null) as HeaderList;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    (headers[(rawHeaders[at] ?? '').toLowerCase()] ??= []).push(rawHeaders[at + 1] ?? '');
  }
  return headers;
}

/**
 * Without hop-by-hop headers, those that `Connection` names, and those that `refused` names. `Connection` cannot take
 * away the length of a body: the next reader would see another request in it.
 */
function drop(headers: HeaderList, refused: (name: string) => boolean): HeaderList {
  const named = (headers['connection'] ?? []).flatMap((value) => value.toLowerCase().split(/[\s,]+/));
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !hopByHop.has(name) && (!named.includes(name) || name === 'content-length') && !refused(name),
    ),
  );
}
