import { addresses } from './addresses.ts';
import { askHttps, type Door, type HttpAnswer, type HttpAsk } from './door.ts';

/** The owner at another machine of the house, with a browser's cookie jar and nothing else. */
export type Owner = {
  ask(ask: HttpAsk): Promise<HttpAnswer>;
  get(path: string): Promise<HttpAnswer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<HttpAnswer>;
  /** `GET /api/connect` with the password, as the original's script does; keeps the cookie. */
  login(password: string): Promise<HttpAnswer>;
  /** Forgets the cookie. */
  logout(): void;
};

export function createOwner(door: Door, port = 443): Owner {
  let cookie: string | undefined;
  const ask: Owner['ask'] = async (request) => {
    const socket = await door.connect(addresses.box.lan, port);
    const headers = { ...(cookie && { cookie }), ...request.headers };
    return askHttps(socket, { ...request, headers, host: addresses.box.lan });
  };
  return {
    ask,
    get: (path) => ask({ path }),
    post: (path, body, headers = {}) =>
      ask({
        method: 'POST',
        path,
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    async login(password) {
      const answer = await ask({ path: '/api/connect', headers: { authorization: `Token ${password}` } });
      cookie = answer.headers['set-cookie']?.[0]?.split(';')[0];
      return answer;
    },
    logout: () => void (cookie = undefined),
  };
}
