/** Prints the docs that code knows better than prose; `--write` mends them, without it a stale one fails the check. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cliReference, createProgram } from '../src/cli/index.ts';
import { configFileVariable, defaultConfigFile, envOf, flagOf, settings } from '../src/base/settings.ts';
import { apis, documentFiles } from '../src/api.ts';
import { failures } from '../src/base/errors.ts';
import { apiPage } from './lib/api-page.ts';
import { documentOf } from './lib/openapi.ts';

const shown = (value: string | number | boolean | readonly string[] | undefined): string => {
  const text = Array.isArray(value) ? value.join(',') : String(value ?? '');
  return text === '' ? '–' : `\`${text}\``;
};

const configuration = (): string =>
  [
    '# Configuration',
    '',
    'A setting is read from the command line, else the environment, else the file of settings (a JSON object with these',
    'names as keys), else it has its default. Unknown keys and empty values end the start with exit code 78.',
    '`databox config show` prints what is in force.',
    '',
    `The file is the one that \`--config\` names, else the one that \`${configFileVariable}\` names, else`,
    `\`${defaultConfigFile}\` if it is there. Commands that ask the running box find its socket in the same way;`,
    '`databox dev` reads a file only if told which. It may hold a password: keep its mode at 0600.',
    '',
    '| setting | flag | environment | default | meaning |',
    '|---|---|---|---|---|',
    ...Object.entries(settings).map(
      ([name, { default: fallback, doc }]) =>
        `| \`${name}\` | \`${flagOf(name)}\` | \`${envOf(name)}\` | ${shown(fallback)} | ${doc} |`,
    ),
    '',
  ].join('\n');

const errors = (): string =>
  [
    '# Errors',
    '',
    'Every refusal is an `application/problem+json` body (RFC 9457): `{"type": "urn:databox:problem:<code>", "status",',
    '"code", "title"}` and, where they help a program, further members. `title` says what to do. The command line prints',
    'the title on standard error and exits with the code of sysexits.h.',
    '',
    '| code | HTTP | exit | meaning |',
    '|---|---|---|---|',
    ...Object.entries(failures).map(([code, { http, exit, doc }]) => `| \`${code}\` | ${http} | ${exit} | ${doc} |`),
    '',
  ].join('\n');

const nothing = () => Promise.resolve();
const never = () => Promise.reject(new Error('only printed'));
const noFiles = () => Promise.resolve([]);
const doctor = { network: never, checkState: never, released: '' };
const commands = (): string =>
  cliReference(
    createProgram({
      start: nothing,
      dev: nothing,
      fetchSource: never,
      verifyBackup: never,
      state: noFiles,
      wipe: never,
      version: '',
      doctor,
    }),
  );

const reference = (): string => {
  const { storeApi, arbiterApi, exportApi, ownerApi, clearApi, adminApi, deskApi } = apis;
  return apiPage([storeApi, arbiterApi, exportApi, ownerApi, clearApi, adminApi, deskApi]);
};
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const documents = documentFiles.map(({ file, parts }) => {
  const print = (): string => `${JSON.stringify(documentOf(parts, version), null, 2)}\n`;
  return [file, print] as const;
});

const pages: Record<string, () => string | Promise<string>> = {
  'docs/configuration.md': configuration,
  'docs/errors.md': errors,
  'docs/cli.md': commands,
  'docs/api.md': reference,
  ...Object.fromEntries(documents),
};

const write = process.argv.includes('--write');
let stale = 0;
for (const [path, print] of Object.entries(pages)) {
  const wanted = await print();
  if (existsSync(path) && readFileSync(path, 'utf8') === wanted) continue;
  if (write) writeFileSync(path, wanted);
  else {
    stale++;
    console.error(`${path} is stale; run npm run fix`);
  }
}
process.exitCode = stale > 0 ? 1 : 0;
