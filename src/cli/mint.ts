/** mint — the work of `databox token`: has the box, or a desk, mint one, and says what it is good for. */
import { z } from 'zod';
import { Failure, failureFrom } from '../base/errors.ts';
import { validate } from '../base/http.ts';
import { visible } from '../base/visible.ts';
import type { Session } from './command.ts';
import { pathOf } from './components.ts';
import { time } from './text.ts';

type Asked = { method: string; target: string; path: string; caveats: Record<string, string>[] };

const Claims = z.looseObject({ exp: z.number().optional(), caveats: z.array(z.unknown()) });
const Minted = z.looseObject({ token: z.string(), claims: Claims, address: z.string().nullable() });
type Minted = z.infer<typeof Minted>;

export const ofBox = async ({ box }: Session, component: string, body: Asked): Promise<Minted> =>
  validate(Minted, await box.ask({ method: 'POST', path: pathOf(component, '/token'), body }));

/** A desk enforces nothing, and its components' keys are their names. */
export async function ofDesk(dev: string, component: string, asked: Asked): Promise<Minted> {
  const url = `${dev.replace(/\/$/, '')}/arbiter/token`;
  const headers = { 'content-type': 'application/json', 'x-api-key': `dev-${component}` };
  const reply = await fetch(url, { method: 'POST', headers, body: JSON.stringify(asked) }).catch((cause: unknown) => {
    throw new Failure('databox.stopped', `no databox dev answers at ${dev}`, { url: dev }, { cause });
  });
  const text = await reply.text();
  if (!reply.ok) throw failureFrom(jsonOf(text), `the desk answered ${reply.status}`);
  const claims = jsonOf(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString());
  return { token: text, claims: validate(Claims, claims), address: null };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

type About = { component: string; asked: Asked; dev: string | undefined };

export function explained({ token, claims, address }: Minted, { component, asked, dev }: About): string {
  const { method, target, path } = asked;
  const until = claims.exp === undefined ? 'without an end' : `until ${time(claims.exp * 1_000)} UTC`;
  const host = dev === undefined ? `https://${target}:8080` : `${dev.replace(/\/$/, '')}/${target}`;
  const trusted = dev === undefined ? '--cacert /run/secrets/DATABOX_ROOT_CA ' : '';
  const curl = `curl ${trusted}-X ${method} -H 'X-Api-Key: ${token}' '${host}${path.replaceAll("'", '%27')}'`;
  const where =
    dev !== undefined
      ? 'It works from here:'
      : `It works only from the address of ${component}${address === null ? '' : ` (${address})`}; inside its container:`;
  const lines = [token, '', `for     ${method} ${path} of ${target}, ${until}`, `claims  ${JSON.stringify(claims)}`];
  return [...lines, '', where, `  ${curl}`, ''].map(visible).join('\n');
}
