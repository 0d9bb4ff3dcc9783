/** build — everything that a checkout needs before it runs: `npm run build`. */
import { buildClient } from './client.ts';
import { buildExamples } from './examples.ts';
import { buildNative, ownAddons } from './native.ts';
import { buildShellFiles } from './shell.ts';

for (const addon of ownAddons) console.log(`built ${buildNative(addon)}`);
console.log(`built ${await buildClient()}`);
for (const { dir } of await buildExamples()) console.log(`built ${dir}`);
for (const file of buildShellFiles()) console.log(`built ${file}`);
