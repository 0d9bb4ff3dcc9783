/** description — the printed OpenAPI document of an API, `openapi.json` beside its code and in the binary. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { bundledSource } from './bundle.ts';

/** Every printed document, by its path in the project: the binary carries them under these names. */
export const descriptions = [
  'src/arbiter/openapi.json',
  'src/export/openapi.json',
  'src/manager/web/admin.openapi.json',
  'src/manager/web/owner.openapi.json',
  'src/store/openapi.json',
  'src/openapi.json',
] as const;

export const descriptionPath = '/openapi.json';

/** Whether a bare handler is asked for the description: exactly this path, since who asks for it needs no token. */
export const asksForDescription = ({ method, url }: IncomingMessage): boolean =>
  method === 'GET' && (url === descriptionPath || url?.startsWith(`${descriptionPath}?`) === true);

/**
 * Answers with a document; read when it is first asked for, which on most boxes is never.
 * @param url  `new URL('./openapi.json', import.meta.url)`
 */
export function describedBy(url: URL): (res: ServerResponse) => void {
  let text: Buffer | undefined;
  return (res) => {
    text ??= Buffer.from(JSON.stringify(JSON.parse(bundledSource(url) ?? readFileSync(url, 'utf8'))));
    res.writeHead(200, {
      ...{ 'content-type': 'application/json', 'content-length': text.length },
      ...{ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
    });
    res.end(text);
  };
}
