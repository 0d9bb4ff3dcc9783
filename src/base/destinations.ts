const longestDestination = 2_048;

/**
 * The one spelling of an export destination that manifests, grants, tokens and the ledger compare: an https URL as
 * the WHATWG URL standard prints it (`https://A.example` → `https://a.example/`).
 * @returns undefined for what names no https destination, or names one in a form that two parsers may read
 *   differently: other schemes, user names, fragments, backslashes, blanks, control characters, hosts with a trailing
 *   dot or with other than letters, digits, `-` and `_`, addresses not in dotted-quad or bracketed form
 *   (`https://3405803777/`), over 2,048 characters
 */
export function canonicalDestination(text: string): string | undefined {
  if (text.length > longestDestination || !/^https:\/\/[^/]/i.test(text)) return undefined;
  if (/[\\#\s\p{C}]/u.test(text) || !URL.canParse(text)) return undefined;
  const { hostname, href } = new URL(text);
  const authority = /^https:\/\/([^/?]*)/i.exec(text)?.[1] ?? '';
  return !authority.includes('@') && plainHost.test(hostname) && spelledOut(hostname, authority) ? href : undefined;
}

/** The parser lets quotes and braces into a host; no certificate names them. */
const plainHost = /^([\w-]+(\.[\w-]+)*|\[[\da-f:]+\])$/;

/** The parser turns `3405803777`, `0x7f.1` and full-width digits into an address: only its plain form is taken. */
const spelledOut = (host: string, authority: string): boolean =>
  !/^[\d.]+$/.test(host) || authority === host || authority.startsWith(`${host}:`);
