/** calls — what the original's clients ask of the arbiter, by method and path. Their bodies may hold more than is read. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { Failure } from '../base/errors.ts';
import { validate } from '../base/http.ts';
import { readJson } from '../base/json.ts';
import { methods } from '../base/names.ts';
import { covers } from '../base/paths.ts';
import type { Agreements } from './agreements.ts';
import type { Catalogue } from './catalogue.ts';
import type { Checks } from './checks.ts';
import { Caveats } from './caveats.ts';
import type { Grant } from './judge.ts';

/** Whoever asks. `manages`: with the management key, so that it may say who exists and who may do what. */
export type Who = { name: string; manages: boolean };

export type WireAnswer = { did: 'created' | 'deleted' } | { did: 'content'; format: 'json' | 'text'; body: string };

/** What there is to be asked. */
export type Office = Agreements & Pick<Checks, 'mint'> & { catalogue: () => Catalogue };
/** `hostOf`: the name of a target that goes by another as well. */
type House = Office & { hostOf: (target: string) => string };
type Call = (house: House, who: Who, body: Buffer) => WireAnswer;

const text = (body: string): WireAnswer => ({ did: 'content', format: 'text', body });
const json = (body: unknown): WireAnswer => ({ did: 'content', format: 'json', body: JSON.stringify(body) });

const list = z
  .unknown()
  .optional()
  .transform((caveats) => caveats ?? []);
const TokenRequest = z.object({
  target: z.string().min(1).max(64),
  path: z.string(),
  method: z.string(),
  caveats: list,
});
const NewComponent = z.object({ name: z.string(), type: z.enum(['app', 'driver', 'store']), key: z.string() });
const Named = z.object({ name: z.string() });
const Permission = z.object({
  name: z.string(),
  route: z.object({ method: z.enum(methods), path: z.string(), target: z.string() }),
  caveats: Caveats.nullish().transform((caveats) => caveats ?? []),
});
const read = <T>(schema: z.ZodType<T>, body: Buffer): T => validate(schema, readJson(body.toString()).value);

/** Of a management key only: to others there is no such path. */
const managed =
  (call: Call): Call =>
  (house, who, body) => {
    if (who.manages) return call(house, who, body);
    throw new Failure('path.unknown', 'this is for whoever manages the arbiter');
  };

const calls: Readonly<Record<string, Call>> = {
  'GET /status': () => ({ did: 'created' }),
  'GET /cat': ({ catalogue }) => json(catalogue()),
  'POST /token': mintToken,
  // A store of the original checks tokens with it; here the arbiter does, so that it opens nothing.
  'GET /store/secret': ({ components }, { name }) => {
    if (components().some((component) => component.name === name)) return text(randomUUID());
    throw new Failure('component.unknown', `no component ${name} is registered`);
  },
  'POST /cm/upsert-container-info': managed(({ register }, _who, body) => {
    const component = read(NewComponent, body);
    register(component);
    return text(component.name);
  }),
  'POST /cm/delete-container-info': managed(({ remove }, _who, body) => {
    remove(read(Named, body).name);
    return { did: 'deleted' };
  }),
  'POST /cm/grant-container-permissions': managed((house, _who, body) => {
    const { name, route, caveats } = readPermission(house, body);
    const covering = house.grants(name).find((grant) => isCovered(grant, route));
    if (covering) throw new Failure('permission.exists', `${covering.path} covers ${route.path} already`);
    house.grant(name, route, caveats);
    return routesOf(house, name);
  }),
  'POST /cm/revoke-container-permissions': managed((house, _who, body) => {
    const { name, route } = readPermission(house, body);
    house.revoke(name, route);
    return routesOf(house, name);
  }),
};

/** @throws Failure `path.unknown`, `body.invalid`, `permission.refused`, `permission.exists`, `component.unknown` */
export function answerTo(house: House, who: Who, asked: { method: string; path: string; body: Buffer }): WireAnswer {
  const { method, path, body } = asked;
  const call = Object.hasOwn(calls, `${method} ${path}`) ? calls[`${method} ${path}`] : undefined;
  if (call) return call(house, who, body);
  throw new Failure('path.unknown', `the arbiter has no ${method} ${path.slice(0, 100)}`);
}

/** No grant has a method or caveats that do not exist: to ask for them is to be refused, not to be misunderstood. */
function mintToken({ mint, hostOf }: House, { name }: Who, body: Buffer): WireAnswer {
  const { target, path, method: wanted, caveats: given } = read(TokenRequest, body);
  const method = methods.find((known) => known === wanted);
  const caveats = Caveats.safeParse(given);
  if (!method) throw new Failure('permission.refused', `no permission has the method ${wanted.slice(0, 20)}`);
  if (!caveats.success) throw new Failure('permission.refused', 'no permission has these caveats');
  return text(mint(name, { target: hostOf(target), path, method, caveats: caveats.data }, 'zest'));
}

type Route = z.infer<typeof Permission>['route'];

function readPermission({ hostOf }: House, body: Buffer): z.infer<typeof Permission> {
  const { route, ...permission } = read(Permission, body);
  return { ...permission, route: { ...route, target: hostOf(route.target) } };
}

const isCovered = (grant: Grant, { method, path, target }: Route): boolean =>
  grant.method === method && grant.target === target.toLowerCase() && covers(grant.path, path);

const routesOf = ({ grants }: House, name: string): WireAnswer =>
  json(grants(name).map(({ method, path, target }) => ({ method, path, target })));
