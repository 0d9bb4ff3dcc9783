const longestDestination = 2_048;

/**
 * The one spelling of an export destination that manifests, grants, tokens and the ledger compare: an https URL as
 * the WHATWG URL standard prints it (`https://A.example` → `https://a.example/`).
 * @returns undefined for what names no https destination, or names one in a form that two parsers may read
 *   differently: other schemes, user names, fragments, backslashes, blanks and control characters, hosts with a
 *   trailing dot, addresses not in dotted-quad or bracketed form (`https://3405803777/`), over 2,048 characters
 */
export function canonicalDestination(text: string): string | undefined {
  if (text.length > longestDestination || !/^https:\/\/[^/]/i.test(text)) return undefined;
  if (/[\\#\s\p{C}]/u.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || authorityOf(text).includes('@')) return undefined;
  if (url.hostname.endsWith('.') || !spelledOut(url.hostname, authorityOf(text))) return undefined;
  return url.href;
}

const authorityOf = (text: string): string => /^https:\/\/([^/?#]*)/i.exec(text)?.[1] ?? '';

/** The parser turns `3405803777`, `0x7f.1` and full-width digits into an address: only its plain form is taken. */
const spelledOut = (host: string, authority: string): boolean =>
  !/^[\d.]+$/.test(host) || authority === host || authority.startsWith(`${host}:`);
