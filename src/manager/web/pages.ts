import type { ComponentStatus } from '../face.ts';
import { html, type Html } from './html.ts';

const page = (title: string, body: Html): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title} · Databox</title>
        <link rel="stylesheet" href="/core-ui/ui/page.css" />
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html>`.html;

const form = html`<form id="login">
    <label>Password <input type="password" name="password" autocomplete="current-password" required autofocus /></label>
    <button>Log in</button>
    <p id="said" role="alert"></p>
  </form>
  <script src="/core-ui/ui/page.js"></script>`;

/** The page that anybody may load. */
export const loginPage = (): string =>
  page(
    'Log in',
    html`<h1>Databox</h1>
      <p>Log in to see your apps and drivers.</p>
      ${form}`,
  );

/** Apps and drivers with their state, a link to each one's page, and the way out. */
export const statusPage = (components: readonly ComponentStatus[]): string => {
  const installed = components.filter(({ type }) => type === 'app' || type === 'driver');
  const rows = installed.map(
    ({ name, type, state, error }) =>
      html`<tr>
        <td><a href="/${encodeURIComponent(name)}/ui">${name}</a></td>
        <td>${type}</td>
        <td>${state}</td>
        <td>${error ?? ''}</td>
      </tr>`,
  );
  const table = html`<table>
    <thead>
      <tr>
        <th>name</th>
        <th>type</th>
        <th>state</th>
        <th>problem</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
  const none = html`<p>Nothing is installed yet: <code>databox install NAME</code></p>`;
  return page(
    'Status',
    html`<h1>Databox</h1>
      ${rows.length > 0 ? table : none}<button id="logout">Log out</button>
      <script src="/core-ui/ui/page.js"></script>`,
  );
};

/** For people; programs get problem+json. */
export const problemPage = (title: string): string =>
  page(
    'Problem',
    html`<h1>${title}</h1>
      <p><a href="/">Back to your Databox</a></p>`,
  );

/** Port 80's only page. */
export const clearPage = (httpsUrl: string): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>Databox</title>
      </head>
      <body>
        <h1>Databox</h1>
        <p>
          1. Download this box's certificate (<a href="/cert.pem">PEM</a>, <a href="/cert.der">DER</a>) and tell your
          device to trust it.
        </p>
        <p>2. Go to <a href="${httpsUrl}">${httpsUrl}</a>.</p>
      </body>
    </html>`.html;

export const pageCss = `body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f6f6f4;color:#222}
main{max-width:46rem;margin:3rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin-bottom:1.5rem}th,td{text-align:left;padding:.4rem .8rem .4rem 0;border-bottom:1px solid #ddd}
input,button{font:inherit;padding:.4rem .7rem}
`;

/** Log-in and log-out; a plain form would put the password into a body that rule 2 does not read. */
export const pageJs = `'use strict';
const login = document.getElementById('login');
login?.addEventListener('submit', async (event) => {
  event.preventDefault();
  const said = document.getElementById('said');
  // A header holds bytes: the password goes as UTF-8.
  const password = String.fromCharCode(...new TextEncoder().encode(new FormData(login).get('password')));
  try {
    const reply = await fetch('/core-ui/ui/api/connect', { headers: { authorization: 'Token ' + password } });
    if (reply.ok) location.assign('/');
    else if (reply.status === 429) said.textContent = 'Too many tries. Wait ' + reply.headers.get('retry-after') + ' s.';
    else said.textContent = 'Log-in failed. Check the password.';
  } catch { said.textContent = 'Could not reach the Databox.'; }
});
document.getElementById('logout')?.addEventListener('click', async () => {
  await fetch('/core-ui/ui/api/logout', { method: 'POST' });
  location.assign('/core-ui/ui/');
});
`;
